import Capture
import Gateway
import Ledger
import Store
import Telemetry

/// One entry of `stations` in `gateway.yaml`: where its scans come from and what they record.
struct StationConfiguration {
    enum Source {
        case folder(String)
        case serial(String, baudRate: Int)
        case hid(String, HIDScanner.Dialect)
        case keyboard(String)
        case camera(String)
        /// Whole messages, over MQTT, by HTTP or both.
        case delivered(PayloadReader.Kind, topic: TopicPattern?, tokenFile: String?)
    }

    let rule: Station.Rule
    let source: Source
    /// Microseconds during which a symbol or tag that stays in view is one scan.
    let dwell: Int64

    /// Over which topic its devices deliver; nil where they do not.
    var topic: TopicPattern? {
        if case .delivered(_, let topic, _) = source { topic } else { nil }
    }

    private static let sources = ["folder", "serial", "hid", "keyboard", "camera", "delivers"]
    private static let others = [
        "name", "step", "facts", "baud", "dialect", "topic", "token-file", "tags", "session", "dwell",
    ]

    /// - Throws: `CustodyError` with code `yaml-malformed`, naming file, line and column.
    init(_ reader: YAMLReader, state: StateDirectory) throws {
        let keys = try reader.mapping(known: Set(Self.sources + Self.others))
        let facts = try keys["facts"]?.pairs().map { ($0.key, try $0.value.text()) } ?? []
        rule = Station.Rule(
            name: try keys.required("name", of: reader).text(), step: try keys.required("step", of: reader).text(),
            facts: Dictionary(facts, uniquingKeysWith: { _, last in last }),
            session: try Self.seconds(keys["session"], usual: 10))
        dwell = try Self.seconds(keys["dwell"], usual: 5)
        let named = Self.sources.filter { keys[$0] != nil }
        guard named.count == 1 else {
            throw reader.failure("a station has one of: \(Self.sources.joined(separator: ", "))")
        }
        source = try Self.source(named[0], keys, of: reader, state: state)
    }

    private static func source(
        _ name: String, _ keys: [String: YAMLReader], of reader: YAMLReader, state: StateDirectory
    ) throws -> Source {
        let value = try keys.required(name, of: reader)
        let path = state.path(try value.text())
        switch name {
        case "folder": return .folder(path)
        case "serial": return .serial(path, baudRate: try keys["baud"]?.number() ?? 9_600)
        case "hid": return .hid(path, try dialect(keys["dialect"]))
        case "keyboard": return .keyboard(path)
        case "camera": return .camera(path)
        default:
            let topic = try keys["topic"].map { reader throws -> TopicPattern in
                do { return try TopicPattern(try reader.text()) } catch let error as TelemetryError {
                    throw reader.failure(error.message)
                }
            }
            let token = try keys["token-file"].map { state.path(try $0.text()) }
            guard topic != nil || token != nil else {
                throw reader.failure(
                    "what a station's devices deliver comes over MQTT (topic) or by HTTP (token-file)")
            }
            return .delivered(try kind(value, tags: keys["tags"]), topic: topic, tokenFile: token)
        }
    }

    private static func kind(_ value: YAMLReader, tags: YAMLReader?) throws -> PayloadReader.Kind {
        switch try value.text() {
        case "image": return .image
        case "text": return .text
        case "ndef": return .ndef
        case "impinj": return .tags(.impinj)
        case "zebra": return .tags(.zebra)
        case "tags":
            guard let tags else { throw value.failure("'tags' says where the fields of a tag stand") }
            let keys = try tags.mapping(known: ["list", "epc"])
            return .tags(
                .mapped(
                    try TagMapping(
                        list: try keys["list"]?.text() ?? "", epc: try keys.required("epc", of: tags).text())))
        default: throw value.failure("devices deliver: image, text, ndef, impinj, zebra or tags")
        }
    }

    private static func dialect(_ reader: YAMLReader?) throws -> HIDScanner.Dialect {
        guard let reader else { return .automatic }
        guard let dialect = HIDScanner.Dialect(rawValue: try reader.text()) else {
            let known = HIDScanner.Dialect.allCases.map(\.rawValue).joined(separator: ", ")
            throw reader.failure("the dialects of HID scanners are: \(known)")
        }
        return dialect
    }

    /// Microseconds.
    private static func seconds(_ reader: YAMLReader?, usual: Int) throws -> Int64 {
        let seconds = try reader?.number() ?? usual
        guard let reader, !(0...3_600).contains(seconds) else { return Int64(seconds) * 1_000_000 }
        throw reader.failure("it lasts 0 to 3600 seconds")
    }
}

extension StateDirectory {
    /// Paths in a configuration are relative to the state directory.
    func path(_ path: String) -> String { path.hasPrefix("/") ? path : file(path) }
}
