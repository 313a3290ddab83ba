import Glibc
import Logging
import Synchronization
import Testing

@testable import Capture

/// A named pipe in the place of a device: what is written to it is what the device sends.
final class DevicePipe: Sendable {
    private let path: String
    private let descriptor: Int32

    /// - Parameter keepsReports: whether each read gives what one write sent, as raw HID devices do.
    init(at path: String, keepsReports: Bool) throws {
        self.path = path
        try #require(mkfifo(path, 0o600) == 0)
        // Open for both, so that what is written before the reader opens it is kept.
        descriptor = open(path, O_RDWR | O_CLOEXEC)
        try #require(descriptor >= 0)
        if keepsReports { try #require(fcntl(descriptor, F_SETFL, DevicePipe.packets) == 0) }
    }

    func send(_ bytes: [UInt8]) throws {
        try #require(write(descriptor, bytes, bytes.count) == bytes.count)
    }

    /// The name goes first, or the reader would open the old pipe again.
    func unplug() {
        unlink(path)
        close(descriptor)
    }

    /// `O_DIRECT`, which makes a pipe keep its writes apart; Swift does not see it.
    private static var packets: Int32 {
        #if arch(arm64)
            0o200000
        #else
            0o40000
        #endif
    }
}

/// Keeps what is logged from a level on.
struct LogKeeper: LogHandler {
    let kept: Collected<String>
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .notice

    static func logger(_ kept: Collected<String>) -> Logger {
        Logger(label: "test") { _ in LogKeeper(kept: kept) }
    }

    func log(event: LogEvent) {
        kept.append("\(event.message) \(event.metadata?["error"].map { "\($0)" } ?? "")")
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }
}
