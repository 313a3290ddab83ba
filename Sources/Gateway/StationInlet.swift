import Capture
import Identifiers
import Ledger
import Synchronization

/// Where a station's devices hand in whole messages: photographs, lines, the tags that a reader saw.
public final class StationInlet: Sendable {
    public let station: String
    private let reader: PayloadReader
    private let accept: ScanAcceptor
    private let now: @Sendable () -> Int64
    /// What stays in view of a reader comes in every message; nil where each message is a scan of its own.
    private let dwell: Mutex<DwellFilter>?

    /// - Parameter dwell: microseconds during which a tag that is seen again and again is one scan.
    public init(
        station: String, reader: PayloadReader, dwell: Int64, now: @escaping @Sendable () -> Int64,
        accept: @escaping ScanAcceptor
    ) {
        self.station = station
        self.reader = reader
        self.now = now
        self.accept = accept
        self.dwell = reader.repeats ? Mutex(DwellFilter(window: dwell)) : nil
    }

    /// What became of one scan in a message.
    public struct Fate: Sendable {
        public let scan: Scan
        public let acknowledgement: ScanAcknowledgement
    }

    /// Takes each scan in a message but those that are still in view; when it returns, their fates are on disk.
    /// - Parameter item: what the message was, for the log: a topic, a file.
    /// - Throws: `CustodyError` with the codes of `PayloadReader`.
    public func take(_ payload: [UInt8], item: String? = nil) async throws -> [Fate] {
        var fates: [Fate] = []
        for scan in try await reader.scans(in: payload) where isNew(scan) {
            let acknowledgement = await accept(scan, ScanOrigin(source: station, item: item))
            if case .unavailable = acknowledgement { forget(scan) }
            fates.append(Fate(scan: scan, acknowledgement: acknowledgement))
        }
        return fates
    }

    private func isNew(_ scan: Scan) -> Bool { dwell?.withLock { $0.admits(scan, at: now()) } ?? true }

    private func forget(_ scan: Scan) { dwell?.withLock { $0.forget(scan) } }
}
