import FoundationEssentials
import Glibc
import Ledger

/// The folder of one demo, which holds it as long as it runs.
///
/// A folder is emptied only if it bears the demo's mark and nothing of an earlier demo still runs there.
final class DemoFolder: Sendable {
    static let markName = "firmware-sim-demo"

    /// Absolute.
    let path: String
    private let mark: Int32

    /// Throws `demo-folder-foreign`, `demo-folder-not-usable`, `demo-running`.
    init(_ path: String) throws {
        let path = DemoFolder.absolute(path)
        let markPath = "\(path)/\(DemoFolder.markName)"
        if try !DemoFolder.entries(path).isEmpty, access(markPath, F_OK) != 0 {
            throw CustodyError(
                "demo-folder-foreign", "The folder holds something that no demo has made", at: path,
                remedy: "Choose another --directory.")
        }
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw DemoFolder.notUsable(path, "\(error)")
        }
        mark = open(markPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        self.path = path
        guard mark >= 0 else { throw DemoFolder.notUsable(markPath, systemMessage()) }
        guard flock(mark, LOCK_EX | LOCK_NB) == 0 else {
            throw DemoFolder.running("Another demo runs in this folder", path, "Stop it with Ctrl-C.")
        }
        try checkNothingRuns()
        try empty()
    }

    deinit {
        if mark >= 0 { close(mark) }
    }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    /// Throws `demo-folder-not-usable`.
    func makeFolder(_ name: String) throws {
        do {
            try FileManager.default.createDirectory(atPath: file(name), withIntermediateDirectories: true)
        } catch {
            throw DemoFolder.notUsable(file(name), "\(error)")
        }
    }

    /// Throws `demo-folder-not-usable`.
    func write(_ text: String, to name: String) throws {
        do {
            try Data(text.utf8).write(to: URL(filePath: file(name)))
        } catch {
            throw DemoFolder.notUsable(file(name), "\(error)")
        }
    }

    /// Throws `demo-folder-not-usable`.
    func read(_ name: String) throws -> String {
        do { return try String(contentsOfFile: file(name), encoding: .utf8) } catch {
            throw Self.notUsable(file(name), "\(error)")
        }
    }

    func copy(_ name: String, to copy: String) throws {
        do {
            try FileManager.default.copyItem(atPath: file(name), toPath: file(copy))
        } catch {
            throw DemoFolder.notUsable(file(copy), "\(error)")
        }
    }
}

// MARK: What an earlier demo left

extension DemoFolder {
    private func checkNothingRuns() throws {
        for name in try DemoFolder.entries(path) where DemoFolder.isLocked(file("\(name)/gateway.lock")) {
            throw DemoFolder.running(
                "A gateway of an earlier demo still runs", file(name),
                "Stop it: its process id stands in \(file("\(name)/gateway.log")).")
        }
        if let broker = runningBroker() {
            throw DemoFolder.running("The broker of an earlier demo still runs", path, "Stop it: kill \(broker)")
        }
    }

    private func empty() throws {
        for name in try DemoFolder.entries(path) where name != DemoFolder.markName {
            do { try FileManager.default.removeItem(atPath: file(name)) } catch {
                throw DemoFolder.notUsable(file(name), "\(error)")
            }
        }
    }

    private static func isLocked(_ path: String) -> Bool {
        let descriptor = open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return flock(descriptor, LOCK_EX | LOCK_NB) != 0
    }

    /// Its process id; another program that has got the number since is not meant.
    private func runningBroker() -> Int? {
        guard let text = try? String(contentsOfFile: file("broker/mosquitto.pid"), encoding: .utf8),
            let process = Int(text.prefix { $0.isNumber }),
            let command = try? Data(contentsOf: URL(filePath: "/proc/\(process)/cmdline"))
        else { return nil }
        let words = command.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        return words.contains(file("broker/mosquitto.conf")) ? process : nil
    }

    /// Empty where there is no folder.
    private static func entries(_ path: String) throws -> [String] {
        guard access(path, F_OK) == 0 else { return [] }
        do { return try FileManager.default.contentsOfDirectory(atPath: path) } catch {
            throw notUsable(path, "\(error)")
        }
    }

    private static func absolute(_ path: String) -> String {
        let whole = path.hasPrefix("/") ? path : "\(FileManager.default.currentDirectoryPath)/\(path)"
        return URL(filePath: whole).standardizedFileURL.path
    }

    private static func running(_ message: String, _ place: String, _ remedy: String) -> CustodyError {
        CustodyError("demo-running", message, at: place, remedy: remedy)
    }

    private static func notUsable(_ place: String, _ reason: String) -> CustodyError {
        CustodyError(
            "demo-folder-not-usable", "The demo's folder cannot be used: \(reason)", at: place,
            remedy: "Choose a --directory that may be written.")
    }
}
