import COpenSSL
import Ledger

/// Whose time stamps are believed: the certificates of a time stamping authority, or of those that certify it.
public struct TimeStampAuthority: Hashable, Sendable {
    /// Bytes of the PEM text.
    public static let bytesMax = 256 << 10
    /// Certificates in it.
    public static let certificatesMax = 64

    /// PEM text of the certificates that are believed, without asking who signed them.
    public let certificates: [UInt8]
    /// The only policy that is taken, in dotted decimal; nil for any.
    public let policy: String?

    /// - Throws: `time-stamp-authority` for text that is not PEM of certificates, or too much of it; `time-stamp-policy`.
    public init(certificates: [UInt8], policy: String? = nil) throws {
        guard certificates.count <= Self.bytesMax else {
            throw Self.unreadable("the certificates of an authority have at most \(Self.bytesMax) bytes")
        }
        let count = certificates.withUnsafeBufferPointer {
            copenssl_count_certificates(copenssl_bytes(bytes: $0.baseAddress, count: $0.count))
        }
        guard count > 0 else {
            throw Self.unreadable(
                "this is not the PEM text of an authority's certificates, at most \(Self.certificatesMax)")
        }
        if let policy, !Self.isPolicy(policy) {
            throw CustodyError(
                .timeStampPolicy, "this is no policy of a time stamping authority", at: policy,
                remedy: "write its object identifier, such as 1.2.3.4")
        }
        self.init(unread: certificates, policy: policy)
    }

    init(unread certificates: [UInt8], policy: String?) {
        self.certificates = certificates
        self.policy = policy
    }

    /// libcrypto takes names for object identifiers too, and a point at the end.
    private static func isPolicy(_ text: String) -> Bool {
        let numbers = text.utf8.split(separator: 0x2E, omittingEmptySubsequences: false)
        return numbers.allSatisfy { !$0.isEmpty && $0.allSatisfy { (0x30...0x39).contains($0) } }
            && copenssl_is_policy(text)
    }

    private static func unreadable(_ message: String) -> CustodyError {
        CustodyError(
            .timeStampAuthority, message, remedy: "ask the authority for the certificates that its time stamps end in")
    }

    /// Checks a token, offline: its signature, its certificate and chain at the token's own time, that the certificate is
    /// for time stamps alone, what was stamped, and the policy. Whether a certificate was revoked is not asked.
    ///
    /// - Parameters:
    ///   - imprint: SHA-256 of what was stamped.
    ///   - nonce: of the query; nil where nobody remembers it.
    /// - Throws: `time-stamp-too-large`, `time-stamp-malformed`, `time-stamp-imprint`, `time-stamp-nonce`,
    ///   `time-stamp-policy`, `time-stamp-signature`, `time-stamp-untrusted`, `time-stamp-expired`, `time-stamp-purpose`,
    ///   `time-stamp-weak`.
    public func check(token: [UInt8], of imprint: Hash, nonce: UInt64? = nil) throws -> TimeStamp {
        guard token.count <= TimeStampQuery.answerBytesMax else { throw CustodyError.timeStampTooLarge }
        var read = copenssl_stamp()
        let result = token.withUnsafeBufferPointer { token in
            certificates.withUnsafeBufferPointer { certificates in
                Terms.with(imprint: imprint, nonce: nonce, policy: policy) {
                    copenssl_check_token(
                        copenssl_bytes(bytes: token.baseAddress, count: token.count), $0,
                        copenssl_bytes(bytes: certificates.baseAddress, count: certificates.count), &read)
                }
            }
        }
        guard Int(result) == COPENSSL_FINE else { throw Self.refusal(Int(result), read) }
        return TimeStamp(
            token: token, time: read.time, accuracy: read.accuracy,
            authority: withUnsafeBytes(of: read.authority) { CText.line($0) },
            policy: withUnsafeBytes(of: read.policy) { CText.line($0) })
    }

    private static func refusal(_ result: Int, _ read: copenssl_stamp) -> CustodyError {
        let reason = withUnsafeBytes(of: read.reason) { CText.line($0) }
        func error(_ code: CustodyError.Code, _ message: String, _ remedy: String? = nil) -> CustodyError {
            CustodyError(code, message + (reason.isEmpty ? "" : ": \(reason)"), remedy: remedy)
        }
        let certificates = "compare the authority's certificates with those that you trust"
        return switch result {
        case COPENSSL_MALFORMED: .malformedTimeStamp("it is no TimeStampToken")
        case COPENSSL_OTHER_IMPRINT: error(.timeStampImprint, "the time stamp is of something else")
        case COPENSSL_OTHER_NONCE: error(.timeStampNonce, "the time stamp was made for another query")
        case COPENSSL_OTHER_POLICY: error(.timeStampPolicy, "the time stamp was made under another policy")
        case COPENSSL_WRONG_SIGNATURE: error(.timeStampSignature, "the time stamp's signature does not fit")
        case COPENSSL_OUT_OF_DATE:
            error(.timeStampExpired, "a certificate of the time stamp was not valid when it was made", certificates)
        case COPENSSL_OTHER_PURPOSE:
            error(.timeStampPurpose, "the time stamp's certificate is not for time stamps alone", certificates)
        case COPENSSL_WEAK: error(.timeStampWeak, "the time stamp is signed with what can be forged")
        default: error(.timeStampUntrusted, "the time stamp is by nobody who is trusted", certificates)
        }
    }
}

/// A time stamp that was checked: its authority's word that what it is of existed at a time.
public struct TimeStamp: Hashable, Sendable {
    /// DER of the TimeStampToken (RFC 3161 section 2.4.2).
    public let token: [UInt8]
    /// UTC microseconds, by the authority's clock.
    public let time: Int64
    /// Microseconds by which that clock may be wrong; 0 if the authority does not say.
    public let accuracy: Int64
    /// The subject of the certificate that signed (RFC 2253).
    public let authority: String
    /// Dotted decimal.
    public let policy: String

    /// What was stamped existed by then, in UTC microseconds.
    public var latest: Int64 { time.addingReportingOverflow(accuracy).partialValue }
}

extension CustodyError.Code {
    /// No TimeStampResp, or no TimeStampToken.
    public static let timeStampMalformed: Self = "time-stamp-malformed"
    /// An answer or token beyond `TimeStampQuery.answerBytesMax`.
    public static let timeStampTooLarge: Self = "time-stamp-too-large"
    /// The authority answered with another status than `granted`.
    public static let timeStampRejected: Self = "time-stamp-rejected"
    /// A time stamp of something else.
    public static let timeStampImprint: Self = "time-stamp-imprint"
    /// A time stamp that was made for another query.
    public static let timeStampNonce: Self = "time-stamp-nonce"
    /// Another policy than the one that is wanted, or text that is none.
    public static let timeStampPolicy: Self = "time-stamp-policy"
    /// A signature that does not fit.
    public static let timeStampSignature: Self = "time-stamp-signature"
    /// No chain to a certificate that is believed.
    public static let timeStampUntrusted: Self = "time-stamp-untrusted"
    /// A certificate that was not valid at the time stamp's time.
    public static let timeStampExpired: Self = "time-stamp-expired"
    /// A certificate that is for other things too, or not for time stamps.
    public static let timeStampPurpose: Self = "time-stamp-purpose"
    /// A hash or key that can be forged.
    public static let timeStampWeak: Self = "time-stamp-weak"
    /// Certificates of an authority that cannot be read.
    public static let timeStampAuthority: Self = "time-stamp-authority"
}

extension CustodyError {
    static func malformedTimeStamp(_ reason: String) -> CustodyError {
        CustodyError(.timeStampMalformed, "this is not a time stamp: \(reason)")
    }

    static var timeStampTooLarge: CustodyError {
        CustodyError(.timeStampTooLarge, "a time stamp has at most \(TimeStampQuery.answerBytesMax) bytes")
    }
}
