import COpenSSL
import Ledger

/// What a time stamping authority is asked for: its word that a hash exists now (RFC 3161 section 2.4.1).
public struct TimeStampQuery: Hashable, Sendable {
    /// The media type of `encoded()` (RFC 3161 section 3.4).
    public static let mediaType = "application/timestamp-query"
    /// Bytes of a query.
    static let bytesMax = 1_024
    /// Bytes of an answer, and of the token in it.
    public static let answerBytesMax = 64 << 10

    /// SHA-256 of what is to be stamped.
    public let imprint: Hash
    /// Ties the answer to this query: 64 bits that nobody can guess.
    public let nonce: UInt64
    /// The policy that the authority is to follow, in dotted decimal; nil for its usual one.
    public let policy: String?

    public init(imprint: Hash, nonce: UInt64, policy: String? = nil) {
        self.imprint = imprint
        self.nonce = nonce
        self.policy = policy
    }

    /// The query as DER. It asks for the authority's certificate, so that a token can be checked without asking anybody.
    ///
    /// - Throws: `time-stamp-policy` for a policy that is no object identifier.
    public func encoded() throws -> [UInt8] {
        let bytes = [UInt8](unsafeUninitializedCapacity: Self.bytesMax) { buffer, count in
            count = Terms.with(imprint: imprint, nonce: nonce, policy: policy) {
                copenssl_request($0, buffer.baseAddress, Self.bytesMax)
            }
        }
        guard !bytes.isEmpty else {
            throw CustodyError(
                .timeStampPolicy, "this is no policy of a time stamping authority", at: policy,
                remedy: "write its object identifier, such as 1.2.3.4")
        }
        return bytes
    }

    /// The token of an answer, as DER. It has not been checked.
    ///
    /// - Parameter answer: the bytes of a TimeStampResp (RFC 3161 section 2.4.2).
    /// - Throws: `time-stamp-too-large`, `time-stamp-malformed`, `time-stamp-rejected` if the authority has not granted
    ///   exactly what it was asked for.
    public static func token(inAnswer answer: [UInt8]) throws -> [UInt8] {
        guard answer.count <= answerBytesMax else { throw CustodyError.timeStampTooLarge }
        var read = copenssl_answer()
        var isRead = false
        let token = [UInt8](unsafeUninitializedCapacity: answerBytesMax) { buffer, count in
            isRead = answer.withUnsafeBufferPointer {
                let response = copenssl_bytes(bytes: $0.baseAddress, count: $0.count)
                return copenssl_read_answer(response, &read, buffer.baseAddress, answerBytesMax)
            }
            count = isRead ? read.token_count : 0
        }
        guard isRead else { throw CustodyError.malformedTimeStamp("the authority's answer is no TimeStampResp") }
        guard read.status == 0 else { throw rejection(read) }
        guard !token.isEmpty else { throw CustodyError.malformedTimeStamp("the authority's answer holds no token") }
        return token
    }

    private static func rejection(_ answer: copenssl_answer) -> CustodyError {
        let known = ["granted", "granted with modifications", "rejected", "waiting", "revocation warning", "revoked"]
        let status = Int(exactly: answer.status).flatMap { known.indices.contains($0) ? known[$0] : nil }
        let reasons = failures.filter { answer.failures & (1 << $0.key) != 0 }.sorted { $0.key < $1.key }.map(\.value)
        let words = withUnsafeBytes(of: answer.text) { CText.line($0) }
        let all = [status ?? "status \(answer.status)"] + reasons + (words.isEmpty ? [] : ["“\(words)”"])
        return CustodyError(
            .timeStampRejected,
            "the time stamping authority did not grant what it was asked for: "
                + all.joined(separator: ", "),
            remedy: "compare the policy in gateway.yaml with what the authority offers")
    }

    /// PKIFailureInfo (RFC 3161 section 2.4.2), by its bits.
    private static let failures: [UInt32: String] = [
        0: "unknown algorithm", 2: "bad request", 5: "bad data format", 14: "its clock is not available",
        15: "unaccepted policy", 16: "unaccepted extension", 17: "additional information not available",
        25: "system failure",
    ]
}

/// What libcrypto makes a query of, and compares a token with.
enum Terms {
    static func with<Result>(
        imprint: Hash, nonce: UInt64?, policy: String?, _ body: (UnsafePointer<copenssl_query>) -> Result
    ) -> Result {
        imprint.withUnsafeBytes { bytes in
            withPolicy(policy) { policy in
                var query = copenssl_query(
                    imprint: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), has_nonce: nonce != nil,
                    nonce: nonce ?? 0, policy: policy)
                return body(&query)
            }
        }
    }

    private static func withPolicy<Result>(_ policy: String?, _ body: (UnsafePointer<CChar>?) -> Result) -> Result {
        guard let policy else { return body(nil) }
        return policy.withCString { body($0) }
    }
}

/// Text in a C array that ends with 0.
enum CText {
    /// Without control characters: strangers wrote it.
    static func line(_ bytes: UnsafeRawBufferPointer) -> String {
        let text = String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        return String(
            String.UnicodeScalarView(text.unicodeScalars.filter { $0.properties.generalCategory != .control }))
    }
}
