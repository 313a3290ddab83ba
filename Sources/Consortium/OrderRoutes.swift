import Foundation
import HTTPTypes
import Hummingbird
import Ledger
import NIOCore
import Store

/// The part of the consortium port where members that do not keep all logs ask for what they lack.
public struct OrderRoutes: Sendable {
    private let store: LedgerStore
    private let now: @Sendable () -> Int64
    /// Counts what a member asks for as its refusals are counted, for each costs reads all over the store.
    private let asked = RefusalLimit()

    /// - Parameter now: UTC microseconds.
    public init(store: LedgerStore, now: @escaping @Sendable () -> Int64) {
        self.store = store
        self.now = now
    }

    public func add(to router: Router<MemberContext>) {
        router.get("\(CompanionPage.path)") { request, context in
            let after = request.uri.queryParameters["after"].flatMap { Int64(String($0)) } ?? 0
            let gateway = Generation.gateway(ofOrigin: try context.member.origin)
            let found = try store.read {
                try $0.companions(ofGateway: gateway, after: after, limit: KeptLogs.stretchMax)
            }
            return try Response.json(
                CompanionPage(origins: found.origins.sorted(), next: found.next, isLast: found.isLast))
        }
        router.get("\(OrderAnswer.path)") { request, context in try order(request, context) }
    }

    private func order(_ request: Request, _ context: MemberContext) throws -> Response {
        let member = try context.member.origin
        let seconds = now() / 1_000_000
        if let wait = asked.wait(of: member, now: seconds) {
            let error = CustodyError(.refusedTooOften, "this gateway has asked for too many orders", at: member)
            return Self.refusal(error, status: .tooManyRequests, after: wait)
        }
        asked.note(member, now: seconds)
        guard let name = request.uri.queryParameters["order"].map(String.init) else {
            return Self.refusal(CustodyError(.requestMalformed, "it names no order"), status: .badRequest)
        }
        do { return try .json(try store.read { try OrderAnswer(of: name, $0) }) } catch let error as CustodyError {
            let isUnknown = error.code == .orderUnknown
            return Self.refusal(error, status: isUnknown ? .notFound : .unprocessableContent)
        }
    }

    private static func refusal(
        _ error: CustodyError, status: HTTPResponse.Status, after wait: Int64? = nil
    ) -> Response {
        var headers: HTTPFields = [.contentType: "text/plain; charset=utf-8"]
        if let name = MirrorRoutes.refusalCode { headers[name] = error.code.rawValue }
        if let wait { headers[.retryAfter] = "\(wait)" }
        return Response(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(string: "\(error)\n")))
    }
}

/// An order's updates with all their ancestors, each proved under a head that its log signed, as a peer has them.
struct OrderAnswer: Codable, Sendable {
    /// Takes `order`: its name, its number or a subject.
    static let path = "/custody/v1/orders/trace"
    static let bytesMax = 4 << 20
    /// Entries of one answer.
    static let entriesMax = 256

    /// A `ProofBundle`.
    let bundle: Data
    /// Certificates of the logs in which the entries stand: whoever does not keep a log does not know its key.
    let logs: [LogIntroduction]

    /// - Throws: `CustodyError` with code `order-unknown`, `order-ambiguous` or `limit-exceeded`.
    init(of name: String, _ snapshot: LedgerSnapshot) throws {
        let order = try snapshot.order(named: name)
        let count = try snapshot.updates(of: order).count
        try Limit.check(count, max: Self.entriesMax, "an order that is passed on", unit: "updates")
        let bundle = try snapshot.bundle(of: order)
        try Limit.check(bundle.items.count, max: Self.entriesMax, "an order that is passed on", unit: "entries")
        self.bundle = Data(try bundle.encoded())
        logs = try Set(bundle.items.map { try Checkpoint(text: $0.proof.checkpoint.text).origin }).sorted().compactMap {
            try snapshot.log($0).flatMap { try LogIntroduction($0, snapshot) }
        }
    }
}
