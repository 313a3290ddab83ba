import Glibc
import Ledger

/// Files that are written once, whole or not at all, and key files that nobody else may read.
public enum PrivateFile {
    /// Bytes of one file that is read: no key, certificate or document comes near.
    public static let bytesMax = 4 << 20

    private static let ownerOnly: mode_t = 0o600
    private static let everyoneReads: mode_t = 0o644
    private static let othersMask: mode_t = 0o077

    /// Writes a file that only its owner may read; when this returns, file and name are on disk.
    ///
    /// - Throws: `CustodyError` with code `file-exists` if the name is taken, `file-unusable` if the disk refuses.
    public static func create(_ path: String, bytes: [UInt8]) throws {
        try create(path, bytes: bytes, mode: ownerOnly)
    }

    /// The same for a file that everyone may read.
    public static func createPublic(_ path: String, bytes: [UInt8]) throws {
        try create(path, bytes: bytes, mode: everyoneReads)
    }

    /// Puts a file that only its owner may read in the place of one that may be there: after a crash either is whole. When
    /// this returns, file and name are on disk.
    ///
    /// - Throws: `CustodyError` with code `file-unusable` if the disk refuses.
    public static func replace(_ path: String, bytes: [UInt8]) throws {
        let draft = try Descriptor(draftOf: path, flags: O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode: ownerOnly)
        defer { unlink(draft.path) }
        try draft.write(bytes)
        try draft.sync()
        try move(draft.path, to: path)
    }

    /// Copies a file of any length to a name that is not taken, for its owner alone; when this returns, that is on disk.
    ///
    /// - Throws: `CustodyError` with code `file-exists`, `file-unusable`.
    public static func copy(_ path: String, to other: String) throws {
        let source = try Descriptor(path, flags: O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        _ = try source.status()
        let draft = try Descriptor(draftOf: other, flags: O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode: ownerOnly)
        defer { unlink(draft.path) }
        while case let chunk = try source.next(), !chunk.isEmpty { try draft.write(chunk) }
        try draft.sync()
        guard link(draft.path, other) == 0 else { throw linkFailure(other, errno) }
        try syncFolder(folder(of: other))
    }

    /// Leaves a file to its owner alone, and brings it to the disk.
    ///
    /// - Throws: `CustodyError` with code `file-unusable`.
    public static func secure(_ path: String) throws {
        let file = try Descriptor(path, flags: O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        try file.permit(ownerOnly)
        try file.sync()
        try syncFolder(folder(of: path))
    }

    /// Gives a file another name, in the place of one that may be there; when this returns, that is on disk.
    ///
    /// - Throws: `CustodyError` with code `file-unusable`.
    public static func move(_ path: String, to other: String) throws {
        guard rename(path, other) == 0 else { throw CustodyError.unusableFile(other, errno) }
        try syncFolder(folder(of: other))
    }

    /// The bytes of a key file.
    ///
    /// - Throws: `CustodyError` with code `key-file-exposed` if its group or others have any right to it,
    ///   `file-unusable` if it cannot be read.
    public static func read(_ path: String) throws -> [UInt8] {
        try read(path) { status in
            guard status.st_mode & othersMask == 0 else {
                throw CustodyError(
                    .keyFileExposed, "other users of this machine may use this private key", at: path,
                    remedy: "run: chmod 600 '\(path)'")
            }
        }
    }

    /// The first line of a key file, without its end.
    ///
    /// - Throws: as `read(_:)`.
    public static func firstLine(of path: String) throws -> String {
        String(decoding: try read(path).prefix { $0 != 0x0A }, as: UTF8.self)
    }

    /// The bytes of a file that may be known to all.
    public static func readPublic(_ path: String) throws -> [UInt8] {
        try read(path) { _ in }
    }

    /// Whether the name is taken.
    public static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// The folder that holds the file.
    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Makes the names inside a folder durable.
    public static func syncFolder(_ path: String) throws {
        let folder = try Descriptor(path, flags: O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        try folder.sync()
    }
}

extension PrivateFile {
    // Written under another name and linked: a crash leaves the file whole or absent, and link refuses a taken name.
    private static func create(_ path: String, bytes: [UInt8], mode: mode_t) throws {
        let draft = try Descriptor(draftOf: path, flags: O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode: ownerOnly)
        defer { unlink(draft.path) }
        try draft.write(bytes)
        try draft.permit(mode)
        try draft.sync()
        guard link(draft.path, path) == 0 else { throw linkFailure(path, errno) }
        try syncFolder(folder(of: path))
    }

    private static func linkFailure(_ path: String, _ code: Int32) -> CustodyError {
        guard code == EEXIST else { return .unusableFile(path, code) }
        return CustodyError(
            .fileExists, "this file exists and is never overwritten", at: path,
            remedy: "move it away first, if you are sure that nothing needs it")
    }

    private static func read(_ path: String, check: (stat) throws -> Void) throws -> [UInt8] {
        let file = try Descriptor(path, flags: O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        try check(file.status())
        return try file.contents()
    }
}

/// An open file, closed with the last reference.
private final class Descriptor {
    let path: String
    private let number: Int32

    init(_ path: String, flags: Int32, mode: mode_t = 0) throws {
        self.path = path
        number = open(path, flags, mode)
        guard number >= 0 else { throw CustodyError.unusableFile(path, errno) }
    }

    convenience init(draftOf path: String, flags: Int32, mode: mode_t) throws {
        let suffix = String(UInt64.random(in: 0 ... .max), radix: 36)
        try self.init("\(path).draft-\(suffix)", flags: flags, mode: mode)
    }

    deinit { close(number) }

    func status() throws -> stat {
        var status = stat()
        guard fstat(number, &status) == 0 else { throw CustodyError.unusableFile(path, errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw CustodyError.unusableFile(path, EISDIR) }
        return status
    }

    /// The bytes that follow, at most 64 KiB; none at the end.
    func next() throws -> [UInt8] {
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(number, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw CustodyError.unusableFile(path, errno) }
            return Array(chunk.prefix(count))
        }
    }

    func contents() throws -> [UInt8] {
        var contents: [UInt8] = []
        while true {
            let chunk = try next()
            guard !chunk.isEmpty else { return contents }
            contents += chunk
            try Limit.check(contents.count, max: PrivateFile.bytesMax, path, unit: "bytes")
        }
    }

    func write(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(number, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw CustodyError.unusableFile(path, errno) }
            rest = rest.dropFirst(count)
        }
    }

    func permit(_ mode: mode_t) throws {
        guard fchmod(number, mode) == 0 else { throw CustodyError.unusableFile(path, errno) }
    }

    func sync() throws {
        guard fsync(number) == 0 else { throw CustodyError.unusableFile(path, errno) }
    }
}

extension CustodyError.Code {
    /// A private key that other users of the machine may read.
    public static let keyFileExposed: Self = "key-file-exposed"
    /// A file that is there and would have to be overwritten.
    public static let fileExists: Self = "file-exists"
    /// A file that cannot be read or written.
    public static let fileUnusable: Self = "file-unusable"
}

extension CustodyError {
    static func unusableFile(_ path: String, _ code: Int32) -> CustodyError {
        CustodyError(.fileUnusable, "the file cannot be used: \(String(cString: strerror(code)))", at: path)
    }
}
