import Identifiers
import Ledger
import Telemetry

/// An event of somebody's document as what it may become here: the next step of an order.
public struct EventImport: Sendable {
    /// The fact in which a contract may ask for the event's ID.
    public static let idFact = "epcis"

    /// The event hash ID, as this release makes it.
    public let id: String
    /// UTC microseconds; nil where the event gives no time.
    public let time: Int64?
    /// What the event is about, as the ledger writes it.
    public let subjects: [String]
    /// The order that it names as one of ours, if it does.
    public let order: String?
    /// Of the update that it was exported from, if it is an export of ours.
    public let leafHash: Hash?
    /// Why it withdraws an earlier event, if it does.
    public let correction: String?
    /// A bare term of the vocabulary, or a URI of somebody's own.
    public let bizStep: String?
    private let event: EPCISEvent
    private let disposition: String?
    private let ownStep: String?

    /// - Parameter year: the present one, in which two-digit years of identifiers are read.
    public init(_ event: EPCISEvent, year: Int) {
        self.event = event
        let node = event.node
        id = EventHash(of: event).id
        time = node["eventTime"]?.text.flatMap { EventTime.microseconds($0) }
        bizStep = node["bizStep"]?.text.map(Vocabulary.bare)
        disposition = node["disposition"]?.text.map(Vocabulary.bare)
        subjects = Self.things(of: node).map { Self.subject($0, year: year) }
        let own = event.ownFields
        let transactions = (node["bizTransactionList"]?.elements ?? []).compactMap { $0["bizTransaction"]?.text }
        order = transactions.lazy.compactMap(Extension.order(of:)).first
        ownStep = own["step"]?.text
        leafHash = own["leafHash"]?.text.flatMap { Hash(hex: $0) }
        correction = node["errorDeclaration"].map { $0["reason"]?.text.map(Vocabulary.bare) ?? "no reason" }
    }

    // MARK: What it is about

    private static func things(of node: JSONNode) -> [String] {
        let parent = [node["parentID"]?.text].compactMap { $0 }
        let lists = ["epcList", "childEPCs", "inputEPCList", "outputEPCList"]
        let classes = ["quantityList", "childQuantityList", "inputQuantityList", "outputQuantityList"]
        let things = lists.flatMap { node[$0]?.elements ?? [] }.compactMap(\.text)
        let lots = classes.flatMap { node[$0]?.elements ?? [] }.compactMap { $0["epcClass"]?.text }
        var seen: Set<String> = []
        return (parent + things + lots).filter { seen.insert($0).inserted }
    }

    private static func subject(_ text: String, year: Int) -> String {
        let own = Extension.subject(of: text)
        if own != text { return own }
        if let identifier = try? identify(Scan(bytes: Array(text.utf8)), year: year), let subject = identifier.subject {
            return subject
        }
        return CanonicalEPC.of(text) ?? text
    }

    /// What a serialised product is called by whoever does not give its lot; nil for what has one name.
    public static func nameWithoutLot(of subject: String) -> String? {
        let parts = subject.split(separator: "/", omittingEmptySubsequences: false)
        guard subject.hasPrefix("https://id.gs1.org/01/"), parts.count >= 7, parts[parts.count - 2] == "21" else {
            return nil
        }
        return parts.prefix(5).joined(separator: "/") + "/21/" + parts[parts.count - 1]
    }

    // MARK: Which step it is

    /// The steps of a contract that the event may mean, the likeliest first.
    /// - Parameter chosen: steps by the bizStep that a person says they are.
    public func candidates(in contract: Contract, chosen: [String: String] = [:]) -> [String] {
        if let step = bizStep.flatMap({ chosen[$0] }) { return [step] }
        if let ownStep, contract.step(ownStep) != nil { return [ownStep] }
        guard let bizStep else { return [] }
        let names = contract.steps.map(\.name)
        let found = StepMapping.candidates(
            bizStep: bizStep, disposition: disposition, action: event.node["action"]?.text,
            isAggregation: event.type == "AggregationEvent", among: names, in: contract.name)
        return bizStep == "sensor_reporting" ? found.filter { $0 == sensorStep } : found
    }

    /// What sensors have to say is told apart by what was out of order.
    private var sensorStep: String {
        let exceptions = reports.compactMap { $0["exception"]?.text }
        guard let first = exceptions.first else { return "conditions.recorded" }
        return first.hasSuffix("ALARM_CONDITION") ? "excursion.detected" : "event.detected"
    }

    private var element: JSONNode? { event.node["sensorElementList"]?.elements.first }

    private var reports: [JSONNode] { element?["sensorReport"]?.elements ?? [] }

    // MARK: What it says

    /// The facts of the event that a step of a contract permits to be public.
    public func facts(for step: Contract.Step) -> [(name: String, value: String)] {
        var values = standardFacts
        let own = event.ownFields["facts"].map(event.own) ?? [:]
        for (name, value) in own { values[name] = value.text }
        values[Self.idFact] = id
        return values.filter { step.facts[$0.key] == .public }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// What EPCIS's own fields say, under the names that contracts use.
    private var standardFacts: [String: String] {
        var facts: [String: String] = [:]
        let link = subjects.first { SubjectKind($0) != .place } ?? ""
        facts["lot"] = Self.part("10", of: link) ?? ilmd("lotNumber")
        facts["serial"] = Self.part("21", of: link)
        facts["expiry"] = ilmd("itemExpirationDate")
        facts["quantity"] = event.node["quantityList"]?.elements.first.flatMap { $0["quantity"]?.digits }
        facts["sscc"] = subjects.lazy.compactMap { Self.part("00", of: $0) }.first
        guard let report = reports.first else { return facts }
        facts["device"] = (report["deviceID"] ?? element?["sensorMetadata"]?["deviceID"])?.text
        facts["metric"] = report["type"]?.text.map { Self.lastPart(of: $0).lowercased() }
        facts["unit"] = report["uom"]?.text.map { Unit.named($0)?.code ?? $0 }
        let metadata = element?["sensorMetadata"]
        facts["from"] = Self.moment(report["time"] ?? metadata?["startTime"] ?? metadata?["time"])
        facts["to"] = Self.moment(metadata?["endTime"] ?? metadata?["time"])
        for (fact, field) in [("value", "value"), ("min", "minValue"), ("max", "maxValue"), ("mean", "meanValue")] {
            facts[fact] = report[field]?.digits
        }
        return facts
    }

    private func ilmd(_ name: String) -> String? {
        event.node["ilmd"]?.members.first { Self.lastPart(of: $0.key) == name }?.value.text
    }

    private static func lastPart(of name: String) -> String {
        String(name.split(whereSeparator: { ":/#".contains($0) }).last ?? "")
    }

    private static func part(_ ai: String, of link: String) -> String? {
        let parts = link.split(separator: "/")
        guard link.hasPrefix("https://id.gs1.org/"), let place = parts.firstIndex(of: ai[...]),
            place + 1 < parts.count
        else { return nil }
        return String(parts[place + 1])
    }

    private static func moment(_ node: JSONNode?) -> String? {
        node?.text.flatMap { EventTime.microseconds($0) }.map { InternetTime.text($0) }
    }
}

extension JSONNode {
    /// A number in plain decimal digits.
    fileprivate var digits: String? {
        guard case .number(let text) = self else { return nil }
        return CanonicalValue.number(text)
    }
}

extension EPCISEvent {
    /// The fields under our own namespace, whatever prefix the document gives it.
    fileprivate var ownFields: [String: JSONNode] { own(node) }

    fileprivate func own(_ node: JSONNode) -> [String: JSONNode] {
        let start = "{\(Extension.namespace)}"
        return node.members.reduce(into: [:]) { fields, member in
            let name = namespaces.name(member.key)
            if name.hasPrefix(start) { fields[String(name.dropFirst(start.count))] = member.value }
        }
    }
}
