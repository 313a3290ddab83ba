import Ledger

/// The events of a document in JSON-LD: an EPCISDocument, an EPCISQueryDocument, one event, or a list of events.
public struct EPCISDocument: Sendable {
    /// Bytes of a document that is read whole.
    public static let bytesMax = 64 << 20
    /// Events of a document that is read or written.
    public static let eventsMax = 10_000

    public let events: [EPCISEvent]

    /// - Throws: `CustodyError` with code `epcis-malformed` or `limit-exceeded`.
    public init(reading bytes: [UInt8]) throws {
        try Limit.check(bytes.count, max: Self.bytesMax, "a document", unit: "bytes")
        let root = try JSONNode(reading: bytes)
        let found = try Self.events(of: root)
        try Limit.check(found.count, max: Self.eventsMax, "a document", unit: "events")
        let namespaces = Namespaces(root["@context"])
        events = try found.enumerated().map { try EPCISEvent($1, number: $0, namespaces: namespaces) }
    }

    private static func events(of root: JSONNode) throws -> [JSONNode] {
        if case .array(let events) = root { return events }
        guard let body = root["epcisBody"] else { return [root] }
        if case .array(let events)? = body["eventList"] { return events }
        if case .array(let events)? = body["queryResults"]?["resultsBody"]?["eventList"] { return events }
        if let event = body["event"] { return [event] }
        throw CustodyError(.epcisMalformed, "the document's epcisBody has no list of events")
    }
}

/// One event as it was read.
public struct EPCISEvent: Sendable {
    public let node: JSONNode
    /// Such as `ObjectEvent`.
    public let type: String
    let namespaces: Namespaces

    /// - Parameter number: its place in the document, for errors.
    init(_ node: JSONNode, number: Int, namespaces outer: Namespaces) throws {
        guard let type = node["type"]?.text else {
            throw CustodyError(.epcisMalformed, "it is no object with a type", at: "event \(number + 1)")
        }
        self.node = node
        self.type = type
        namespaces = outer.adding(node["@context"])
    }

    /// An event that this release makes.
    init(_ node: JSONNode, type: String, namespaces: Namespaces) {
        self.node = node
        self.type = type
        self.namespaces = namespaces
    }
}

/// What the prefixes of a document's keys and values stand for.
struct Namespaces: Sendable {
    /// Those that every EPCIS document has, as the reference implementation of the hash writes them.
    private static let standard = [
        "gs1": "https://ref.gs1.org/voc/", "cbv": "https://ref.gs1.org/cbv/", "epcis": "https://ref.gs1.org/epcis/",
        "cbvmda": "urn:epcglobal:cbv:mda",
    ]

    private var uris = Self.standard

    init(_ context: JSONNode?) { add(context) }

    func adding(_ context: JSONNode?) -> Namespaces {
        var more = self
        more.add(context)
        return more
    }

    private mutating func add(_ context: JSONNode?) {
        guard let context else { return }
        for part in context.elements { add(part) }
        for member in context.members where member.key != "gs1" {
            guard let uri = member.value.text ?? member.value["@id"]?.text else { continue }
            uris[member.key] = uri
        }
    }

    private func split(_ text: String) -> (uri: String, rest: Substring)? {
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        guard let uri = uris[String(text[..<colon])] else { return nil }
        return (uri, text[text.utf8.index(after: colon)...])
    }

    /// A key with its prefix written out: `{https://ns.example.com/}field`.
    func name(_ key: String) -> String {
        split(key).map { "{\($0.uri)}\($0.rest)" } ?? key
    }

    /// A value with the prefix of one of GS1's vocabularies written out; others mean nothing to the hash.
    func value(_ text: String) -> String {
        guard let (uri, rest) = split(text) else { return text }
        guard uri.hasPrefix("https://ref.gs1.org") || uri.hasPrefix("https://gs1.org") else { return text }
        return uri + rest
    }
}
