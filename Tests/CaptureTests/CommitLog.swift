import Synchronization
import Telemetry

/// A sink that keeps what was committed, and can fail as a full disk does.
final class CommitLog: ReadingSink {
    struct DiskFull: Error {}

    let committed = Collected<InboundMessage>()
    /// The sizes of the batches that failed.
    let failed = Collected<Int>()
    private let failuresLeft: Mutex<Int>

    init(failures: Int = 0) {
        failuresLeft = Mutex(failures)
    }

    func commit(_ messages: [InboundMessage]) throws {
        let fails = failuresLeft.withLock { left in
            defer { left -= left > 0 ? 1 : 0 }
            return left > 0
        }
        if fails {
            failed.append(messages.count)
            throw DiskFull()
        }
        committed.append(contentsOf: messages)
    }

    var payloads: Set<String> { Set(committed.elements.map { String(decoding: $0.payload, as: UTF8.self) }) }
}
