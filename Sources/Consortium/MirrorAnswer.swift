import FoundationEssentials
import Ledger

/// What a mirror answers, before it becomes an HTTP response (C2SP tlog-witness, tlog-mirror).
enum MirrorAnswer: Hashable, Sendable {
    /// Signature lines, each ended by a newline; none while this gateway is not its organisation's cosigner.
    case cosigned([String])
    /// tlog-witness: the size that the next proof must start from.
    case sizeConflict(UInt64, CustodyError)
    /// tlog-mirror: part of an upload was taken.
    case accepted(MirrorInfo)
    /// tlog-mirror: the upload does not fit what is here.
    case conflict(MirrorInfo, CustodyError)
    case refused(Refusal, CustodyError)

    enum Refusal: Int, Hashable, Sendable {
        case malformed = 400
        case forbidden = 403
        case unknownLog = 404
        case tooLarge = 413
        case unprocessable = 422
        case tooMany = 429
    }

    var status: Int {
        switch self {
        case .cosigned: 200
        case .accepted: 202
        case .sizeConflict, .conflict: 409
        case .refused(let refusal, _): refusal.rawValue
        }
    }

    var contentType: String {
        switch self {
        case .sizeConflict: "text/x.tlog.size"
        case .accepted, .conflict: MirrorInfo.contentType
        case .cosigned, .refused: "text/plain; charset=utf-8"
        }
    }

    var body: String {
        switch self {
        case .cosigned(let lines): lines.map { "\($0)\n" }.joined()
        case .sizeConflict(let size, _): "\(size)\n"
        case .accepted(let info), .conflict(let info, _): info.text
        case .refused(_, let error): "\(error)\n"
        }
    }

    /// Why nothing was taken; nil where something was.
    var error: CustodyError? {
        switch self {
        case .cosigned, .accepted: nil
        case .sizeConflict(_, let error), .conflict(_, let error), .refused(_, let error): error
        }
    }

    /// Whether this is a refusal and no step of the protocol: two gateways that push one log meet the latter all day.
    var isRefusal: Bool {
        guard let error else { return false }
        return ![.sizeOutdated, .uploadOutdated, .logUnknown, .logNotKept].contains(error.code)
    }
}

/// Where an upload stands (C2SP tlog-mirror, `text/x.tlog.mirror-info`).
struct MirrorInfo: Hashable, Sendable {
    static let contentType = "text/x.tlog.mirror-info"

    /// The size of a checkpoint that an upload may go up to.
    let size: UInt64
    /// The first entry that is not here.
    let next: UInt64
    /// To be sent with the next upload; opaque to its client.
    let ticket: [UInt8]

    var text: String { "\(size)\n\(next)\n\(Data(ticket).base64EncodedString())\n" }

    init(size: UInt64, next: UInt64, ticket: [UInt8] = []) {
        self.size = size
        self.next = next
        self.ticket = ticket
    }

    init?(text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count == 4, lines[3].isEmpty, let size = UInt64(lines[0]), let next = UInt64(lines[1]),
            let ticket = Data(base64Encoded: String(lines[2]))
        else { return nil }
        self.init(size: size, next: next, ticket: [UInt8](ticket))
    }
}

extension CustodyError.Code {
    /// A request that is not what its path takes.
    public static let requestMalformed: Self = "request-malformed"
    /// A request body beyond its limit.
    public static let requestTooLarge: Self = "request-too-large"
    /// Too many refusals; the answer says when to ask again.
    public static let refusedTooOften: Self = "refused-too-often"
    /// A consistency proof that does not start where this mirror stands: it asks again from there.
    public static let sizeOutdated: Self = "size-outdated"
    /// An upload that does not start where this mirror stands, or goes to a checkpoint that it does not know.
    public static let uploadOutdated: Self = "upload-outdated"
    /// Two heads of one log that cannot both be true.
    public static let headsInconsistent: Self = "heads-inconsistent"
    /// A consistency proof that does not hold.
    public static let consistencyRefused: Self = "consistency-refused"
    /// A log from which nothing is taken any more.
    public static let logFrozen: Self = "log-frozen"
    /// Entries that a proof does not place in the checkpoint.
    public static let packageRefused: Self = "package-refused"
    /// Another entry at an index that is taken.
    public static let indexReused: Self = "index-reused"
    /// An upload of which everything has been here for long.
    public static let uploadReplayed: Self = "upload-replayed"
    /// An upload that ends before its first package does.
    public static let uploadTruncated: Self = "upload-truncated"
    /// An upload with more in it than its header says, or than one may have.
    public static let uploadOversized: Self = "upload-oversized"
}
