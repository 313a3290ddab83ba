/// What a birth said of the metrics of a node or of a device: the names behind the aliases of its data.
struct SparkplugBirth: Sendable {
    /// One metric that data may hold.
    struct Metric: Sendable {
        let name: String
        var type: SparkplugType?
        var unit: String
    }

    /// What an alias stands for.
    enum Meaning: Sendable {
        case metric(Int)

        /// `bdSeq` or a control of the node or device: known, and never a reading.
        case control

        /// The birth gave one alias to several metrics.
        case ambiguous
    }

    /// What a value has that no unit was given for.
    static let unitDefault = "1"

    private(set) var metrics: [Metric] = []
    private var aliases: [UInt64: Meaning] = [:]
    private var places: [String: Int] = [:]

    /// How much is remembered of the birth, at least 1: its metrics, or its aliases where there are more of them, such
    /// as those of controls.
    var size: Int { max(1, metrics.count, aliases.count) }

    /// Whether the metric is of Sparkplug's own working and no measurement.
    static func isControl(_ name: String) -> Bool {
        name == "bdSeq" || name.hasPrefix("Node Control/") || name.hasPrefix("Device Control/")
    }

    func meaning(of alias: UInt64) -> Meaning? {
        aliases[alias]
    }

    func place(of name: String) -> Int? {
        places[name]
    }

    /// Adds a metric, or what is new of one that is there already; gives its place.
    mutating func add(_ metric: Metric) -> Int {
        if let place = places[metric.name] {
            metrics[place] = metric
            return place
        }
        places[metric.name] = metrics.count
        metrics.append(metric)
        return metrics.count - 1
    }

    /// Lets an alias stand for a metric. Two metrics under one alias could be taken for each other, so it then stands
    /// for none; an alias that only a control shares is the metric's.
    mutating func add(alias: UInt64, for place: Int) throws(TelemetryError) {
        switch aliases[alias] {
        case nil, .control: aliases[alias] = .metric(place)
        case .metric(let other) where other == place: break
        case .metric, .ambiguous:
            aliases[alias] = .ambiguous
            throw TelemetryError(.aliasUnknown, "The birth gives the alias \(alias) to several metrics.")
        }
    }

    mutating func addControl(alias: UInt64) {
        if aliases[alias] == nil { aliases[alias] = .control }
    }

    mutating func setUnit(_ unit: String, at place: Int) {
        guard metrics.indices.contains(place) else { return }
        metrics[place].unit = unit
    }
}
