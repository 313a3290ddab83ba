import Identifiers
import Ledger

/// Where a scan came from.
public struct ScanOrigin: Hashable, Sendable {
    /// The source's name in the configuration, such as `dock-2`.
    public let source: String
    /// Which one of the source's inputs: a file name; nil for a live scanner.
    public let item: String?

    public init(source: String, item: String? = nil) {
        self.source = source
        self.item = item
    }
}

/// What became of a scan. Each but `unavailable` is said only when the scan's bytes are on disk.
public enum ScanAcknowledgement: Hashable, Sendable {
    case recorded
    /// Kept until another symbol of the same package comes: this one alone names no device. If none comes, it stays
    /// among the unmatched scans.
    case held(CustodyError)
    /// Never to be recorded: sending it again changes nothing.
    case refused(CustodyError)
    /// Not decided, because the gateway is busy or cannot write: send it again later.
    case unavailable(CustodyError)
}

/// Takes one scan and returns when its fate is durable.
public typealias ScanAcceptor = @Sendable (Scan, ScanOrigin) async -> ScanAcknowledgement

/// A device or place that delivers scans.
///
/// A source hands over one scan at a time and waits for its acknowledgement before it beeps, moves a file or delivers
/// the next one. It may deliver a scan again after a restart, if it had not seen the acknowledgement.
public protocol ScanSource: Sendable {
    /// The name that stands in every `ScanOrigin.source`.
    var name: String { get }

    /// Delivers scans until the task is cancelled, and then returns. Throws only what stops the source for good, such
    /// as a folder that does not exist; a device that comes and goes is waited for.
    func run(_ accept: @escaping ScanAcceptor) async throws
}
