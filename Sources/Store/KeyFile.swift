import Foundation
import Glibc
import Ledger

/// The keys under which private values rest, beside the ledger and not in it: slots of 32 bytes in one file.
///
/// A slot is overwritten in place, which no page of a database is: what SQLite copies, keeps in its write-ahead log or
/// hands to a backup is ciphertext, and the one place that opens it can be destroyed. A slot of zeros holds no key.
/// Slots are given out by the ledger (`private.slot`); any number of readers, one writer at a time.
final class KeyFile: Sendable {
    /// The first slot: what the file is, in its first version.
    private static let header = Array("custody-keys/1\n".utf8)

    let path: String

    /// - Parameter ledger: the database that the keys belong to.
    init(ledger: String) {
        path = (ledger.hasSuffix(".sqlite") ? String(ledger.dropLast(7)) : ledger) + ".keys"
    }

    /// - Returns: nil for a slot without a key.
    func key(in slot: Int64) throws -> [UInt8]? {
        guard access(path, F_OK) == 0 else { return nil }
        return try Self.withFile(path, O_RDONLY) { file in
            var key = [UInt8](repeating: 0, count: RestingBox.keyBytes)
            let count = pread(file, &key, key.count, Self.place(of: slot))
            guard count >= 0 else { throw failure() }
            return count == key.count && key.contains { $0 != 0 } ? key : nil
        }
    }

    /// Writes keys into their slots; when this returns, they are on disk.
    func write(_ keys: [(slot: Int64, key: [UInt8])]) throws {
        try createIfMissing()
        try Self.withFile(path, O_WRONLY) { file in
            for (slot, key) in keys { try put(key, at: Self.place(of: slot), file) }
            guard fdatasync(file) == 0 else { throw failure() }
        }
    }

    /// Overwrites keys; when this returns, the disk has been told to. What a key opened is lost with it.
    func destroy(_ slots: [Int64]) throws {
        guard !slots.isEmpty, access(path, F_OK) == 0 else { return }
        try Self.withFile(path, O_WRONLY) { file in
            let nothing = [UInt8](repeating: 0, count: RestingBox.keyBytes)
            for slot in slots { try put(nothing, at: Self.place(of: slot), file) }
            guard fsync(file) == 0 else { throw failure() }
        }
    }

    private func createIfMissing() throws {
        guard access(path, F_OK) != 0 else { return }
        try Self.withFile(path, O_WRONLY | O_CREAT) { file in
            try put(Self.header + [UInt8](repeating: 0, count: RestingBox.keyBytes - Self.header.count), at: 0, file)
            guard fsync(file) == 0 else { throw failure() }
        }
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        try Self.withFile(folder, O_RDONLY | O_DIRECTORY) { folder in
            guard fsync(folder) == 0 else { throw failure() }
        }
    }

    private static func place(of slot: Int64) -> off_t { off_t((slot + 1) * Int64(RestingBox.keyBytes)) }

    private func put(_ bytes: [UInt8], at place: off_t, _ file: Int32) throws {
        guard pwrite(file, bytes, bytes.count, place) == bytes.count else { throw failure() }
    }

    private static func withFile<Result>(
        _ path: String, _ flags: Int32, _ body: (Int32) throws -> Result
    ) throws -> Result {
        let file = open(path, flags | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failure(path) }
        defer { close(file) }
        return try body(file)
    }

    private func failure() -> CustodyError { Self.failure(path) }

    private static func failure(_ path: String) -> CustodyError {
        CustodyError(
            .storeFailed, "the keys of private values cannot be used: \(String(cString: strerror(errno)))", at: path,
            remedy: "check the disk and the rights")
    }
}
