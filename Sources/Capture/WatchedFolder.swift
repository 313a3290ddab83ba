import Glibc
import Ledger
import Logging

/// Images of labels that people or devices put into a directory.
///
/// Each file is decoded, each of its symbols is handed over, and when all are acknowledged the file moves to `done`
/// below the directory, or to `failed` with the reason in a text file beside it. Nothing is ever deleted. A file that
/// has not moved is taken again after a restart. Names that begin with a dot, links and directories are left alone.
public struct WatchedFolder: ScanSource {
    public let name: String
    private let path: String
    private let decoder: DecodeClient
    private let retryAfter: Duration
    private let lane = BlockingLane("custody.watched-folder")
    private let logger: Logger

    /// - Parameters:
    ///   - path: the directory, which must exist; `done` and `failed` are made below it.
    ///   - retryAfter: how long to wait before a file is tried again that the gateway could not take or whose writer
    ///     may still be at work.
    public init(
        name: String, path: String, decoder: DecodeClient, retryAfter: Duration = .seconds(2), logger: Logger
    ) {
        self.name = name
        self.path = path
        self.decoder = decoder
        self.retryAfter = retryAfter
        self.logger = logger
    }

    /// Throws `folder-not-watchable`, `folder-not-writable`, `descriptors-exhausted`.
    public func run(_ accept: @escaping ScanAcceptor) async throws {
        for directory in ["done", "failed"] { try makeDirectory(directory) }
        let waker = try Waker()
        // The watch is set before the first look, so that no file falls between the two.
        let watch = try FolderWatch(path)
        try await withTaskCancellationHandler {
            try await takeAll(accept)
            while !Task.isCancelled {
                let changes = try await lane.run { watch.wait(waker) }
                try await take(changes, accept)
            }
        } onCancel: {
            waker.wake()
        }
    }

    private func take(_ changes: [FolderWatch.Change], _ accept: ScanAcceptor) async throws {
        for change in changes {
            switch change {
            case .finished(let file): try await takePatiently(file, accept)
            case .overflow: try await takeAll(accept)
            }
        }
    }

    private func takeAll(_ accept: ScanAcceptor) async throws {
        for file in try directoryEntries() { try await takePatiently(file, accept) }
    }

    /// Until the file has moved, the task is cancelled, or the folder itself fails.
    private func takePatiently(_ file: String, _ accept: ScanAcceptor) async throws {
        while !Task.isCancelled {
            do {
                if try await take(file, accept) { return }
            } catch let error as CustodyError where error.code == "folder-not-writable" {
                logger.error("cannot move a scanned image", metadata: ["file": "\(file)", "error": "\(error)"])
            }
            try? await Task.sleep(for: retryAfter)
        }
    }

    /// Whether the file needs no further attempt.
    private func take(_ file: String, _ accept: ScanAcceptor) async throws -> Bool {
        guard !file.hasPrefix("."), let image = ImageFile(directory: path, name: file) else { return true }
        do {
            let symbols = try await decoder.decode(lane.run { try image.bytes() })
            guard !symbols.isEmpty else { throw WatchedFolder.noSymbol }
            return try await settle(file, symbols, accept)
        } catch let error as CustodyError where error.code != "folder-not-writable" {
            // The writer of a file that was here at the start may be still at work.
            if error.code == "image-damaged" && image.age < retryAfter { return false }
            if DecodeClient.ownFailures.contains(error.code) {
                logger.error("cannot decode an image yet", metadata: ["file": "\(file)", "error": "\(error)"])
                return false
            }
            try fail(file, [error.description])
            return true
        }
    }

    private func settle(_ file: String, _ symbols: [DecodedSymbol], _ accept: ScanAcceptor) async throws -> Bool {
        var refusals: [String] = []
        var waiting: String?
        for symbol in symbols {
            switch await accept(symbol.scan, ScanOrigin(source: name, item: file)) {
            case .recorded: waiting = nil
            case .held(let error): waiting = "\(symbol.symbology): \(error)"
            case .refused(let error): refusals.append("\(symbol.symbology): \(error)")
            case .unavailable(let error):
                logger.warning("scan not taken yet", metadata: ["file": "\(file)", "error": "\(error)"])
                return false
            }
        }
        if let waiting { refusals.append(waiting) }
        if refusals.isEmpty {
            _ = try move(file, to: "done")
        } else {
            try fail(file, refusals)
        }
        return true
    }

    private func fail(_ file: String, _ reasons: [String]) throws {
        let moved = try move(file, to: "failed")
        let text = Array((reasons.joined(separator: "\n") + "\n").utf8)
        let reason = open("\(path)/failed/\(moved).reason", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o640)
        guard reason >= 0 else { throw notWritable("failed") }
        defer { close(reason) }
        guard write(reason, text, text.count) == text.count else { throw notWritable("failed") }
    }

    /// The name that the file has there: its own, or one with a number when that is taken.
    private func move(_ file: String, to directory: String) throws -> String {
        for attempt in 0..<WatchedFolder.namesMax {
            let name = attempt == 0 ? file : "\(attempt)-\(file)"
            let target = "\(path)/\(directory)/\(name)"
            // Only this source moves files there, so nothing takes the name between the look and the move.
            if access(target, F_OK) == 0 { continue }
            guard rename("\(path)/\(file)", target) == 0 else { break }
            return name
        }
        throw notWritable(directory)
    }

    /// How many files of one name are kept apart.
    static let namesMax = 100_000

    private func makeDirectory(_ directory: String) throws {
        guard mkdir("\(path)/\(directory)", 0o750) == 0 || errno == EEXIST else { throw notWritable(directory) }
    }

    private func notWritable(_ directory: String) -> CustodyError {
        CustodyError(
            "folder-not-writable", "The folder cannot be written: \(systemMessage())", at: "\(path)/\(directory)",
            remedy: "Check its owner, its permissions and the free space.")
    }

    private func directoryEntries() throws -> [String] {
        guard let directory = opendir(path) else {
            throw CustodyError("folder-not-watchable", "The folder cannot be read: \(systemMessage())", at: path)
        }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            names.append(
                withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                })
        }
        return names.sorted()
    }

    private static let noSymbol = CustodyError(
        "image-without-symbol", "No bar code or QR Code was found in the image",
        remedy: "Take the picture closer, sharper and with more light.")
}

/// An opened regular file: what is behind its name can no longer change under the reader.
private final class ImageFile: Sendable {
    private let descriptor: Int32
    private let status: stat

    /// Nil when there is no regular file of that name.
    init?(directory: String, name: String) {
        descriptor = open("\(directory)/\(name)", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        var status = stat()
        let known = descriptor >= 0 && fstat(descriptor, &status) == 0
        self.status = status
        guard known, status.st_mode & S_IFMT == S_IFREG else { return nil }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// How long ago the file was last written.
    var age: Duration {
        .seconds(time(nil) - status.st_mtim.tv_sec)
    }

    func bytes() throws -> [UInt8] {
        let count = Int(clamping: status.st_size)
        try ImageDecoder.checkSize(count)
        return [UInt8](unsafeUninitializedCapacity: count) { bytes, initialised in
            while initialised < count {
                let got = read(descriptor, bytes.baseAddress.map { $0 + initialised }, count - initialised)
                guard got > 0 else { return }
                initialised += got
            }
        }
    }
}
