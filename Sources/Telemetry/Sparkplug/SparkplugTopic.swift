/// What a topic of the namespace `spBv1.0` says (Sparkplug 3.0 section 4.1):
/// `spBv1.0/{group}/{kind}/{edge}` or `spBv1.0/{group}/{kind}/{edge}/{device}`, and `spBv1.0/STATE/{host}` beside them.
struct SparkplugTopic {
    enum Kind: UInt8 {
        case nodeBirth
        case nodeDeath
        case nodeData
        case nodeCommand
        case deviceBirth
        case deviceDeath
        case deviceData
        case deviceCommand

        init?(_ level: Substring) {
            switch level {
            case "NBIRTH": self = .nodeBirth
            case "NDEATH": self = .nodeDeath
            case "NDATA": self = .nodeData
            case "NCMD": self = .nodeCommand
            case "DBIRTH": self = .deviceBirth
            case "DDEATH": self = .deviceDeath
            case "DDATA": self = .deviceData
            case "DCMD": self = .deviceCommand
            default: return nil
            }
        }

        var isBirth: Bool { self == .nodeBirth || self == .deviceBirth }

        var isCommand: Bool { self == .nodeCommand || self == .deviceCommand }

        var isOfDevice: Bool {
            switch self {
            case .deviceBirth, .deviceDeath, .deviceData, .deviceCommand: true
            case .nodeBirth, .nodeDeath, .nodeData, .nodeCommand: false
            }
        }
    }

    static let namespace = "spBv1.0"
    static let state = "STATE"

    let kind: Kind
    let node: SparkplugNode

    /// The device's name in its node; nil for a message of the node itself.
    let device: String?

    /// The name that readings and events carry: `group/edge`, or `group/edge/device`.
    let name: String

    /// Reads a topic; nil where it is a host's state, which says nothing of any node.
    init?(_ topic: String) throws(TelemetryError) {
        let levels = topic.utf8.split(separator: UInt8(ascii: "/"), maxSplits: 5, omittingEmptySubsequences: false)
        guard levels.count >= 3, levels[0].elementsEqual(SparkplugTopic.namespace.utf8) else {
            throw SparkplugTopic.invalid
        }
        let isOfState = levels[1].elementsEqual(SparkplugTopic.state.utf8)
        if isOfState, levels.count == 3 { return nil }
        guard !isOfState, levels.count == 4 || levels.count == 5, let kind = Kind(Substring(levels[2])),
            kind.isOfDevice == (levels.count == 5)
        else { throw SparkplugTopic.invalid }
        self.kind = kind
        node = SparkplugNode(
            group: try SparkplugTopic.name(levels[1]), edge: try SparkplugTopic.name(levels[3]))
        device = levels.count == 5 ? try SparkplugTopic.name(levels[4]) : nil
        name = node.group + "/" + node.edge + (device.map { "/" + $0 } ?? "")
        guard name.utf8.count <= Reading.textBytesMax else {
            throw TelemetryError(
                .topicInvalid, "The names of group, node and device have more than \(Reading.textBytesMax) bytes.")
        }
    }

    /// A name that no reading may carry is refused here, before anything is remembered of it.
    private static func name(_ level: Substring.UTF8View) throws(TelemetryError) -> String {
        guard !level.isEmpty, !level.contains(where: isForbidden) else { throw invalid }
        return String(Substring(level))
    }

    private static func isForbidden(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == 0x7F || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "#")
    }

    private static var invalid: TelemetryError {
        TelemetryError(
            .topicInvalid, "The topic must be \(namespace)/group/kind/edge or \(namespace)/group/kind/edge/device.")
    }
}
