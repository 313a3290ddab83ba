import Glibc
import Rig
import Testing

@testable import Capture

/// A real mosquitto on a free loopback port, with its files in a temporary directory.
final class Broker {
    enum Access {
        case anonymous
        /// User `gateway`, password `secret`.
        case password
        /// TLS with a certificate of the authority in `authorityFile`.
        case tls
    }

    struct NotStarted: Error {}

    let port: Int
    let directory: String
    private var process: pid_t?

    var authorityFile: String { directory + "/ca.pem" }

    init(_ access: Access = .anonymous) throws {
        directory = try Fixture.temporaryDirectory()
        port = try Loopback.freePort()
        try Fixture.write(Array(configuration(access).utf8), to: directory + "/mosquitto.conf")
        switch access {
        case .anonymous: break
        case .password:
            let arguments = ["-b", "-c", "users", "gateway", "secret"]
            try Fixture.run("/usr/bin/mosquitto_passwd", arguments, in: directory)
        case .tls:
            try Broker.makeCertificates(in: directory)
        }
        try start()
    }

    deinit {
        stop()
    }

    func start() throws {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        let configuration = directory + "/mosquitto.conf"
        process = try spawnProcess("/usr/sbin/mosquitto", ["-c", configuration], [], [(from: ends[1], to: 2)])
        close(ends[1])
        // Left open, because a broker that cannot write its log dies.
        try Broker.awaitRunning(ends[0])
    }

    /// Ends the broker as a shutdown does, which saves its sessions.
    func stop() {
        guard let process else { return }
        var status: Int32 = 0
        // A signal between its "running" and its main loop is forgotten by mosquitto, so it is sent until it works.
        repeat {
            kill(process, SIGTERM)
            poll(nil, 0, 5)
        } while waitpid(process, &status, WNOHANG) == 0
        self.process = nil
    }

    /// Has it write its sessions and what waits in them to the disk, which otherwise it does when it ends.
    func save() throws {
        let deadline = ContinuousClock.now + .seconds(10)
        let before = savedFile
        while savedFile == before {
            try #require(ContinuousClock.now < deadline, "the broker saves")
            if let process { kill(process, SIGUSR1) }
            poll(nil, 0, 5)
        }
    }

    /// Ends the broker as a lost power supply does, which saves nothing.
    func crash() {
        guard let process else { return }
        kill(process, SIGKILL)
        waitpid(process, nil, 0)
        self.process = nil
    }

    /// Which file holds what was saved last: each time it is another; nil before the first.
    private var savedFile: UInt? {
        var status = stat()
        return stat(directory + "/mosquitto.db", &status) == 0 ? UInt(status.st_ino) : nil
    }

    func connection(
        _ clientID: String, _ version: MQTTConfiguration.Version = .v5, topics: [String] = ["t/#"]
    ) -> MQTTConfiguration {
        MQTTConfiguration(
            host: "127.0.0.1", port: port, clientID: clientID, version: version, topics: topics,
            backoff: Backoff(first: .milliseconds(10), longest: .milliseconds(100), random: { 0 }))
    }

    private func configuration(_ access: Access) -> String {
        """
        listener \(port) 127.0.0.1
        allow_anonymous \(access != .password)
        persistence true
        persistence_location \(directory)/
        max_queued_messages 0
        max_inflight_messages 0
        log_dest stderr
        log_type error
        log_type information
        connection_messages false
        user root
        \(access == .password ? "password_file \(directory)/users" : "")
        \(access == .tls ? "certfile \(directory)/server.pem\nkeyfile \(directory)/server.key" : "")
        """
    }

    /// Reads the log until the broker says that it runs.
    private static func awaitRunning(_ log: Int32) throws {
        var text = ""
        var chunk = [UInt8](repeating: 0, count: 4096)
        while !text.contains(" running") {
            var readable = pollfd(fd: log, events: Int16(POLLIN), revents: 0)
            guard poll(&readable, 1, 10_000) > 0 else { throw NotStarted() }
            let got = read(log, &chunk, chunk.count)
            guard got > 0 else { throw NotStarted() }
            text += String(decoding: chunk.prefix(got), as: UTF8.self)
        }
    }

    /// One authority that signs the server's certificate for 127.0.0.1, and another that signs nothing.
    private static func makeCertificates(in directory: String) throws {
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        for name in ["ca", "other"] {
            try openssl(
                ["req", "-x509"] + key + ["-keyout", "\(name).key", "-out", "\(name).pem", "-subj", "/CN=\(name)"],
                in: directory)
        }
        let request = ["-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=broker"]
        try openssl(["req"] + key + request, in: directory)
        try Fixture.write(Array("subjectAltName=IP:127.0.0.1\n".utf8), to: directory + "/server.ext")
        try openssl(
            [
                "x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                "-extfile", "server.ext", "-days", "1", "-out", "server.pem",
            ], in: directory)
    }

    private static func openssl(_ arguments: [String], in directory: String) throws {
        try Fixture.run("/usr/bin/openssl", arguments, in: directory)
    }
}
