import Consortium
import Foundation
import GRDB
import Gateway
import HTTPTypes
import Ledger
import Rig
import Store

/// Measures what gateways cost one another in fair weather: nothing goes wrong, and everybody records at a steady pace.
///
/// Each gateway calls the cosigner of its own organisation and those of all others. What is counted are paths and bodies of
/// requests and answers as the routes see them: heads of HTTP and TLS come on top, and nothing is compressed.
@Simulation final class Growth {
    struct Plan {
        let gateways: Int
        /// That are measured, after everybody has everything.
        let seconds: Int
        /// Whether gateways that cosign for nobody keep their organisation's and their orders' logs alone.
        let isPartial: Bool
        let seed: UInt64
    }

    /// Updates that each gateway records in a day.
    static let updatesPerDay = 200.0
    /// How long gateways get to meet before, and to finish after.
    static let settling: (before: Duration, after: Duration) = (.seconds(90), .seconds(30))

    private let plan: Plan
    private let world: World
    private var random: SeededRandom
    private var receipts: [(place: Int, receipt: Receipt)] = []
    private var isCounting = false
    private(set) var traffic: [Traffic] = []

    /// What one gateway asked and answered.
    struct Traffic {
        var asked = Count()
        var answered = Count()
        /// Of `asked`, the long polls.
        var news = Count()

        struct Count {
            var requests = 0
            var bytes = 0
        }
    }

    static func row(of plan: Plan) async -> Result<Row, any Error> {
        do { return .success(try await Growth(plan).measured()) } catch { return .failure(error) }
    }

    private init(_ plan: Plan) throws {
        self.plan = plan
        let consortium = try SimulatedConsortium(
            gateways: plan.gateways, organisations: min(plan.gateways, SimulatedConsortium.sizes.upperBound))
        let mirror: MirrorChoice = plan.isPartial ? .some(.init(orders: true)) : .all
        world = World(World.Plan(seed: plan.seed, mirror: mirror), consortium, founded: nil)
        random = SeededRandom(seed: plan.seed, stream: 9, position: 0)
        traffic = Array(repeating: Traffic(), count: plan.gateways)
        let cosigners = consortium.members.indices.filter { consortium.members[$0].isCosigner }
        world.calls = consortium.members.indices.map { place in cosigners.filter { $0 != place } }
    }

    // MARK: The course of events

    private func measured() async throws -> Row {
        for gateway in world.gateways { try gateway.found(world.consortium) }
        world.network.onAnswer = { [unowned self] in count($0, $1, from: $2, to: $3) }
        for gateway in world.gateways { gateway.start() }
        await world.pause(Self.settling.before)
        let before = try stored()
        isCounting = true
        await work()
        isCounting = false
        await world.pause(Self.settling.after)
        let row = try Row(plan, traffic, waits: try waits(), growth: zip(try stored(), before).map { $0 - $1 })
        for gateway in world.gateways { await gateway.stop() }
        return row
    }

    private func count(_ request: SimulatedNetwork.Request, _ answer: PeerAnswer, from caller: Int, to callee: Int) {
        guard isCounting else { return }
        let bytes = request.path.utf8.count + request.body.count + answer.body.count
        traffic[caller].asked.add(bytes)
        traffic[callee].answered.add(bytes)
        if request.path.hasPrefix("/custody/v1/news") { traffic[caller].news.add(bytes) }
    }

    /// Updates come one by one at even distances, at the gateways in turn.
    private func work() async {
        let count = Int(Self.updatesPerDay / 86_400 * Double(plan.seconds * plan.gateways))
        let pause = Duration.seconds(plan.seconds) / max(1, count)
        for number in 0..<count {
            let gateway = world.gateways[number % plan.gateways]
            if let incarnation = gateway.running, let draft = try? draft(number, incarnation.store) {
                for receipt in await incarnation.record([draft]) {
                    if let receipt { receipts.append((gateway.place, receipt)) }
                }
            }
            await world.pause(pause)
        }
    }

    /// A third opens an order, the others note something on one of the newest fifty that the gateway knows.
    private func draft(_ number: Int, _ store: LedgerStore) throws -> Draft {
        let orders = random.next() % 3 == 0 ? [] : try store.read { try $0.orders(limit: 50) }
        let source = Source(.operator)
        guard !orders.isEmpty else {
            return Draft(
                order: .open(contract: "exchange"), step: "opened",
                facts: [(name: "number", value: .text("\(number)"))],
                source: source)
        }
        let order = orders[Int(random.next() % UInt64(orders.count))]
        return Draft(
            order: .existing(order.name), step: "noted", facts: [(name: "remark", value: .text("remark \(number)"))],
            source: source)
    }

    // MARK: What is measured

    /// Seconds until each update was confirmed, as its own gateway heard.
    private func waits() throws -> [Double?] {
        try receipts.map { place, receipt in
            let reference = Reference(origin: receipt.origin, index: receipt.index, leafHash: receipt.leafHash)
            let at = try world.gateways[place].running?.store.read { try $0.confirmedAt(reference) }
            return at.flatMap { $0 }.map { Double($0 - receipt.recordedAt) / 1e6 }
        }
    }

    /// Bytes of entries that each gateway stores, with what the database keeps beside them.
    private func stored() throws -> [Int] {
        try world.gateways.map { gateway in
            guard let path = gateway.running?.path else { return 0 }
            return try DatabaseQueue(path: path).read { database in
                let pages = try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0
                let size = try Int.fetchOne(database, sql: "PRAGMA page_size") ?? 0
                return pages * size
            }
        }
    }

    /// One line of the table: what a gateway and day cost, of gateways that cosign for nobody where there are any.
    struct Row {
        static let head =
            "gateways mirror   updates  asked/day bytes/day  news-req/day news-bytes/day  "
            + "cosigner: answered/day bytes/day  stored/day cosigner-stored/day  confirmed median p99 (s)"

        let text: String

        init(_ plan: Plan, _ traffic: [Traffic], waits: [Double?], growth: [Int]) throws {
            let days = Double(plan.seconds) / 86_400
            let cosigners = 0..<min(plan.gateways, SimulatedConsortium.sizes.upperBound)
            let others = plan.gateways > cosigners.count ? cosigners.count..<plan.gateways : cosigners
            func mean(_ places: Range<Int>, _ value: (Int) -> Int) -> String {
                let sum = places.reduce(0) { $0 + value($1) }
                return Self.short(Double(sum) / Double(places.count) / days)
            }
            let confirmed = waits.compactMap(\.self).sorted()
            func quantile(_ share: Double) -> String {
                guard !confirmed.isEmpty else { return "-" }
                let place = min(confirmed.count - 1, Int(share * Double(confirmed.count)))
                return String(format: "%.2f", confirmed[place])
            }
            let asked = traffic.reduce([0, 0]) { [$0[0] + $1.asked.requests, $0[1] + $1.asked.bytes] }
            let answered = traffic.reduce([0, 0]) { [$0[0] + $1.answered.requests, $0[1] + $1.answered.bytes] }
            guard asked == answered else {
                throw CustodyError("growth-miscounted", "\(asked) asked, \(answered) answered")
            }
            text = [
                "\(plan.gateways)", plan.isPartial ? "partial" : "full", "\(confirmed.count) of \(waits.count)",
                mean(others) { traffic[$0].asked.requests }, mean(others) { traffic[$0].asked.bytes },
                mean(others) { traffic[$0].news.requests }, mean(others) { traffic[$0].news.bytes },
                mean(cosigners) { traffic[$0].answered.requests }, mean(cosigners) { traffic[$0].answered.bytes },
                mean(others) { growth[$0] }, mean(cosigners) { growth[$0] }, quantile(0.5), quantile(0.99),
            ].joined(separator: " | ")
        }

        /// Three digits and a power of a thousand.
        private static func short(_ value: Double) -> String {
            let (rest, letter) =
                [(1e9, "G"), (1e6, "M"), (1e3, "k")].first { value >= $0.0 }.map {
                    (value / $0.0, $0.1)
                } ?? (value, "")
            return String(format: rest < 10 ? "%.2f%@" : "%.0f%@", rest, letter)
        }
    }
}

extension Growth.Traffic.Count {
    fileprivate mutating func add(_ bytes: Int) {
        requests += 1
        self.bytes += bytes
    }
}
