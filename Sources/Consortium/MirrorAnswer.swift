import Ledger

/// What a mirror answers, before it becomes an HTTP response (C2SP tlog-witness, tlog-mirror).
enum MirrorAnswer: Hashable, Sendable {
    /// Signature lines, each ended by a newline; none while this gateway is not its organisation's cosigner.
    case cosigned([String])
    /// tlog-witness: the size that the next proof must start from.
    case sizeConflict(UInt64)
    /// tlog-mirror: part of an upload was taken.
    case accepted(MirrorInfo)
    /// tlog-mirror: the upload does not fit what is here.
    case conflict(MirrorInfo)
    case refused(Refusal, String)

    enum Refusal: Int, Hashable, Sendable {
        case malformed = 400
        case forbidden = 403
        case unknownLog = 404
        case tooLarge = 413
        case unprocessable = 422
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
        case .sizeConflict(let size): "\(size)\n"
        case .accepted(let info), .conflict(let info): info.text
        case .refused(_, let message): "\(message)\n"
        }
    }
}

/// Where an upload stands (C2SP tlog-mirror, `text/x.tlog.mirror-info`).
struct MirrorInfo: Hashable, Sendable {
    static let contentType = "text/x.tlog.mirror-info"

    /// The size of a checkpoint that an upload may go up to.
    let size: UInt64
    /// The first entry that is not here.
    let next: UInt64

    /// This mirror keeps the checkpoints that a ticket would carry, so the ticket is empty.
    var text: String { "\(size)\n\(next)\n\n" }

    init(size: UInt64, next: UInt64) {
        self.size = size
        self.next = next
    }

    init?(text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count == 4, let size = UInt64(lines[0]), let next = UInt64(lines[1]) else { return nil }
        self.init(size: size, next: next)
    }
}
