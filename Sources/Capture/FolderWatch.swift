import Glibc
import Ledger

/// The names of files that were finished in a directory, from the kernel (inotify).
final class FolderWatch: Sendable {
    enum Change: Equatable {
        /// Closed after writing, or moved in.
        case finished(String)
        /// Too many changes at once: look at the whole directory.
        case overflow
    }

    private static let overflowMask = UInt32(IN_Q_OVERFLOW)
    private let descriptor: Int32

    /// Throws `folder-not-watchable`.
    init(_ path: String) throws {
        descriptor = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
        let mask = UInt32(IN_CLOSE_WRITE) | UInt32(IN_MOVED_TO) | UInt32(IN_ONLYDIR)
        guard descriptor >= 0, inotify_add_watch(descriptor, path, mask) >= 0 else {
            let reason = systemMessage()
            if descriptor >= 0 { close(descriptor) }
            throw CustodyError(
                "folder-not-watchable", "The folder cannot be watched: \(reason)", at: path,
                remedy: "Check that the folder exists and may be read.")
        }
    }

    deinit {
        close(descriptor)
    }

    /// Blocks until something changed or `waker` was woken; then everything that the kernel has, maybe nothing.
    func wait(_ waker: Waker) -> [Change] {
        var descriptors = [
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: waker.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        _ = poll(&descriptors, nfds_t(descriptors.count), -1)
        waker.drain()
        return changes()
    }

    private func changes() -> [Change] {
        var bytes = [UInt8](repeating: 0, count: 64 * 1024)
        let got = read(descriptor, &bytes, bytes.count)
        guard got > 0 else { return [] }
        return FolderWatch.parse(bytes.prefix(got))
    }

    /// `struct inotify_event`: watch, mask, cookie and name length of 4 bytes each, then the name, padded with zeros.
    static func parse(_ bytes: ArraySlice<UInt8>) -> [Change] {
        var changes: [Change] = []
        var rest = bytes
        while rest.count >= 16 {
            let (mask, nameLength) = (number(rest.dropFirst(4)), Int(number(rest.dropFirst(12))))
            rest = rest.dropFirst(16)
            let name = rest.prefix(nameLength).prefix { $0 != 0 }
            rest = rest.dropFirst(nameLength)
            if mask & overflowMask != 0 {
                changes.append(.overflow)
            } else if !name.isEmpty {
                changes.append(.finished(String(decoding: name, as: UTF8.self)))
            }
        }
        return changes
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        UInt32(littleEndian: bytes.prefix(4).reversed().reduce(0) { $0 << 8 | UInt32($1) })
    }
}
