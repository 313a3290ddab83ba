import Foundation
import HTTPTypes
import Hummingbird
import Ledger
import NIOCore

/// The part of the consortium port where members pass sealed disclosures on.
public struct DisclosureRoutes: Sendable {
    private let relay: DisclosureRelay

    public init(relay: DisclosureRelay) { self.relay = relay }

    public func add(to router: Router<MemberContext>) {
        router.get("\(DisclosurePage.path)") { request, context in
            try await admitted(context) {
                let after = request.uri.queryParameters["after"].flatMap { Int64($0) } ?? 0
                return try .json(try relay.page(after: after))
            }
        }
        router.post("\(DisclosurePage.path)") { request, context in
            try await admitted(context) { try await take(request, from: try context.member.organisation.id) }
        }
    }

    private func take(_ request: Request, from member: String) async throws -> Response {
        let body = try await request.body.collect(upTo: DisclosurePage.bytesMax)
        do {
            let page = try DisclosurePage(bytes: body.readableBytesView)
            return try .json(try await relay.take(try page.items.map { try $0.passed() }, from: member))
        } catch let error as CustodyError where [.disclosureMalformed, .limitExceeded].contains(error.code) {
            return Self.text("\(error)\n", status: .badRequest)
        }
    }

    private func admitted(_ context: MemberContext, _ answer: () async throws -> Response) async throws -> Response {
        guard await relay.admits(try context.member.organisation.id, at: .now) else {
            return Self.text("too many pages of disclosures; try again in a second\n", status: .tooManyRequests)
        }
        return try await answer()
    }

    private static func text(_ text: String, status: HTTPResponse.Status) -> Response {
        Response(
            status: status, headers: [.contentType: "text/plain; charset=utf-8", .retryAfter: "1"],
            body: .init(byteBuffer: ByteBuffer(string: text)))
    }
}
