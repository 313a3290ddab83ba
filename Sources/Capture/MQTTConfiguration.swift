import Glibc
import Ledger

/// How to reach a broker, and as whom.
public struct MQTTConfiguration: Sendable {
    /// The protocol's version.
    public enum Version: String, Sendable, CaseIterable {
        case v311 = "3.1.1"
        case v5 = "5"
    }

    /// TLS to the broker. The broker's certificate is always checked, its name too.
    public struct TLS: Sendable {
        /// PEM file of the authorities whose certificates are believed.
        public var authorityFile: String
        /// PEM files of our own certificate and its key, for a broker that asks for one: both or neither.
        public var certificateFile: String?
        public var keyFile: String?

        public init(authorityFile: String, certificateFile: String? = nil, keyFile: String? = nil) {
            self.authorityFile = authorityFile
            self.certificateFile = certificateFile
            self.keyFile = keyFile
        }
    }

    /// What the broker publishes for a client whose connection is lost without a goodbye (MQTT 5 section 3.1.2.5).
    public struct Will: Hashable, Sendable {
        public var topic: String
        public var payload: [UInt8]
        /// 0, 1 or 2.
        public var qos: Int32
        public var retain: Bool

        public init(topic: String, payload: [UInt8], qos: Int32 = 1, retain: Bool = false) {
            self.topic = topic
            self.payload = payload
            self.qos = qos
            self.retain = retain
        }
    }

    /// The largest payload of a will, in bytes: its length is sent in 16 bits (MQTT 5 section 3.1.3.4).
    public static let willBytesMax = 65_535

    /// A password file is read up to this size, in bytes.
    public static let passwordBytesMax = 4_096

    public var host: String
    public var port: Int
    /// Fixed for the life of the gateway: the broker keeps the session, and what it has not delivered, under this name.
    public var clientID: String
    public var version: Version
    /// Topic filters to subscribe to with QoS 1. A publisher has none.
    public var topics: [String]
    public var tls: TLS?
    public var user: String?
    /// A file whose first line is the password, read at each connection, so that it can be changed.
    public var passwordFile: String?
    public var keepAlive: Duration
    public var backoff: Backoff
    public var will: Will?
    /// Whether the broker keeps the session while this client is away; otherwise each connection begins a new one.
    public var keepsSession: Bool

    public init(
        host: String, port: Int, clientID: String, version: Version = .v5, topics: [String] = [], tls: TLS? = nil,
        user: String? = nil, passwordFile: String? = nil, keepAlive: Duration = .seconds(30),
        backoff: Backoff = Backoff(first: .milliseconds(500), longest: .seconds(60)), will: Will? = nil,
        keepsSession: Bool = true
    ) {
        self.host = host
        self.port = port
        self.clientID = clientID
        self.version = version
        self.topics = topics
        self.tls = tls
        self.user = user
        self.passwordFile = passwordFile
        self.keepAlive = keepAlive
        self.backoff = backoff
        self.will = will
        self.keepsSession = keepsSession
    }

    /// Throws `mqtt-configuration-invalid` for what no broker could accept.
    func check() throws {
        guard !host.isEmpty else { throw invalid("the broker's host is missing") }
        guard (1...65_535).contains(port) else { throw invalid("the port \(port) is not between 1 and 65535") }
        guard (1...256).contains(clientID.utf8.count) else { throw invalid("the client id must have 1 to 256 bytes") }
        guard (5...65_535).contains(keepAlive.components.seconds) else {
            throw invalid("the keep-alive must be between 5 and 65535 seconds")
        }
        guard (tls?.certificateFile == nil) == (tls?.keyFile == nil) else {
            throw invalid("a client certificate needs its key, and the key its certificate")
        }
        guard user != nil || passwordFile == nil else { throw invalid("a password needs a user") }
        if let will { try check(will) }
    }

    private func check(_ will: Will) throws {
        guard !will.topic.isEmpty, !will.topic.utf8.contains(where: { [0x23, 0x2B].contains($0) }) else {
            throw invalid("the will's topic is empty or has a wildcard")
        }
        guard will.payload.count <= MQTTConfiguration.willBytesMax else {
            throw invalid("the will has more than \(MQTTConfiguration.willBytesMax) bytes")
        }
        guard (0...2).contains(will.qos) else { throw invalid("there is no QoS \(will.qos)") }
    }

    /// Throws `password-file-not-readable`.
    func password() throws -> String? {
        guard let passwordFile else { return nil }
        let descriptor = open(passwordFile, O_RDONLY | O_CLOEXEC)
        var bytes = [UInt8](repeating: 0, count: MQTTConfiguration.passwordBytesMax + 1)
        let got = descriptor >= 0 ? read(descriptor, &bytes, bytes.count) : -1
        let reason = systemMessage()
        if descriptor >= 0 { close(descriptor) }
        guard got >= 0 else { throw notReadable(passwordFile, reason) }
        guard got <= MQTTConfiguration.passwordBytesMax else { throw notReadable(passwordFile, "it is too large") }
        return String(decoding: bytes.prefix(got).prefix { $0 != 0x0A && $0 != 0x0D }, as: UTF8.self)
    }

    private func invalid(_ reason: String) -> CustodyError {
        CustodyError(
            "mqtt-configuration-invalid", "The MQTT connection is configured wrongly: \(reason)",
            at: "\(host):\(port)", remedy: "Correct the configuration.")
    }

    private func notReadable(_ file: String, _ reason: String) -> CustodyError {
        CustodyError(
            "password-file-not-readable", "The password file cannot be read: \(reason)", at: file,
            remedy: "Check the path and its permissions.")
    }
}

/// What an MQTT connection is doing, for logs and metrics.
public enum MQTTStatus: Sendable, Hashable {
    /// The broker took the login and, where there are topics, granted every subscription with QoS 1.
    case connected
    /// The connection failed or ended; it is tried again after `retryAfter`.
    case disconnected(CustodyError, retryAfter: Duration)
}
