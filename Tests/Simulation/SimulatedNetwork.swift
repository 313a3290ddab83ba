import Consortium
import HTTPTypes
import Hummingbird
import Ledger
import Logging
import NIOCore
import NIOEmbedded
import Rig

/// Carries requests between gateways: late, out of order, twice, in part or not at all.
@Simulation final class SimulatedNetwork {
    /// How bad it is, 0 to 1 each.
    struct Weather {
        var loss = 0.0
        var duplicates = 0.0
        var cuts = 0.0
        /// Of messages that take seconds.
        var lateness = 0.0

        static let fair = Weather()
    }

    struct Request {
        let method: HTTPRequest.Method
        let path: String
        let contentType: String?
        let encoding: String?
        let body: [UInt8]
    }

    var weather = Weather.fair
    /// Pairs that cannot reach one another, by their places, the smaller one first.
    var cutLinks: Set<[Int]> = []
    /// Whose requests are changed on the way, by place.
    var mangler: Int?
    /// Told of each call that was answered, where somebody counts.
    var onAnswer: ((_ request: Request, _ answer: PeerAnswer, _ caller: Int, _ callee: Int) -> Void)?
    private var sent: [Request] = []
    private var random: SeededRandom
    private unowned let world: World

    init(seed: UInt64, world: World) {
        random = SeededRandom(seed: seed, stream: 3, position: 0)
        self.world = world
    }

    func isLinked(_ one: Int, _ other: Int) -> Bool { !cutLinks.contains([min(one, other), max(one, other)]) }

    private func happens(_ chance: Double) -> Bool { chance > 0 && random.fraction() < chance }

    /// Microseconds on the way.
    private var delay: Int64 {
        happens(weather.lateness) ? Int64(random.number(in: 0.5e6...4e6)) : Int64(random.number(in: 1e3...3e4))
    }

    // MARK: One call

    /// Carries out a call as the caller sees it.
    func call(
        _ request: Request, from caller: Incarnation, to place: Int, deadline: ContinuousClock.Instant
    ) async throws -> PeerAnswer {
        guard caller.isAlive else { throw CancellationError() }
        let exchange = Exchange()
        let left = max(0, (deadline - Timeline.shared.instant).inMicroseconds)
        Timeline.shared.alarm(after: left) { _ in exchange.fail() }
        send(mangled(request, from: caller.gateway.place), exchange, from: caller.gateway, to: place)
        if happens(weather.duplicates) { send(request, Exchange(), from: caller.gateway, to: place) }
        let answer = try await exchange.answer()
        guard caller.isAlive else { throw CancellationError() }
        return answer
    }

    /// A request with a byte changed, cut off or put in, or an earlier one; most are left alone.
    private func mangled(_ request: Request, from place: Int) -> Request {
        guard place == mangler, request.method == .post, !request.body.isEmpty else { return request }
        sent.append(request)
        var body = request.body
        let at = Int(random.next() % UInt64(body.count))
        switch random.next() % 8 {
        case 0: body[at] ^= UInt8(1 << (random.next() % 8))
        case 1: body.removeLast(body.count - at)
        case 2: body += [UInt8](repeating: 0xFF, count: 70_000)
        case 3: return sent[Int(random.next() % UInt64(sent.count))]
        default: return request
        }
        return Request(
            method: request.method, path: request.path, contentType: request.contentType, encoding: request.encoding,
            body: body)
    }

    private func send(_ request: Request, _ exchange: Exchange, from sender: SimulatedGateway, to place: Int) {
        let isLost = happens(weather.loss)
        let isCut = request.method == .post && happens(weather.cuts)
        let share = random.fraction()
        Timeline.shared.alarm(after: delay) { [self] _ in
            guard !isLost, isLinked(sender.place, place),
                let receiver = world.gateway(at: place, for: sender.place).running
            else { return failSoon(exchange) }
            deliver(request, cutAt: isCut ? Int(share * Double(request.body.count)) : nil, exchange, sender, receiver)
        }
    }

    /// A connection that breaks is noticed at once, or only by the deadline.
    private func failSoon(_ exchange: Exchange) {
        guard !happens(0.1) else { return }
        Timeline.shared.alarm(after: delay) { _ in exchange.fail() }
    }

    private func deliver(
        _ request: Request, cutAt: Int?, _ exchange: Exchange, _ sender: SimulatedGateway, _ receiver: Incarnation
    ) {
        receiver.serve { [self] in
            let answer = await receiver.respond(to: request, cutAt: cutAt, from: sender)
            world.trace(
                "\(sender.name) > \(receiver.gateway.name)", "\(request.path) \(answer?.status ?? 0)", isDetail: true)
            if let answer { onAnswer?(request, answer, sender.place, receiver.gateway.place) }
            guard receiver.isAlive, let answer, cutAt == nil, !happens(weather.loss) else { return failSoon(exchange) }
            Timeline.shared.alarm(after: delay) { [self] _ in
                guard isLinked(sender.place, receiver.gateway.place) else { return failSoon(exchange) }
                exchange.succeed(answer)
            }
        }
    }
}

/// A call that waits for its answer.
@Simulation private final class Exchange {
    private var continuation: CheckedContinuation<PeerAnswer, any Error>?
    private var result: Result<PeerAnswer, any Error>?

    func answer() async throws -> PeerAnswer {
        try await withTaskCancellationHandler {
            if let result { return try result.get() }
            return try await withCheckedThrowingContinuation { continuation = $0 }
        } onCancel: {
            // Cancelled on the simulation's thread, like everything.
            Simulation.assumeIsolated { self.finish(.failure(CancellationError())) }
        }
    }

    func succeed(_ answer: PeerAnswer) { finish(.success(answer)) }

    func fail() { finish(.failure(CustodyError("peer-unreachable", "the network did not carry it"))) }

    private func finish(_ result: Result<PeerAnswer, any Error>) {
        guard self.result == nil else { return }
        self.result = result
        continuation?.resume(with: result)
        continuation = nil
    }
}

extension Simulation {
    /// For callbacks of code that is not isolated but runs on the simulation's one thread.
    static func assumeIsolated(_ body: @Simulation () -> Void) {
        Timeline.shared.checkThread()
        withoutActuallyEscaping(body) { body in
            unsafeBitCast(body, to: (() -> Void).self)()
        }
    }
}

/// A peer as a session calls it.
struct SimulatedPeerClient: PeerClient {
    let member: SimulatedConsortium.Member
    let place: Int
    let caller: Incarnation
    let network: SimulatedNetwork

    var organisation: String { member.id }
    var address: String { Self.address(of: member) }

    static func address(of member: SimulatedConsortium.Member) -> String { "simulated:\(member.name)" }

    var clock: PeerClock { Timeline.shared.clock }

    func get(path: String, maxBytes: Int, deadline: ContinuousClock.Instant) async throws -> PeerAnswer {
        let request = SimulatedNetwork.Request(method: .get, path: path, contentType: nil, encoding: nil, body: [])
        return try limited(
            try await network.call(request, from: caller, to: place, deadline: deadline), maxBytes: maxBytes)
    }

    func post(
        path: String, contentType: String, body: [UInt8], encoding: String?, maxBytes: Int,
        deadline: ContinuousClock.Instant
    ) async throws -> PeerAnswer {
        let request = SimulatedNetwork.Request(
            method: .post, path: path, contentType: contentType, encoding: encoding, body: body)
        return try limited(
            try await network.call(request, from: caller, to: place, deadline: deadline), maxBytes: maxBytes)
    }

    func post<Chunks: AsyncSequence & Sendable>(
        path: String, contentType: String, chunks: Chunks, maxBytes: Int, deadline: ContinuousClock.Instant
    ) async throws -> PeerAnswer where Chunks.Element == [UInt8] {
        var body: [UInt8] = []
        for try await chunk in chunks { body += chunk }
        return try await post(
            path: path, contentType: contentType, body: body, encoding: nil, maxBytes: maxBytes, deadline: deadline)
    }

    func shutdown() async throws {}

    private func limited(_ answer: PeerAnswer, maxBytes: Int) throws -> PeerAnswer {
        guard answer.body.count <= maxBytes else { throw CustodyError("peer-answer-too-large", "too large") }
        return answer
    }
}

/// A request's body as it comes over a connection that may break.
struct BrokenBody: AsyncSequence, Sendable {
    struct Broken: Error {}

    let bytes: [UInt8]
    /// Bytes that come before it breaks; nil = all.
    let cutAt: Int?

    struct AsyncIterator: AsyncIteratorProtocol {
        /// Bytes that come at once.
        static let chunkBytes = 1_500

        let body: BrokenBody
        var place = 0

        mutating func next() async throws -> ByteBuffer? {
            let end = Swift.min(place + Self.chunkBytes, body.cutAt ?? body.bytes.count)
            guard place < end else {
                if body.cutAt != nil { throw Broken() }
                return nil
            }
            defer { place = end }
            return ByteBuffer(bytes: body.bytes[place..<end])
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(body: self) }
}

/// Collects what a route writes.
final class AnswerCollector: ResponseBodyWriter {
    private(set) var bytes: [UInt8] = []

    func write(_ buffer: ByteBuffer) async throws { bytes += buffer.readableBytesView }

    func finish(_ trailingHeaders: HTTPFields?) async throws {}
}
