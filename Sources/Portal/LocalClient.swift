import AsyncHTTPClient
import Consortium
import Foundation
import Gateway
import Ledger
import NIOCore
import NIOHTTP1

/// A command's connection to the gateway that runs in a state directory.
public struct LocalClient: Sendable {
    /// How long the gateway may take to answer.
    static let answerMax: TimeAmount = .seconds(30)

    private let socket: String

    public init(socket: String) { self.socket = socket }

    /// - Throws: `CustodyError` with code `gateway-unreachable`, or whatever the recorder refused the draft for.
    public func record(_ draft: Draft) async throws -> Receipt {
        try await call(LocalProtocol.recordPath, body: try JSONEncoder().encode(LocalProtocol.Request(draft)))
    }

    /// The update that the gateway would seal for a draft, for an operator to sign.
    /// - Throws: `CustodyError` with code `gateway-unreachable`, or why there is none.
    public func prepare(_ draft: Draft) async throws -> PreparedUpdate {
        let answer: LocalProtocol.Prepared = try await call(
            LocalProtocol.preparePath, body: try JSONEncoder().encode(LocalProtocol.Request(draft)))
        return try answer.prepared()
    }

    public func peers() async throws -> [PeerStatus] { try await call(LocalProtocol.peersPath, body: nil) }

    /// Lets the gateway ask its peers for what it lacks of an order.
    /// - Throws: `CustodyError` with code `gateway-unreachable`, or what the fetching threw.
    public func fetch(_ order: String) async throws -> FetchedOrder {
        try await call(LocalProtocol.fetchPath, body: try JSONEncoder().encode(LocalProtocol.Wanted(order: order)))
    }

    /// Lets the gateway ask its peers for the file of a document; answers after a few seconds at the latest.
    /// - Throws: `CustodyError` with code `gateway-unreachable`.
    public func fetch(file: Hash, bytes: UInt64?) async throws -> DocumentFiles.Standing {
        let wanted = LocalProtocol.WantedFile(file: file.hex, bytes: bytes)
        return try await call(LocalProtocol.filesPath, body: try JSONEncoder().encode(wanted))
    }

    /// - Throws: `CustodyError` with code `gateway-unreachable`, or whatever a document was refused for.
    public func submit(_ package: DocumentPackage) async throws -> Bool {
        let taken: LocalProtocol.Taken = try await call(
            LocalProtocol.documentsPath, body: try JSONEncoder().encode(package))
        return taken.isInForce
    }

    private func call<Answer: Decodable>(_ path: String, body: Data?) async throws -> Answer {
        guard let url = URL(httpURLWithSocketPath: socket, uri: path) else { throw unreachable("the socket's path") }
        var request = HTTPClientRequest(url: url.absoluteString)
        if let body {
            request.method = .POST
            request.headers.add(name: "content-type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: body))
        }
        let answer: (status: HTTPResponseStatus, bytes: Data)
        do {
            let response = try await HTTPClient.shared.execute(request, timeout: Self.answerMax)
            let buffer = try await response.body.collect(upTo: LocalProtocol.bodyBytesMax)
            answer = (response.status, Data(buffer.readableBytesView))
        } catch { throw unreachable("\(error)") }
        guard answer.status == .ok else {
            let failure = try? JSONDecoder().decode(LocalProtocol.Failure.self, from: answer.bytes)
            throw failure?.error ?? unreachable("it answered \(answer.status.code)")
        }
        return try JSONDecoder().decode(Answer.self, from: answer.bytes)
    }

    private func unreachable(_ reason: String) -> CustodyError {
        CustodyError(
            .gatewayUnreachable, "the running gateway does not answer: \(reason)", at: socket,
            remedy: "look at its log, or stop it and run the command again")
    }
}

extension CustodyError.Code {
    public static let gatewayUnreachable: Self = "gateway-unreachable"
}
