import Foundation
import Ledger
import Store
import Testing

/// A hospital whose gateway loses its disk in many ways, and two members that mirror it.
final class RestoreSite {
    struct Receipt: Decodable, Hashable {
        let order, step, origin, leafHash: String
        let index: UInt64
    }

    struct Generations: Decodable {
        struct Generation: Decodable {
            let origin: String
            let size, known: UInt64
        }

        struct TakenBack: Decodable {
            let was: String
            let recorded, refusal: String?
        }

        /// The newest first.
        let generations: [Generation]
        let takenBack: [TakenBack]
    }

    let site: TestSite
    /// Of the hospital's gateway.
    var state: String
    private(set) var members: [String: RunningGateway] = [:]
    private(set) var receipts: [Receipt] = []

    static let others = ["regulator", "supplier"]

    init() async throws {
        site = try TestSite(
            ["hospital"] + Self.others,
            changed: { text in
                text.replacingOccurrences(of: "by: [manufacturer]", with: "by: [manufacturer, hospital]")
                    .replacingOccurrences(of: "by: [supplier]", with: "by: [supplier, hospital]")
            })
        state = site.state
        try site.listen("regulator")
        members["regulator"] = try await RunningGateway(site, of: "regulator")
        try site.listen("supplier", peers: [("regulator", try port("regulator"))])
        members["supplier"] = try await RunningGateway(site, of: "supplier")
    }

    func stopMembers() {
        for name in Self.others.reversed() { members.removeValue(forKey: name)?.stop() }
    }

    private func port(_ member: String) throws -> Int { try #require(members[member]).port }

    /// - Parameter peers: which members the hospital dials; none is a gateway without a network.
    func configure(peers: [String], more: String = "") throws {
        let list = try peers.map { "{organisation: \($0), address: 'https://127.0.0.1:\(try port($0))'}" }
        try "custody-gateway: 1\nlisten: 127.0.0.1:0\npeers: [\(list.joined(separator: ", "))]\n\(more)".write(
            toFile: state + "/gateway.yaml", atomically: true, encoding: .utf8)
    }

    func start(peers: [String], more: String = "") async throws -> RunningGateway {
        try configure(peers: peers, more: more)
        return try await RunningGateway(site, at: state)
    }

    // MARK: Recording

    @discardableResult
    func open(_ number: String) throws -> String {
        let text = try site.custody(
            "order", "open", "--contract", "custom-device", "--number", number, "--fact", "product=hip", "--json",
            "--state", state)
        return try receipt(text).order
    }

    @discardableResult
    func record(_ order: String, _ step: String, _ facts: String...) throws -> Receipt {
        let outcome = try site.run(
            ["record", order, step, "--json", "--state", state] + facts.flatMap { ["--fact", $0] })
        try #require(outcome.code == 0, "\(outcome.errors)")
        return try receipt(outcome.lines)
    }

    private func receipt(_ lines: [String]) throws -> Receipt {
        let receipt = try JSONDecoder().decode(Receipt.self, from: Data(lines.joined().utf8))
        receipts.append(receipt)
        return receipt
    }

    // MARK: Looking

    var states: [String] { [state] + Self.others.map(site.state) }

    func generations() throws -> Generations {
        let outcome = try site.run(["generations", "--json", "--state", state])
        return try JSONDecoder().decode(Generations.self, from: Data(outcome.lines.joined().utf8))
    }

    /// Until all three have all generations of the hospital's log whole.
    func untilEverybodyHasAll() async throws {
        try await until("all have all generations") {
            let sizes = try states.map { state in
                try LedgerStore(path: state + "/ledger.sqlite", readOnly: true).read { snapshot in
                    Dictionary(
                        uniqueKeysWithValues: try snapshot.logs().filter { $0.origin.hasPrefix("hospital/") }.map {
                            ($0.origin, $0.size)
                        })
                }
            }
            let known = try generations().generations
            return Set(sizes).count == 1 && sizes[0].count == known.count && known.allSatisfy { $0.size >= $0.known }
        }
    }

    /// Until a member has the entry of each receipt of an order.
    func untilAccepted(_ order: String, steps: Int, by member: String) async throws {
        try await until("the \(member) has all of \(order)") {
            try accepted(order, at: site.state(of: member)) == steps
        }
    }

    func accepted(_ order: String, at state: String) throws -> Int {
        try LedgerStore(path: state + "/ledger.sqlite", readOnly: true).read { snapshot in
            guard let order = try? snapshot.order(order) else { return 0 }
            return try snapshot.updates(of: order).filter { $0.verdict.isAccepted }.count
        }
    }

    /// Nobody is frozen, everything verifies, and whoever has an index of a log, or a head of it, has the same.
    /// - Parameter sparing: logs whose receipts were taken back.
    func expectNoLie(sourceLocation: SourceLocation = #_sourceLocation) throws {
        var entries: [String: String] = [:]
        var heads: [String: String] = [:]
        for state in states {
            #expect(try site.run(["evidence", "--state", state]).code == 0, sourceLocation: sourceLocation)
            let verified = try site.run(["verify", "--state", state])
            #expect(verified.code == 0, "\(state): \(verified.lines)", sourceLocation: sourceLocation)
            try LedgerStore(path: state + "/ledger.sqlite", readOnly: true).read { snapshot in
                for log in try snapshot.logs() {
                    try snapshot.forEachEntry(log: log.id, from: 0, to: log.size) { index, bytes in
                        let hash = Hash.leaf(Array(bytes)).hex
                        let known = entries.updateValue(hash, forKey: "\(log.origin):\(index)")
                        #expect(known ?? hash == hash, "\(log.origin):\(index)", sourceLocation: sourceLocation)
                    }
                    for size in stride(from: 1, through: log.size, by: 1) {
                        guard let note = try snapshot.checkpoint(size: size, of: log.id) else { continue }
                        let root = try Checkpoint(text: note.text).root.hex
                        let known = heads.updateValue(root, forKey: "\(log.origin) at \(size)")
                        #expect(known ?? root == root, "\(log.origin) at \(size)", sourceLocation: sourceLocation)
                        let own = try snapshot.root(of: log.id, size: size)?.hex
                        #expect(own == root, "\(log.origin) at \(size)", sourceLocation: sourceLocation)
                    }
                }
            }
        }
        let takenBack = Set(try generations().takenBack.map(\.was))
        for receipt in receipts {
            let place = "\(receipt.origin):\(receipt.index)"
            let isThere = entries[place] == receipt.leafHash || takenBack.contains(place)
            #expect(isThere, "the receipt \(place)", sourceLocation: sourceLocation)
        }
    }
}
