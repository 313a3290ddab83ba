import Capture
import Consortium
import Foundation
import Gateway
import Ledger
import Store
import Telemetry

/// What `gateway.yaml` says.
struct GatewayConfiguration {
    struct Peer {
        let organisation: String
        let address: String
    }

    /// A witness or mirror that is no member's, to which this gateway's own log is pushed.
    struct Cosigner {
        let kind: CosignerSession.Kind
        let key: VerifierKey
        let url: String
        /// PEM file of the CAs that are believed; those of this machine if there is none.
        let authority: String?
    }

    /// A log that no member writes, and of which this gateway keeps a mirror.
    struct ForeignLog {
        let key: VerifierKey
        /// Where it is pulled from; nil if somebody pushes it here.
        let url: String?
        let authority: String?
        let interval: Duration
    }

    struct Broker {
        let connection: MQTTConfiguration
        let topics: [TelemetryTopic]
        /// The name under which this gateway is a Sparkplug host application; nil where it is none.
        let sparkplugHost: String?
    }

    let host: String
    let port: Int
    let peers: [Peer]
    let cosigners: [Cosigner]
    let foreignLogs: [ForeignLog]
    let stations: [StationConfiguration]
    /// Where devices of stations upload; nil where none does.
    let uploads: (host: String, port: Int)?
    let brokers: [Broker]
    let conditions: ConditionRule?
    let disk: DiskWatch.Rule
    let timeStamps: TimeStamps?
    let mirror: MirrorChoice

    /// - Throws: `CustodyError` with code `yaml-malformed`, naming file, line and column.
    init(file: String, state: StateDirectory, origin: String) throws {
        let root = try YAMLReader(text: try NamedFile.text(file), file: file)
        let keys = try root.mapping(known: [
            "custody-gateway", "listen", "uploads", "peers", "cosigners", "mirror-logs", "stations", "mqtt",
            "conditions", "disk", "head-copy", "passphrase-file", "time-stamps", "mirror",
        ])
        guard try keys.required("custody-gateway", of: root).number() == 1 else {
            throw root.failure("this release reads configurations of version 1")
        }
        (host, port) = try keys["listen"].map(Self.address) ?? ("127.0.0.1", 7443)
        uploads = try keys["uploads"].map(Self.address)
        peers = try keys["peers"]?.list().map(Self.peer) ?? []
        cosigners = try keys["cosigners"]?.list().map { try Self.cosigner($0, state: state) } ?? []
        foreignLogs = try keys["mirror-logs"]?.list().map { try Self.foreignLog($0, state: state) } ?? []
        stations = try keys["stations"]?.list().map { try StationConfiguration($0, state: state) } ?? []
        brokers = try keys["mqtt"]?.list().map { try Self.broker($0, state: state, origin: origin) } ?? []
        conditions = try keys["conditions"].map { try ConditionRule($0) }
        disk = try keys["disk"].map(Self.disk) ?? DiskWatch.Rule()
        timeStamps = try keys["time-stamps"].map { try TimeStamps($0, state: state) }
        mirror = try keys["mirror"].map { try MirrorChoice($0) } ?? .all
    }

    /// Where the newest head is kept outside the state directory: beside it, where the configuration says nothing; nil
    /// where it says `none`. Asked before there is a log.
    static func headCopy(file: String, state: StateDirectory) throws -> String? {
        guard let path = try value(of: "head-copy", file: file) else { return state.headBeside }
        return path == "none" ? nil : state.path(path)
    }

    /// Where the passphrase of the private keys stands; nil where the configuration does not say. Asked before anything
    /// else.
    static func passphraseFile(file: String, state: StateDirectory) throws -> String? {
        try value(of: "passphrase-file", file: file).map(state.path)
    }

    private static func value(of key: String, file: String) throws -> String? {
        guard FileManager.default.fileExists(atPath: file) else { return nil }
        let root = try YAMLReader(text: try NamedFile.text(file), file: file)
        return try root.pairs().first { $0.0 == key }?.1.text()
    }

    private static func disk(_ reader: YAMLReader) throws -> DiskWatch.Rule {
        let keys = try reader.mapping(known: ["warn-hours", "reserve-mib"])
        var rule = DiskWatch.Rule()
        if let hours = try keys["warn-hours"]?.number(in: 1...8_760) { rule.warnHours = Double(hours) }
        if let reserve = try keys["reserve-mib"]?.number(in: 0...1_048_576) { rule.reserve = UInt64(reserve) << 20 }
        return rule
    }

    private static func address(_ reader: YAMLReader) throws -> (String, Int) {
        let text = try reader.text()
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (0...65_535).contains(port)
        else { throw reader.failure("an address is host:port, such as 127.0.0.1:7443") }
        return (String(text[..<colon]), port)
    }

    private static func peer(_ reader: YAMLReader) throws -> Peer {
        let keys = try reader.mapping(known: ["organisation", "address"])
        return Peer(
            organisation: try keys.required("organisation", of: reader).text(),
            address: try keys.required("address", of: reader).text())
    }

    private static func cosigner(_ reader: YAMLReader, state: StateDirectory) throws -> Cosigner {
        let keys = try reader.mapping(known: ["kind", "key", "url", "authority"])
        let kind = try keys.required("kind", of: reader).text()
        guard let known = CosignerSession.Kind(rawValue: kind) else {
            throw reader.failure("cosigners are of kind: witness, mirror")
        }
        let key = try VerifierKey(vkey: try keys.required("key", of: reader).text())
        guard key.algorithm == .cosignature else { throw reader.failure("the key is not one of a cosigner") }
        return Cosigner(
            kind: known, key: key, url: try keys.required("url", of: reader).text(),
            authority: try keys["authority"].map { state.path(try $0.text()) })
    }

    /// Seconds from one look at a foreign log to the next, unless it is configured.
    private static let foreignSeconds = 30

    private static func foreignLog(_ reader: YAMLReader, state: StateDirectory) throws -> ForeignLog {
        let keys = try reader.mapping(known: ["key", "url", "authority", "every-seconds"])
        let key = try VerifierKey(vkey: try keys.required("key", of: reader).text())
        guard key.algorithm == .ed25519 else { throw reader.failure("the key is not one of a log") }
        return ForeignLog(
            key: key, url: try keys["url"]?.text(), authority: try keys["authority"].map { state.path(try $0.text()) },
            interval: .seconds(try keys["every-seconds"]?.number(in: 1...86_400) ?? foreignSeconds))
    }

    private static func broker(_ reader: YAMLReader, state: StateDirectory, origin: String) throws -> Broker {
        let keys = try reader.mapping(known: [
            "host", "port", "topics", "client-id", "version", "user", "password-file", "tls", "sparkplug-host",
        ])
        let topics = try keys.required("topics", of: reader).list().map { try TelemetryTopic($0) }
        let version = try keys["version"]?.text() ?? MQTTConfiguration.Version.v5.rawValue
        guard let known = MQTTConfiguration.Version(rawValue: version) else {
            throw reader.failure("MQTT versions are: 3.1.1, 5")
        }
        let tls = try keys["tls"].map { reader in
            let keys = try reader.mapping(known: ["authority", "certificate", "key"])
            return MQTTConfiguration.TLS(
                authorityFile: state.path(try keys.required("authority", of: reader).text()),
                certificateFile: try keys["certificate"].map { state.path(try $0.text()) },
                keyFile: try keys["key"].map { state.path(try $0.text()) })
        }
        return Broker(
            connection: MQTTConfiguration(
                host: try keys.required("host", of: reader).text(),
                port: try keys["port"]?.number() ?? (tls == nil ? 1_883 : 8_883),
                clientID: try keys["client-id"]?.text() ?? "custody-\(Generation.gateway(ofOrigin: origin))",
                version: known,
                topics: topics.map(\.pattern.filter), tls: tls, user: try keys["user"]?.text(),
                passwordFile: try keys["password-file"].map { state.path(try $0.text()) }),
            topics: topics, sparkplugHost: try keys["sparkplug-host"]?.text())
    }

    /// What `custody init` writes.
    static let sample = """
        # The configuration of this gateway. Paths are relative to this folder.
        custody-gateway: 1
        listen: 127.0.0.1:7443
        peers: []
        stations: []
        mqtt: []

        """
}
