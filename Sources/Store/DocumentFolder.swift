import Foundation
import Glibc
import Ledger

/// The files of documents, each named by the SHA-256 of its bytes: ciphertext (`DocumentCipher`), or a public document as it is.
///
/// A file has its name only once it is whole and on disk. What is on its way is in `<name>.part`, what is being made in
/// `.new-…`. Any number of readers, also from other processes; one writer of each part. All of it waits for the disk.
public struct DocumentFolder: Hashable, Sendable {
    /// Bytes that are read or written at once.
    public static let blockBytes = 256 << 10
    /// How old a file must be to which no update here refers: one that is being added is not recorded yet, and one that is
    /// passed on is wanted by others.
    public static let strayAge: Duration = .seconds(24 * 3_600)
    /// Between two looks at the room on the disk while a document is added.
    private static let roomBytes: UInt64 = 16 << 20
    private static let newPrefix = ".new-"
    private static let partSuffix = ".part"

    public let path: String

    /// - Parameter ledger: the database beside which the folder is.
    public init(besideLedger ledger: String) {
        path = URL(fileURLWithPath: ledger).deletingLastPathComponent().path + "/documents"
    }

    public func file(_ file: Hash) -> String { "\(path)/\(file.hex)" }
    func part(of file: Hash) -> String { self.file(file) + Self.partSuffix }

    /// The length of a whole file; nil if it is not here.
    public func bytes(of file: Hash) -> UInt64? { OpenFile.size(of: self.file(file)) }

    /// How much of a file that is on its way is here.
    public func partBytes(of file: Hash) -> UInt64 { OpenFile.size(of: part(of: file)) ?? 0 }

    /// When this returns, the folder is on disk.
    func create() throws {
        if mkdir(path, 0o700) == 0 {
            try OpenFile(path, O_RDONLY | O_DIRECTORY).give(toOwnerOf: path + "/..")
            try OpenFile(path + "/..", O_RDONLY | O_DIRECTORY).sync()
        } else if errno != EEXIST {
            throw OpenFile.failure(path)
        }
    }

    // MARK: Adding

    /// Encrypts a document into the folder; when this returns, its file is on disk.
    ///
    /// - Parameters:
    ///   - source: gives the next bytes, at most as many as it is asked for, and none at the end.
    ///   - key: fresh.
    ///   - reserve: bytes that must stay free on the disk.
    /// - Throws: `CustodyError` with code `document-too-large`, `document-name`, `disk-nearly-full`, `store-failed`.
    public func seal(
        name: String, media: String, key: [UInt8], reserve: UInt64, from source: (_ count: Int) throws -> [UInt8]
    ) throws -> DocumentFact {
        // Before a gigabyte has been read in vain.
        _ = try DocumentFact(name: name, media: media, bytes: 0, document: .emptyTree, file: .emptyTree, key: key)
        var sealer = DocumentSealer(key: key)
        var fact: DocumentFact?
        try add(reserve: reserve) { write in
            try write(sealer.begin())
            var chunk = try Self.whole(DocumentCipher.chunkBytes, source)
            while true {
                let next = chunk.count == DocumentCipher.chunkBytes ? try Self.whole(chunk.count, source) : []
                try write(try sealer.seal(chunk, isLast: next.isEmpty))
                guard !next.isEmpty else { break }
                chunk = next
            }
            let result = sealer.result()
            fact = try DocumentFact(
                name: name, media: media, bytes: result.bytes, document: result.document, file: result.file, key: key)
            return result.file
        }
        guard let fact else { preconditionFailure("what was added has a name") }
        return fact
    }

    /// Takes a public document into the folder as it is; when this returns, it is on disk.
    ///
    /// - Returns: its hash, which is its file's name.
    /// - Throws: as `seal`; `CustodyError` with code `document-empty`.
    public func add(reserve: UInt64, from source: (_ count: Int) throws -> [UInt8]) throws -> Hash {
        var hash = RunningHash()
        var bytes: UInt64 = 0
        var file: Hash?
        try add(reserve: reserve) { write in
            while case let block = try source(Self.blockBytes), !block.isEmpty {
                bytes += UInt64(block.count)
                try DocumentCipher.check(documentBytes: bytes)
                hash.update(block)
                try write(block)
            }
            guard bytes > 0 else { throw CustodyError(.documentEmpty, "the document has no bytes") }
            let result = hash.result()
            file = result
            return result
        }
        guard let file else { preconditionFailure("what was added has a name") }
        return file
    }

    /// - Parameter fill: writes all bytes and says their hash.
    private func add(reserve: UInt64, fill: (_ write: ([UInt8]) throws -> Void) throws -> Hash) throws {
        try create()
        let draft = "\(path)/\(Self.newPrefix)\(getpid())-\(UInt64.random(in: 0 ... .max))"
        let file = try OpenFile(draft, O_WRONLY | O_CREAT | O_EXCL)
        try file.give(toOwnerOf: path)
        defer { unlink(draft) }
        var written: UInt64 = 0
        var checked: UInt64 = 0
        let name = try fill { bytes in
            if written + UInt64(bytes.count) > checked {
                try DiskSpace.check(room: Self.roomBytes, reserve: reserve, in: path)
                checked += Self.roomBytes
            }
            try file.write(bytes, at: written)
            written += UInt64(bytes.count)
        }
        try file.sync()
        try OpenFile.rename(draft, to: self.file(name), folder: path)
    }

    /// As many bytes as there are, at most `count`.
    private static func whole(_ count: Int, _ source: (Int) throws -> [UInt8]) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count, case let more = try source(count - bytes.count), !more.isEmpty { bytes += more }
        return bytes
    }

    // MARK: Reading

    /// Decrypts a document. It is whole only when this returns.
    ///
    /// - Throws: `CustodyError` with code `document-missing`, `document-damaged`, `store-failed`; what `write` throws.
    public func open(_ fact: DocumentFact, to write: ([UInt8]) throws -> Void) throws {
        let file = try reader(of: fact.file)
        guard file.bytes == fact.fileBytes else { throw Self.damaged(fact.file) }
        var opener = DocumentOpener(fact)
        var place: UInt64 = 0
        while let wanted = opener.wanted {
            try write(try opener.open(try file.read(at: place, count: wanted)))
            place += UInt64(wanted)
        }
    }

    /// Reads a public document.
    ///
    /// - Throws: as `open`.
    public func read(_ name: Hash, to write: ([UInt8]) throws -> Void) throws {
        let file = try reader(of: name)
        var hash = RunningHash()
        var place: UInt64 = 0
        while place < file.bytes {
            let block = try file.read(at: place, count: Self.blockBytes)
            guard !block.isEmpty else { throw Self.damaged(name) }
            hash.update(block)
            try write(block)
            place += UInt64(block.count)
        }
        guard hash.result() == name else { throw Self.damaged(name) }
    }

    /// - Throws: `CustodyError` with code `document-missing`.
    public func reader(of file: Hash) throws -> DocumentReader {
        guard bytes(of: file) != nil else { throw Self.missing(file) }
        return DocumentReader(file: try OpenFile(self.file(file), O_RDONLY))
    }

    static func damaged(_ file: Hash) -> CustodyError {
        CustodyError(
            .documentDamaged, "the file of a document is not as it was", at: file.hex,
            remedy: "remove it: the gateway asks other members for it again")
    }

    static func missing(_ file: Hash) -> CustodyError {
        CustodyError(.documentMissing, "the file of this document is not here", at: file.hex)
    }

    // MARK: Removing

    /// Removes a file, also one that is on its way.
    /// - Throws: `CustodyError` with code `store-failed` if it is still there.
    public func remove(_ file: Hash) throws {
        // In this order, so that a part that gets its name meanwhile goes too.
        for name in [part(of: file), self.file(file)] {
            guard unlink(name) == 0 || errno == ENOENT else { throw OpenFile.failure(name) }
        }
    }

    /// Removes what nobody needs: drafts, parts and files that are old and to which nothing refers.
    ///
    /// - Parameters:
    ///   - isWanted: whether an update here refers to a file.
    ///   - now: UTC seconds.
    /// - Returns: how many were removed.
    @discardableResult
    public func sweep(now: Int64, isWanted: (Hash) throws -> Bool) throws -> Int {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return try names.reduce(0) { count, name in
            guard let changed = OpenFile.changed("\(path)/\(name)"),
                now - changed >= Self.strayAge.components.seconds, try isStray(name, isWanted)
            else { return count }
            unlink("\(path)/\(name)")
            return count + 1
        }
    }

    private func isStray(_ name: String, _ isWanted: (Hash) throws -> Bool) throws -> Bool {
        if name.hasPrefix(Self.newPrefix) { return true }
        let hex = name.hasSuffix(Self.partSuffix) ? String(name.dropLast(Self.partSuffix.count)) : name
        return try Hash(hex: hex).map { try !isWanted($0) } ?? false
    }
}

/// A whole file that is read here and there.
public final class DocumentReader: Sendable {
    private let file: OpenFile
    public let bytes: UInt64

    fileprivate init(file: OpenFile) {
        self.file = file
        bytes = file.size
    }

    /// The bytes from a place on, at most `count`; none after the end.
    public func read(at place: UInt64, count: Int) throws -> [UInt8] { try file.read(at: place, count: count) }
}

/// A file on its way: it grows at its end, across restarts, and gets its name when it is whole and what it must be.
public final class DocumentPart {
    public let file: Hash
    /// Of the whole file.
    public let total: UInt64
    private let folder: DocumentFolder
    private let open: OpenFile
    /// Bytes that are here.
    public private(set) var count: UInt64
    /// Bytes of those that `hash` has taken.
    private var hashed: UInt64 = 0
    private var hash = RunningHash()

    /// Goes on with what is here of a file, or begins it.
    ///
    /// - Throws: `CustodyError` with code `disk-nearly-full` where the rest would eat the reserve, `store-failed`.
    public init(of file: Hash, bytes total: UInt64, in folder: DocumentFolder, reserve: UInt64) throws {
        try folder.create()
        self.file = file
        self.total = total
        self.folder = folder
        let known = folder.partBytes(of: file)
        try DiskSpace.check(room: total - min(total, known), reserve: reserve, in: folder.path)
        open = try OpenFile(folder.part(of: file), O_RDWR | O_CREAT)
        count = open.size
        guard count > total else { return }
        try open.truncate()
        count = 0
    }

    /// Whether what was here before is known by its hash, so that more may be appended.
    public var isReady: Bool { hashed == count }

    /// Hashes the next of what was here before: to be repeated until `isReady`.
    public func prepare() throws {
        let block = try open.read(at: hashed, count: Int(min(UInt64(DocumentFolder.blockBytes * 16), count - hashed)))
        guard !block.isEmpty else { throw DocumentFolder.damaged(file) }
        hash.update(block)
        hashed += UInt64(block.count)
    }

    /// - Parameter bytes: the next ones; what is beyond the whole length is not taken.
    public func append(_ bytes: [UInt8]) throws {
        precondition(isReady)
        let taken = Array(bytes.prefix(Int(min(UInt64(bytes.count), total - count))))
        try open.write(taken, at: count)
        hash.update(taken)
        count += UInt64(taken.count)
        hashed = count
    }

    /// When this returns, what was appended is on disk.
    public func sync() throws { try open.sync() }

    /// Gives the whole file its name; when this returns, that is on disk.
    ///
    /// - Throws: `CustodyError` with code `document-damaged` if it is another file than it should be: it is removed then;
    ///   `store-failed`, also where it was erased meanwhile.
    public func finish() throws {
        precondition(isReady && count == total)
        guard hash.result() == file else {
            unlink(folder.part(of: file))
            throw DocumentFolder.damaged(file)
        }
        try open.sync()
        try OpenFile.rename(folder.part(of: file), to: folder.file(file), folder: folder.path)
    }
}

/// A descriptor, closed with the last reference.
final class OpenFile: Sendable {
    private let descriptor: Int32
    private let path: String

    init(_ path: String, _ flags: Int32) throws {
        self.path = path
        descriptor = Glibc.open(path, flags | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure(path) }
    }

    deinit { close(descriptor) }

    var size: UInt64 {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? UInt64(max(0, status.st_size)) : 0
    }

    /// As many bytes as are there, at most `count`.
    func read(at place: UInt64, count: Int) throws -> [UInt8] {
        try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let got = pread(
                    descriptor, buffer.baseAddress?.advanced(by: filled), count - filled,
                    off_t(clamping: place) + filled)
                if got < 0, errno == EINTR { continue }
                guard got >= 0 else { throw Self.failure(path) }
                if got == 0 { break }
                filled += got
            }
        }
    }

    func write(_ bytes: [UInt8], at place: UInt64) throws {
        try bytes.withUnsafeBytes { buffer in
            var done = 0
            while done < buffer.count {
                let put = pwrite(
                    descriptor, buffer.baseAddress?.advanced(by: done), buffer.count - done,
                    off_t(clamping: place) + done)
                if put < 0, errno == EINTR { continue }
                guard put > 0 else { throw Self.failure(path) }
                done += put
            }
        }
    }

    func sync() throws { guard fsync(descriptor) == 0 else { throw Self.failure(path) } }

    /// What the superuser adds must be readable for the gateway, which has another user's rights.
    func give(toOwnerOf other: String) throws {
        guard geteuid() == 0 else { return }
        var status = stat()
        guard stat(other, &status) == 0, fchown(descriptor, status.st_uid, status.st_gid) == 0 else {
            throw Self.failure(path)
        }
    }

    func truncate() throws { guard ftruncate(descriptor, 0) == 0 else { throw Self.failure(path) } }

    static func rename(_ path: String, to other: String, folder: String) throws {
        guard Glibc.rename(path, other) == 0 else { throw failure(other) }
        try OpenFile(folder, O_RDONLY | O_DIRECTORY).sync()
    }

    static func size(of path: String) -> UInt64? {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG ? UInt64(max(0, status.st_size)) : nil
    }

    /// When a file was last written, UTC seconds.
    static func changed(_ path: String) -> Int64? {
        var status = stat()
        return lstat(path, &status) == 0 ? Int64(status.st_mtim.tv_sec) : nil
    }

    static func failure(_ path: String) -> CustodyError {
        CustodyError(
            .storeFailed, "the file of a document cannot be used: \(String(cString: strerror(errno)))", at: path,
            remedy: "check the disk and the rights")
    }
}

extension CustodyError.Code {
    /// A public document without bytes.
    public static let documentEmpty: Self = "document-empty"
    /// A document whose file is not here.
    public static let documentMissing: Self = "document-missing"
}
