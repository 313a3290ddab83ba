import Ledger
import TimeStamps

/// Asks a time stamping authority over HTTP (RFC 3161 section 3.4), and believes what its certificates vouch for alone.
///
/// `shutdown()` must be called before it is let go.
public struct TimeStampClient: Sendable {
    /// How long an authority may take to answer.
    public static let answerMax: Duration = .seconds(30)

    /// Where the authority is.
    public let url: String
    public let authority: TimeStampAuthority
    private let client: ConsortiumClient
    private let path: String
    private let patience: Duration

    /// - Parameters:
    ///   - url: `https:`, or `http:`: what is asked is a hash, and the answer is signed and bound to the query.
    ///   - patience: how long an answer is waited for.
    /// - Throws: `address-malformed`.
    public init(url: String, authority: TimeStampAuthority, patience: Duration = answerMax) throws {
        self.url = url
        self.authority = authority
        self.patience = patience
        path = url.hasSuffix("/") ? "/" : ""
        client = try ConsortiumClient(outside: Self.host(of: url), url: url, tls: try ConsortiumTLS.outside())
    }

    /// For people.
    public var name: String { client.organisation }

    private static func host(of url: String) -> String {
        let rest = url.split(separator: "/", omittingEmptySubsequences: true).dropFirst().first
        return rest.map(String.init) ?? url
    }

    /// A time stamp of a note, checked.
    ///
    /// - Parameters:
    ///   - note: a checkpoint with its log's signature alone.
    ///   - nonce: 64 bits that nobody can guess.
    /// - Throws: `time-stamp-unavailable` for an HTTP status other than 200, what `TimeStampQuery.token` and
    ///   `TimeStampAuthority.check` throw, `peer-unreachable`, `peer-answer-too-large`; `CancellationError`.
    public func stamp(_ note: SignedNote, nonce: UInt64) async throws -> TimeStamp {
        let query = TimeStampQuery(imprint: note.imprint, nonce: nonce, policy: authority.policy)
        let answer = try await client.post(
            path: path, contentType: TimeStampQuery.mediaType, body: try query.encoded(),
            maxBytes: TimeStampQuery.answerBytesMax, deadline: .now + patience)
        guard answer.status == 200 else {
            throw CustodyError(
                .timeStampUnavailable, "the time stamping authority answered with HTTP status \(answer.status)",
                at: url,
                remedy: "check the URL in gateway.yaml; redirects are not followed")
        }
        return try authority.check(
            token: try TimeStampQuery.token(inAnswer: answer.body), of: query.imprint, nonce: nonce)
    }

    public func shutdown() async throws { try await client.shutdown() }
}

extension CustodyError.Code {
    /// An HTTP status other than 200.
    public static let timeStampUnavailable: Self = "time-stamp-unavailable"
}
