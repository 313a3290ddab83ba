import Ledger

/// The event hash ID of CBV 2.0 (section 8.9): a name of an event that follows from what it says, however it is written.
///
/// Made as the reference implementation makes it, whose vectors it meets: all fields in one order, lists sorted, values in
/// one form; extensions at the end; without the fields that say something about the record of the event.
public struct EventHash: Sendable {
    /// The text that is hashed.
    public let preHash: String

    /// `ni:///sha-256;...?ver=CBV2.0` (RFC 6920)
    public var id: String { "ni:///sha-256;\(Hash.sha256(Array(preHash.utf8)).hex)?ver=CBV2.0" }

    public init(of event: EPCISEvent) {
        var fields = HashNode.fields(of: event)
        let standard = Self.take(&fields, Self.order)
        let ilmd = Self.rest(fields.filter { $0.name == "ilmd" })
        fields.removeAll { $0.name == "ilmd" }
        let inside = Self.takeExtensions(&fields)
        let own = Self.rest(fields.filter { !Self.ignored.contains($0.name) })
        preHash = "eventType=" + event.type + standard + ilmd + inside + own
    }

    private static let ignored: Set = [
        "recordTime", "eventID", "type", "errorDeclaration", "certificationInfo", "@context",
    ]

    // MARK: The order of fields

    private struct Field {
        let name: String
        /// What stands for it in the text.
        let shown: String
        let parts: [Field]

        init(_ name: String, shown: String? = nil, _ parts: [Field] = []) {
            self.name = name
            self.shown = shown ?? name
            self.parts = parts
        }

        static func plain(_ names: String...) -> [Field] { names.map { Field($0) } }

        static func epcs(_ name: String) -> Field { Field(name, plain("epc")) }

        static func quantities(_ name: String) -> Field {
            Field(name, [Field("quantityElement", plain("epcClass", "quantity", "uom"))])
        }

        static func pairs(_ name: String, _ value: String) -> Field {
            Field(name, [Field(value, shown: "", plain("type", value))])
        }
    }

    private static let order: [Field] =
        Field.plain("eventTime", "eventTimeZoneOffset")
        + [.epcs("epcList"), Field("parentID"), .epcs("inputEPCList"), .epcs("childEPCs")]
        + ["quantityList", "childQuantityList", "inputQuantityList"].map(Field.quantities)
        + [.epcs("outputEPCList"), .quantities("outputQuantityList")]
        + Field.plain("action", "transformationID", "bizStep", "disposition")
        + [
            Field("persistentDisposition", Field.plain("set", "unset")), Field("readPoint", Field.plain("id")),
            Field("bizLocation", Field.plain("id")), .pairs("bizTransactionList", "bizTransaction"),
            .pairs("sourceList", "source"), .pairs("destinationList", "destination"),
            Field("sensorElementList", shown: "", [Field("sensorElement", [metadata, report])]),
        ]

    private static let metadata = Field(
        "sensorMetadata",
        Field.plain(
            "time", "startTime", "endTime", "deviceID", "deviceMetadata", "rawData", "dataProcessingMethod", "bizRules")
    )

    private static let report = Field(
        "sensorReport",
        Field.plain(
            "type", "exception", "deviceID", "deviceMetadata", "rawData", "dataProcessingMethod", "time",
            "microorganism", "chemicalSubstance", "value", "component", "stringValue", "booleanValue", "hexBinaryValue",
            "uriValue", "minValue", "maxValue", "meanValue", "sDev", "percRank", "percValue", "uom",
            "coordinateReferenceSystem"))

    // MARK: Text

    /// The text of the fields that the order names, which are taken away.
    private static func take(_ nodes: inout [HashNode], _ order: [Field]) -> String {
        var text = ""
        for field in order where nodes.contains(where: { $0.name == field.name }) {
            var values: [String] = []
            var left: [HashNode] = []
            for var node in nodes {
                guard node.name == field.name else {
                    left.append(node)
                    continue
                }
                let inner = take(&node.children, field.parts)
                let own = value(of: node)
                if !own.isEmpty || !inner.isEmpty { values.append(field.shown + own + inner) }
                if !node.children.isEmpty { left.append(node) }
            }
            nodes = left
            text += sorted(values)
        }
        return text
    }

    private static func value(of node: HashNode) -> String {
        let name = node.name.lowercased()
        let isTime = name.contains("time") && !name.contains("offset")
        let text = isTime ? CanonicalValue.time(node.text) : CanonicalValue.of(node.text)
        return text.isEmpty ? "" : "=" + text
    }

    /// The text of the extensions inside standard fields, in the order of those; the fields are taken away with them.
    private static func takeExtensions(_ nodes: inout [HashNode]) -> String {
        var text = ""
        for field in order where !field.parts.isEmpty {
            nodes.removeAll { node in
                guard node.name == field.name else { return false }
                let inner = extensions(node.children, field.parts)
                if !inner.isEmpty { text += field.shown + inner }
                return !inner.isEmpty
            }
        }
        return text
    }

    private static func extensions(_ nodes: [HashNode], _ order: [Field]) -> String {
        var text = ""
        for field in order where !field.parts.isEmpty {
            for node in nodes where node.name == field.name {
                let inner = extensions(node.children, field.parts)
                if !inner.isEmpty { text += field.shown + inner }
            }
        }
        return text + rest(nodes.filter { $0.name.hasPrefix("{") })
    }

    /// The text of whatever has no place in the order.
    private static func rest(_ nodes: [HashNode]) -> String {
        sorted(
            nodes.map { node in
                let text = CanonicalValue.of(node.text)
                return node.name + (text.isEmpty ? "" : "=" + text) + rest(node.children)
            })
    }

    /// By code points, which is the order of UTF-8's bytes.
    private static func sorted(_ values: [String]) -> String {
        values.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.joined()
    }
}
