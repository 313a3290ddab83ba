import Glibc
import Ledger

/// A label on disk, for whoever prints it.
public enum LabelFile {
    /// Writes a file whole or not at all, replacing what is there: drawn under a hidden name and renamed, so that a
    /// watched folder never sees half a label. On return it is on disk, and everybody may read it (0644).
    ///
    /// Throws `label-path-unusable`.
    public static func write(_ bytes: [UInt8], to path: String) throws {
        guard let number = replace(path, with: bytes) else { return }
        throw CustodyError(
            "label-path-unusable", "The label cannot be written: \(String(cString: strerror(number)))", at: path,
            remedy: "Name a file in a folder that exists and may be written.")
    }

    /// The number of the system's error, nil if all went well. A device must not be renamed away.
    private static func replace(_ path: String, with bytes: [UInt8]) -> Int32? {
        guard !path.isEmpty, !path.hasSuffix("/") else { return EISDIR }
        var present = stat()
        guard stat(path, &present) != 0 || present.st_mode & S_IFMT == S_IFREG else { return EEXIST }
        let hidden = hiddenPath(beside: path)
        unlink(hidden)
        let failed = fill(hidden, bytes) ?? (rename(hidden, path) == 0 ? nil : errno)
        if failed != nil { unlink(hidden) }
        return failed
    }

    /// The number of the system's error, nil if all went well.
    private static func fill(_ path: String, _ bytes: [UInt8]) -> Int32? {
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard file >= 0 else { return errno }
        let failed = fchmod(file, 0o644) == 0 && put(bytes, to: file) && fsync(file) == 0 ? nil : errno
        close(file)
        return failed
    }

    private static func put(_ bytes: [UInt8], to file: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            guard count > 0 || errno == EINTR else { return false }
            rest = rest.dropFirst(max(0, count))
        }
        return true
    }

    private static func hiddenPath(beside path: String) -> String {
        let name = path.split(separator: "/").last ?? ""
        return "\(path.dropLast(name.count)).\(getpid())-\(name)"
    }
}
