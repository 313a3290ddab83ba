import Glibc
import Ledger

/// A descriptor that a blocked `poll` can wait on beside its own, so that another thread can end the wait.
final class Waker: Sendable {
    /// Readable after `wake` and until `drain`.
    let descriptor: Int32
    private let writer: Int32

    init() throws {
        var ends: [Int32] = [-1, -1]
        // A pipe would do, but only a socket pair is born with both flags through a call that Swift can see.
        let kind = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
        guard socketpair(AF_UNIX, Int32(kind), 0, &ends) == 0 else {
            throw CustodyError("descriptors-exhausted", "The process cannot open a socket: \(systemMessage())")
        }
        descriptor = ends[0]
        writer = ends[1]
    }

    deinit {
        close(descriptor)
        close(writer)
    }

    func wake() {
        var byte: UInt8 = 1
        // A full socket is one that wakes already.
        _ = send(writer, &byte, 1, Int32(MSG_NOSIGNAL))
    }

    func drain() {
        var bytes = [UInt8](repeating: 0, count: 64)
        while read(descriptor, &bytes, bytes.count) == bytes.count {}
    }
}

/// What the system says about the last call that failed on this thread.
func systemMessage(_ code: Int32 = errno) -> String {
    String(cString: strerror(code))
}
