/// What a step of a contract is in EPCIS and the Core Business Vocabulary. The one table of it, read in both directions.
public struct StepMapping: Hashable, Sendable {
    /// What kind of event an update becomes that names identifiers.
    public enum Shape: Hashable, Sendable {
        case object
        /// The first subject is what the others are in.
        case aggregation
        /// A deal about things, which are not made by it.
        case transaction
        /// Windows of readings, and what was out of order in them.
        case sensor
    }

    public enum Action: String, Hashable, Sendable {
        case add = "ADD"
        case observe = "OBSERVE"
        case delete = "DELETE"
    }

    public let shape: Shape
    public let action: Action
    /// Bare terms of the vocabulary; nil where none says what the step is.
    public let bizStep: String?
    public let disposition: String?

    private init(
        _ bizStep: String?, _ disposition: String? = nil, _ action: Action = .observe, _ shape: Shape = .object
    ) {
        self.shape = shape
        self.action = action
        self.bizStep = bizStep
        self.disposition = disposition
    }

    /// Of a step that the table does not know.
    static let unknown = StepMapping(nil)

    /// By the step's name, or by contract and name where contracts mean different things by one.
    private static let table: [String: StepMapping] = [
        // Orders of devices.
        "order.placed": StepMapping(nil, nil, .add, .transaction),
        "design.set": StepMapping(nil),
        "materials.recorded": StepMapping("collecting", "in_progress"),
        "production.completed": StepMapping("commissioning", "active", .add),
        "licence.approved": StepMapping(nil),
        "licence.refused": StepMapping(nil),
        "materials.approved": StepMapping("inspecting", "completeness_verified"),
        "materials.refused": StepMapping(nil),
        "labelled": StepMapping("encoding", "encoded"),
        "compliance.approved": StepMapping("inspecting", "conformant"),
        "compliance.rejected": StepMapping("inspecting", "non_conformant"),
        "compliance.overdue": StepMapping("holding", "unavailable"),
        "custom-device/released": StepMapping("staging_outbound", "available"),
        "stock-device/released": StepMapping("staging_outbound", "available"),
        "shipped": StepMapping("shipping", "in_transit"),
        "received": StepMapping("receiving", "in_progress"),
        "installed": StepMapping("installing", "active"),
        "stock-device/used": StepMapping("dispensing", "dispensed"),
        "after-sales.recorded": StepMapping("inspecting", "active"),
        "order.resolved": StepMapping(nil),
        // Journeys and packages.
        "loaded": StepMapping("loading", "in_transit"),
        "handed-over": StepMapping("departing", "in_transit"),
        "taken-over": StepMapping("accepting", "in_progress"),
        "unloaded": StepMapping("unloading", "in_progress"),
        "conditions.recorded": StepMapping("sensor_reporting", nil, .observe, .sensor),
        "excursion.detected": StepMapping("sensor_reporting", nil, .observe, .sensor),
        "excursion.ended": StepMapping("sensor_reporting", nil, .observe, .sensor),
        "event.detected": StepMapping("sensor_reporting", nil, .observe, .sensor),
        "event.ended": StepMapping("sensor_reporting", nil, .observe, .sensor),
        "unit.begun": StepMapping("commissioning", "active", .add),
        "packed": StepMapping("packing", "in_progress", .add, .aggregation),
        "unpacked": StepMapping("unpacking", "in_progress", .delete, .aggregation),
        // Lots of material.
        "lot.made": StepMapping("creating_class_instance", "active", .add),
        "certificate.added": StepMapping("inspecting", "completeness_verified"),
        "tested": StepMapping("sampling", "in_progress"),
        "material/released": StepMapping("stocking", "available"),
        "withdrawn": StepMapping("holding", "non_conformant"),
        "supplied": StepMapping("shipping", "in_transit"),
        "material/used": StepMapping("assembling", "in_progress"),
        // Patients' cases: nothing of a person is in the vocabulary.
        "case.opened": StepMapping(nil, nil, .add, .transaction),
        "consent.given": StepMapping(nil),
        "consent.withdrawn": StepMapping(nil),
        "examined": StepMapping(nil),
        "device.ordered": StepMapping("reserving", "reserved", .add, .transaction),
        "device.fitted": StepMapping("installing", "active"),
        "followed-up": StepMapping(nil),
        "case.closed": StepMapping(nil),
        // Adverse events.
        "threat.reported": StepMapping("inspecting", "unknown"),
        "death.reported": StepMapping("inspecting", "unknown"),
        "serious.reported": StepMapping("inspecting", "unknown"),
        "incident.reported": StepMapping("inspecting", "unknown"),
        "manufacturer.notified": StepMapping(nil),
        "regulator.notified": StepMapping(nil),
        "investigation.opened": StepMapping(nil),
        "threat.submitted": StepMapping(nil),
        "death.submitted": StepMapping(nil),
        "serious.submitted": StepMapping(nil),
        "threat.overdue": StepMapping(nil),
        "death.overdue": StepMapping(nil),
        "serious.overdue": StepMapping(nil),
        "finding.recorded": StepMapping("inspecting", "unknown"),
        "investigation.closed": StepMapping(nil),
        // Recalls.
        "recall.opened": StepMapping("holding", "recalled"),
        "device.affected": StepMapping("holding", "recalled"),
        "notice.acknowledged": StepMapping(nil),
        "stock.checked": StepMapping("stock_taking", "recalled"),
        "device.quarantined": StepMapping("holding", "non_sellable_other"),
        "device.returned": StepMapping("receiving", "returned"),
        "device.destroyed": StepMapping("destroying", "destroyed", .delete),
        "device.corrected": StepMapping("repairing", "conformant"),
        "acknowledgement.missed": StepMapping(nil),
        "check.missed": StepMapping(nil),
        "recall.closed": StepMapping(nil),
        "recall.noticed": StepMapping("holding", "recalled"),
        "recall.received": StepMapping(nil),
    ]

    /// - Returns: nil for a step that the table does not know.
    public static func of(_ step: String, in contract: String) -> StepMapping? {
        table["\(contract)/\(step)"] ?? table[step]
    }

    /// The steps of a contract that an event of another may mean, those first that say the same of the disposition too.
    /// - Parameter names: the contract's steps.
    static func candidates(
        bizStep: String, disposition: String?, action: String?, isAggregation: Bool, among names: [String],
        in contract: String
    ) -> [String] {
        let fitting = names.compactMap { name -> (name: String, points: Int)? in
            guard let mapping = of(name, in: contract), mapping.bizStep == bizStep,
                (mapping.shape == .aggregation) == isAggregation
            else { return nil }
            // A step that says nothing of it leaves room for what the event says.
            if let theirs = disposition, let ours = mapping.disposition, theirs != ours,
                isVerdict(theirs) || isVerdict(ours)
            {
                return nil
            }
            let points = (mapping.disposition == disposition ? 2 : 0) + (mapping.action.rawValue == action ? 1 : 0)
            return (name, points)
        }
        // Sorting keeps the contract's order among equals.
        return fitting.enumerated().sorted {
            ($1.element.points, $0.offset) < ($0.element.points, $1.offset)
        }.map(\.element.name)
    }

    /// Whether a disposition says how something ended, so that another one is another step.
    private static func isVerdict(_ disposition: String) -> Bool {
        [
            "conformant", "non_conformant", "recalled", "returned", "destroyed", "damaged", "expired", "stolen",
            "mismatch_class", "mismatch_instance", "mismatch_quantity", "non_sellable_other",
        ].contains(disposition)
    }
}
