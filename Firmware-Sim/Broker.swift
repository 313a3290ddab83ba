import FoundationEssentials
import Glibc
import Ledger
import Rig

/// A real mosquitto broker on this machine's loopback, with everything it needs in one folder.
///
/// Each device may write below its own name only (`sensors/<login>/#`); readers may read all of it. The broker keeps
/// sessions on disk and, unlike mosquitto by default, never drops a message because a queue is full.
actor Broker {
    /// The most logins.
    static let loginsMax = 10_000

    nonisolated let folder: String
    nonisolated let port: Int
    private let devices: [String]
    private let readers: [String]
    private var process: ChildProcess?

    /// Writes configuration, access rules and passwords into `folder`; passwords that are there already stay.
    ///
    /// - Parameters:
    ///   - port: nil finds a free one.
    ///   - random: where new passwords come from.
    ///
    /// Throws `device-name-unusable`, `broker-folder-not-usable`, `broker-program-missing`, `loopback-port-missing`.
    init(
        folder: String, port: Int? = nil, devices: [String], readers: [String],
        random: inout some RandomNumberGenerator
    ) async throws {
        precondition(devices.count + readers.count <= Broker.loginsMax)
        try (devices + readers).forEach(SensorReading.checkDevice)
        self.folder = folder
        self.devices = devices
        self.readers = readers
        self.port = try port ?? Loopback.freePort()
        let passwords = try Broker.passwords(folder, devices + readers, &random)
        try writeFiles(passwords)
        try await Broker.hashPasswords(folder)
    }

    /// The file that holds a login's password.
    nonisolated func passwordFile(of login: String) -> String {
        Broker.passwordFile(folder, login)
    }

    /// Returns when the broker accepts connections. Throws `broker-not-started`.
    func start(within limit: Duration = .seconds(10)) async throws {
        guard process == nil else { return }
        let process = try ChildProcess(
            Broker.program("mosquitto"), ["-c", "\(folder)/mosquitto.conf"], output: .file("\(folder)/mosquitto.log"))
        self.process = process
        let deadline = ContinuousClock.now + limit
        while !Broker.accepts(port) {
            guard process.isRunning, ContinuousClock.now < deadline, !Task.isCancelled else {
                self.process = nil
                await process.stop()
                throw CustodyError(
                    "broker-not-started", "The broker did not start", at: "\(folder)/mosquitto.log",
                    remedy: "Read the broker's log; another program may have its port.")
            }
            try? await Task.sleep(for: .milliseconds(20))
        }
    }

    /// Ends the broker in order, with its sessions on disk. It can be started again.
    func stop() async {
        let process = process
        self.process = nil
        await process?.stop()
    }

    /// Ends the broker as a power cut would.
    func kill() async {
        let process = process
        self.process = nil
        process?.send(SIGKILL)
        _ = await process?.wait(within: .seconds(10))
    }
}

// MARK: Its files

extension Broker {
    private nonisolated func writeFiles(_ passwords: [(login: String, password: String)]) throws {
        try Broker.write(configuration, to: "\(folder)/mosquitto.conf")
        try Broker.write(rules, to: "\(folder)/acl")
        let lines = passwords.map { "\($0.login):\($0.password)\n" }.joined()
        try Broker.write(lines, to: "\(folder)/passwd")
    }

    private nonisolated var configuration: String {
        // Started by root it would become another user, who cannot write here.
        let user = geteuid() == 0 ? "user root\n" : ""
        return """
            listener \(port) 127.0.0.1
            \(user)allow_anonymous false
            password_file \(folder)/passwd
            acl_file \(folder)/acl
            persistence true
            persistence_location \(folder)
            autosave_interval 30
            max_inflight_messages 0
            max_queued_messages 0
            pid_file \(folder)/mosquitto.pid
            log_dest stderr
            log_timestamp_format %Y-%m-%dT%H:%M:%SZ

            """
    }

    private nonisolated var rules: String {
        readers.map { "user \($0)\ntopic read sensors/#\ntopic readwrite spBv1.0/#\n\n" }.joined()
            + "pattern write sensors/%u/#\npattern write spBv1.0/+/+/%u\npattern write spBv1.0/+/+/%u/#\n"
            + "pattern read spBv1.0/+/NCMD/%u\n"
    }

    /// The tool reads the plain file and writes it hashed: no password is ever an argument.
    private static func hashPasswords(_ folder: String) async throws {
        let tool = try ChildProcess(
            program("mosquitto_passwd"), ["-U", "\(folder)/passwd"], output: .file("\(folder)/mosquitto.log"))
        guard await tool.wait(within: .seconds(60)) == 0 else {
            await tool.stop()
            throw notUsable(folder, "its password file was not made, see mosquitto.log")
        }
    }

    private static func passwords(
        _ folder: String, _ logins: [String], _ random: inout some RandomNumberGenerator
    ) throws -> [(login: String, password: String)] {
        let passwordFolder = "\(folder)/passwords"
        do {
            try FileManager.default.createDirectory(
                atPath: passwordFolder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw notUsable(folder, "\(error)")
        }
        return try logins.map { login in
            let path = passwordFile(folder, login)
            if let old = try? String(contentsOfFile: path, encoding: .utf8) {
                return (login, String(old.prefix { $0 != "\n" }))
            }
            let password = newPassword(&random)
            try write(password + "\n", to: path)
            return (login, password)
        }
    }

    private static func newPassword(_ random: inout some RandomNumberGenerator) -> String {
        let letters = Array("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789")
        return String((0..<24).map { _ in letters[Int(random.next(upperBound: UInt(letters.count)))] })
    }

    private static func passwordFile(_ folder: String, _ login: String) -> String {
        "\(folder)/passwords/\(login)"
    }

    /// Readable by its owner only from its first byte on.
    private static func write(_ text: String, to path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw notUsable(path, systemMessage()) }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count else { throw notUsable(path, systemMessage()) }
    }

    private static func notUsable(_ place: String, _ reason: String) -> CustodyError {
        CustodyError(
            "broker-folder-not-usable", "The broker's folder cannot be used: \(reason)", at: place,
            remedy: "Choose a folder that may be written.")
    }
}

// MARK: Its surroundings

extension Broker {
    private static func program(_ name: String) throws -> String {
        let path: String = getenv("PATH").map { String(cString: $0) } ?? ""
        let folders: [String] = path.split(separator: ":").map(String.init) + ["/usr/sbin", "/usr/local/sbin"]
        let candidates = folders.map { "\($0)/\(name)" }
        guard let found = candidates.first(where: { access($0, X_OK) == 0 }) else {
            throw CustodyError(
                "broker-program-missing", "The program \(name) is not installed",
                remedy: "Install the package mosquitto.")
        }
        return found
    }

    private static func accepts(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        var address = Loopback.address(port)
        return withUnsafeBytes(of: &address) { bytes in
            guard let place = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self) else { return false }
            return connect(descriptor, place, socklen_t(bytes.count)) == 0
        }
    }
}
