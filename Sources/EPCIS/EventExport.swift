import Ledger
import Telemetry

/// An update as an event of EPCIS 2.0.
///
/// It says only what never changes, so that one update is the same event with the same ID wherever and whenever it is
/// exported: how far its log is confirmed stands in the document.
public struct EventExport: Sendable {
    /// The event, whose `eventID` is its hash.
    public let node: JSONNode
    public let id: String

    public init(of exported: ExportedUpdate) {
        let draft = EventDraft(exported)
        let event = EPCISEvent(
            .object(draft.members), type: draft.type, namespaces: Namespaces(ExportDocument.context))
        id = EventHash(of: event).id
        node = .object(
            [JSONNode.Member("type", .text(draft.type)), JSONNode.Member("eventID", .text(id))]
                + draft.members.filter { $0.key != "type" })
    }
}

/// The document around exported events, in pieces, so that nobody need hold them all.
public struct ExportDocument: Sendable {
    /// How far a log is known here.
    public struct Standing: Sendable {
        public let origin: String
        public let size: UInt64
        /// Entries below this index are cosigned by the quorum.
        public let confirmed: UInt64

        public init(origin: String, size: UInt64, confirmed: UInt64) {
            self.origin = origin
            self.size = size
            self.confirmed = confirmed
        }
    }

    static let context = JSONNode.array([
        .text("https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"),
        .object([JSONNode.Member(Extension.prefix, .text(Extension.namespace))]),
    ])

    public let head: String
    public static let separator = ",\n"
    public static let tail = "\n]}}\n"

    /// - Parameters:
    ///   - creation: UTC microseconds.
    ///   - standings: of the logs from which events may come.
    public init(creation: Int64, standings: [Standing]) {
        let logs = standings.map { log in
            JSONNode.object([
                JSONNode.Member(Extension.key("origin"), .text(log.origin)),
                JSONNode.Member(Extension.key("size"), .number("\(log.size)")),
                JSONNode.Member(Extension.key("confirmed"), .number("\(log.confirmed)")),
            ])
        }
        let members = [
            JSONNode.Member("@context", Self.context), JSONNode.Member("type", .text("EPCISDocument")),
            JSONNode.Member("schemaVersion", .text("2.0")),
            JSONNode.Member("creationDate", .text(EventDraft.time(creation))),
            JSONNode.Member(Extension.key("logs"), .array(logs)),
        ]
        head = JSONNode.object(members).json.dropLast() + ",\n\"epcisBody\":{\"eventList\":[\n"
    }
}

/// The fields of an event, before it has an ID.
private struct EventDraft {
    private(set) var type = "ObjectEvent"
    private(set) var members: [JSONNode.Member] = []
    private let exported: ExportedUpdate
    private var update: Update { exported.update }
    private let mapping: StepMapping
    private let isMapped: Bool

    init(_ exported: ExportedUpdate) {
        self.exported = exported
        let known = StepMapping.of(exported.update.step, in: exported.contract?.name ?? "")
        isMapped = known != nil
        mapping = known ?? .unknown
        addWhen()
        addWhat()
        addWhy()
        addWhere()
        if mapping.shape == .sensor { addSensor() }
        addExtensions()
    }

    /// To the microsecond, as entries have it.
    static func time(_ microseconds: Int64) -> String { InternetTime.text(microseconds) }

    private mutating func add(_ key: String, _ value: JSONNode) { members.append(JSONNode.Member(key, value)) }

    private mutating func add(_ key: String, _ text: String?) {
        if let text { add(key, .text(text)) }
    }

    // MARK: When and what

    private mutating func addWhen() {
        add("eventTime", Self.time(update.observedAt ?? exported.recordedAt))
        add("eventTimeZoneOffset", "+00:00")
        add("recordTime", Self.time(exported.recordedAt))
        guard let dropped = exported.droppedAt else { return }
        add(
            "errorDeclaration",
            .object([
                JSONNode.Member("declarationTime", .text(Self.time(dropped))),
                JSONNode.Member("reason", .text("incorrect_data")),
            ]))
    }

    private func subjects(_ kind: SubjectKind) -> [String] { update.subjects.filter { SubjectKind($0) == kind } }

    private mutating func addWhat() {
        let things = subjects(.instance)
        let lots = subjects(.lot)
        let hasContents = things.count + lots.count > 1 || mapping.action == .delete
        if mapping.shape == .aggregation, let parent = things.first, hasContents {
            type = "AggregationEvent"
            add("parentID", Extension.thing(parent))
            if things.count > 1 { add("childEPCs", .array(things.dropFirst().map { .text(Extension.thing($0)) })) }
            if !lots.isEmpty { add("childQuantityList", quantities(lots)) }
            add("action", mapping.action.rawValue)
        } else {
            let isAboutThings = !things.isEmpty || !lots.isEmpty || mapping.shape == .sensor
            let isDeal = mapping.shape == .transaction || !isAboutThings
            if isDeal { type = "TransactionEvent" }
            if !things.isEmpty || lots.isEmpty { add("epcList", .array(things.map { .text(Extension.thing($0)) })) }
            if !lots.isEmpty { add("quantityList", quantities(lots)) }
            // An empty package is seen, not made.
            add("action", (mapping.shape == .aggregation ? .observe : mapping.action).rawValue)
        }
        members.insert(JSONNode.Member("type", .text(type)), at: 0)
    }

    /// GS1's schema asks for a number also where nobody counted: then it is one, and says that it was not counted.
    private func quantities(_ lots: [String]) -> JSONNode {
        .array(
            lots.map { lot in
                .object([
                    JSONNode.Member("epcClass", .text(Extension.thing(lot))),
                    JSONNode.Member("quantity", .number(counted ?? "1")),
                ])
            })
    }

    private var counted: String? { number(of: "quantity") }

    private func number(of fact: String) -> String? {
        update.text(of: fact).flatMap { CanonicalValue.number($0) }
    }

    private mutating func addWhy() {
        add("bizStep", mapping.bizStep)
        add("disposition", mapping.disposition)
    }

    private mutating func addWhere() {
        let origin = exported.reference.origin
        let place = subjects(.place).first { $0.contains("/414/") }
        let station = update.source.station
        let isStation = update.source.kind == .scan && !station.isEmpty
        let gateway = isStation ? Extension.station(station, of: origin) : Extension.gateway(origin)
        add("readPoint", .object([JSONNode.Member("id", .text(place ?? gateway))]))
        // With a type of our own, because the reference implementation of the hash reads none without.
        let order: [JSONNode.Member] = [
            JSONNode.Member("type", .text(Extension.namespace + "order")),
            JSONNode.Member("bizTransaction", .text(Extension.order(update.order))),
        ]
        add("bizTransactionList", .array([.object(order)]))
        if let to = update.text(of: "ship-to"), to.utf8.count == 13, to.utf8.allSatisfy({ $0 &- 0x30 < 10 }) {
            add(
                "destinationList",
                .array([
                    .object([
                        JSONNode.Member("type", .text("location")),
                        JSONNode.Member("destination", .text("https://id.gs1.org/414/\(to)")),
                    ])
                ]))
        }
    }

    // MARK: Sensors

    private mutating func addSensor() {
        var metadata: [JSONNode.Member] = []
        if let from = moment("from") { metadata.append(JSONNode.Member("startTime", .text(from))) }
        if let to = moment("to") { metadata.append(JSONNode.Member("endTime", .text(to))) }
        if let device = update.text(of: "device") {
            metadata.append(JSONNode.Member("deviceID", .text(Extension.sensor(device))))
        }
        let element =
            (metadata.isEmpty ? [] : [JSONNode.Member("sensorMetadata", .object(metadata))])
            + [JSONNode.Member("sensorReport", .array([.object(report)]))]
        add("sensorElementList", .array([.object(element)]))
    }

    /// A time among the facts; nil where the fact is none.
    private func moment(_ fact: String) -> String? {
        update.text(of: fact).flatMap { InternetTime.microseconds($0) }.map { Self.time($0) }
    }

    private var report: [JSONNode.Member] {
        let unit = update.text(of: "unit").flatMap { Unit.named($0) }
        var report = [
            JSONNode.Member("type", .text(MeasuredQuantity.type(of: unit?.unece, metric: update.text(of: "metric"))))
        ]
        if update.step.hasSuffix(".detected") {
            let isExcursion = update.step == "excursion.detected"
            report.append(JSONNode.Member("exception", .text(isExcursion ? "ALARM_CONDITION" : "ERROR_CONDITION")))
        }
        for (field, fact) in [
            ("value", "value"), ("minValue", "min"), ("maxValue", "max"), ("meanValue", "mean"),
        ] {
            if let number = number(of: fact) { report.append(JSONNode.Member(field, .number(number))) }
        }
        if let code = unit?.unece { report.append(JSONNode.Member("uom", .text(code))) }
        return report
    }

    // MARK: Extensions

    private mutating func addExtensions() {
        let reference = exported.reference
        add(Extension.key("order"), update.order)
        add(Extension.key("step"), update.step)
        if !isMapped { add(Extension.key("unmapped"), .boolean(true)) }
        add(Extension.key("contract"), exported.contract.map { "\($0.name) \($0.version)" } ?? update.contract.hex)
        add(Extension.key("verdict"), "accepted")
        add(Extension.key("origin"), reference.origin)
        add(Extension.key("index"), .text("\(reference.index)"))
        add(Extension.key("leafHash"), reference.leafHash.hex)
        // What a person types to get the proof, and what a machine looks up in the log's tiles.
        add(Extension.key("proof"), "custody proof \(reference.leafHash.hex.prefix(16))")
        add(Extension.key("source"), update.source.kind.rawValue)
        if !subjects(.lot).isEmpty && counted == nil { add(Extension.key("quantityAssumed"), .boolean(true)) }
        addFacts()
    }

    private mutating func addFacts() {
        var shown: [JSONNode.Member] = []
        var hidden: [JSONNode] = []
        for fact in update.facts {
            switch fact.value {
            case .text(let text): shown.append(JSONNode.Member(Extension.key(fact.name), .text(text)))
            case .commitment: hidden.append(.text(fact.name))
            }
        }
        if !shown.isEmpty { add(Extension.key("facts"), .object(shown)) }
        if !hidden.isEmpty { add(Extension.key("privateFacts"), .array(hidden)) }
    }
}

/// What a sensor measures, in the terms of GS1's vocabulary.
enum MeasuredQuantity {
    private static let types: [String: String] = [
        "CEL": "Temperature", "LUX": "Illuminance", "KMH": "Speed", "MTS": "Speed", "MSK": "Acceleration",
        "PAL": "Pressure", "HPA": "Pressure", "VLT": "Voltage", "AMP": "ElectricCurrent", "WTT": "Power",
        "A93": "AbsoluteHumidity", "KGM": "Mass", "GRM": "Mass", "MTR": "Length", "SEC": "Time", "DD": "Angle",
        "HTZ": "Frequency", "JOU": "Energy", "NEW": "Force", "LTR": "Volume", "MTQ": "Volume", "K62": "Dimensionless",
    ]

    /// - Parameter unit: its UN/ECE code.
    static func type(of unit: String?, metric: String?) -> String {
        if unit == "P1", metric?.lowercased().contains("humid") == true { return "RelativeHumidity" }
        return unit.flatMap { types[$0] } ?? "Dimensionless"
    }
}
