/// The readings of one payload, what had to be left out of them, and what a birth says beside them. Made without
/// touching what the host knows, so that a payload that cannot be read changes nothing.
struct SparkplugReadings {
    private let device: String
    private let receivedAt: Int64
    private var payload: SparkplugPayload

    private(set) var readings: [Reading] = []

    /// What the payload as a birth says.
    private(set) var birth = SparkplugBirth()

    /// The `bdSeq` of a birth or a death: which connection of the node it belongs to.
    private(set) var connection: UInt64?

    /// Units that data gave anew, by the metric's place in the birth.
    private(set) var units: [(place: Int, unit: String)] = []

    /// Whether only another birth could tell what an alias means.
    private(set) var needsBirth = false

    private var firstError: TelemetryError?
    private var leftOutCount = 0

    private init(_ payload: SparkplugPayload, device: String, receivedAt: Int64) {
        self.payload = payload
        self.device = device
        self.receivedAt = receivedAt
        readings.reserveCapacity(payload.metricsCount)
    }

    /// Why metrics were left out: the first one's error, and how many more there are.
    var refusal: TelemetryError? {
        guard var error = firstError else { return nil }
        if leftOutCount > 1 { error.message += " (\(leftOutCount - 1) more of the payload's metrics failed.)" }
        return error
    }

    // MARK: Births and deaths

    /// Reads a birth: every metric with its name.
    init(birth payload: SparkplugPayload, device: String, receivedAt: Int64) throws(TelemetryError) {
        self.init(payload, device: device, receivedAt: receivedAt)
        while let metric = try self.payload.next() {
            guard let range = metric.name else {
                leaveOut(metric, "", TelemetryError(.nameInvalid, "A metric of a birth must have a name."))
                continue
            }
            do throws(TelemetryError) {
                try takeBirth(metric, try name(range))
            } catch {
                leaveOut(metric, "", error)
            }
        }
    }

    private mutating func takeBirth(_ metric: SparkplugMetric, _ name: String) throws(TelemetryError) {
        guard !SparkplugBirth.isControl(name) else {
            takeControl(metric, name)
            return
        }
        do throws(TelemetryError) {
            let properties = try self.properties(of: metric)
            let known = SparkplugBirth.Metric(
                name: name, type: try? metric.ownType(), unit: properties?.unit ?? SparkplugBirth.unitDefault)
            let place = birth.add(known)
            if let alias = metric.alias { add(alias, for: place, metric) }
            try take(metric, as: known, properties)
        } catch {
            leaveOut(metric, name, error)
        }
    }

    /// The birth itself has names: an alias that stands for nothing costs it no reading.
    private mutating func add(_ alias: UInt64, for place: Int, _ metric: SparkplugMetric) {
        do throws(TelemetryError) {
            try birth.add(alias: alias, for: place)
        } catch {
            leaveOut(metric, "", error)
        }
    }

    private mutating func takeControl(_ metric: SparkplugMetric, _ name: String) {
        if let alias = metric.alias { birth.addControl(alias: alias) }
        if name == "bdSeq", case .integer(let number) = metric.content { connection = number }
    }

    /// The `bdSeq` of a node's death, which says nothing else.
    static func connection(of payload: SparkplugPayload) throws(TelemetryError) -> UInt64 {
        var payload = payload
        while let metric = try payload.next() {
            guard let name = metric.name, payload.bytes[name].elementsEqual("bdSeq".utf8),
                case .integer(let number) = metric.content
            else { continue }
            return number
        }
        throw TelemetryError(.valueMissing, "A node's death must hold its bdSeq.")
    }

    // MARK: Data

    /// Reads data with the names of the birth; nil where the node or the device was not born.
    init(
        data payload: SparkplugPayload,
        of known: SparkplugBirth?,
        device: String,
        receivedAt: Int64
    ) throws(TelemetryError) {
        self.init(payload, device: device, receivedAt: receivedAt)
        while let metric = try self.payload.next() {
            if metric.name == nil, let alias = metric.alias {
                takeAliased(metric, alias, known)
            } else {
                takeNamed(metric, known)
            }
        }
    }

    private mutating func takeAliased(_ metric: SparkplugMetric, _ alias: UInt64, _ known: SparkplugBirth?) {
        guard let known else {
            needsBirth = true
            leaveOut(
                metric, "",
                TelemetryError(.birthMissing, "The alias \(alias) came before the birth that names it."))
            return
        }
        switch known.meaning(of: alias) {
        case .metric(let place): takeData(metric, known, at: place)
        case .control: break
        case .ambiguous:
            leaveOut(
                metric, "", TelemetryError(.aliasUnknown, "The birth gives the alias \(alias) to several metrics."))
        case nil:
            needsBirth = true
            leaveOut(metric, "", TelemetryError(.aliasUnknown, "No birth has named the alias \(alias)."))
        }
    }

    private mutating func takeNamed(_ metric: SparkplugMetric, _ known: SparkplugBirth?) {
        if known == nil { needsBirth = true }
        do throws(TelemetryError) {
            guard let range = metric.name else {
                throw TelemetryError(.nameInvalid, "A metric must have a name or an alias.")
            }
            let name = try name(range)
            if let known, let place = known.place(of: name) {
                takeData(metric, known, at: place)
            } else if !SparkplugBirth.isControl(name) {
                takeUnknown(metric, name)
            }
        } catch {
            leaveOut(metric, "", error)
        }
    }

    private mutating func takeData(_ metric: SparkplugMetric, _ known: SparkplugBirth, at place: Int) {
        guard known.metrics.indices.contains(place) else { return }
        do throws(TelemetryError) {
            if metric.properties == nil {
                try take(metric, as: known.metrics[place], nil)
            } else {
                try takeWithProperties(metric, known.metrics[place], at: place)
            }
        } catch {
            leaveOut(metric, known.metrics[place].name, error)
        }
    }

    /// What data says anew of a metric holds from then on.
    private mutating func takeWithProperties(
        _ metric: SparkplugMetric,
        _ known: SparkplugBirth.Metric,
        at place: Int
    ) throws(TelemetryError) {
        var known = known
        let properties = try self.properties(of: metric)
        if let unit = properties?.unit {
            known.unit = unit
            units.append((place, unit))
        }
        try take(metric, as: known, properties)
    }

    private mutating func takeUnknown(_ metric: SparkplugMetric, _ name: String) {
        do throws(TelemetryError) {
            let properties = try self.properties(of: metric)
            let unit = properties?.unit ?? SparkplugBirth.unitDefault
            try take(metric, as: SparkplugBirth.Metric(name: name, type: nil, unit: unit), properties)
        } catch {
            leaveOut(metric, name, error)
        }
    }

    // MARK: Readings

    /// A name that no reading may carry is not kept, and not told in a refusal either.
    private func name(_ range: Range<Int>) throws(TelemetryError) -> String {
        guard range.count <= Reading.textBytesMax else {
            throw TelemetryError(.textTooLong, "The metric has more than \(Reading.textBytesMax) bytes.")
        }
        return try payload.text(range)
    }

    private func properties(of metric: SparkplugMetric) throws(TelemetryError) -> SparkplugProperties? {
        guard let range = metric.properties else { return nil }
        return try SparkplugProperties(range, of: payload)
    }

    private mutating func take(
        _ metric: SparkplugMetric,
        as known: SparkplugBirth.Metric,
        _ properties: SparkplugProperties?
    ) throws(TelemetryError) {
        guard !metric.isNull else { return }
        if let quality = properties?.quality, SparkplugProperties.qualitiesRefused.contains(quality) {
            throw TelemetryError(.valueInvalid, "The node itself calls the value bad or stale (quality \(quality)).")
        }
        guard let value = try metric.value(known.type, of: payload) else { return }
        readings.append(
            try Reading(
                device: device, metric: known.name, value: value, unit: known.unit, time: try time(of: metric)))
    }

    private func time(of metric: SparkplugMetric) throws(TelemetryError) -> Int64 {
        guard let milliseconds = metric.time ?? payload.time else { return receivedAt }
        return try SparkplugPayload.microseconds(milliseconds)
    }

    /// A metric that cannot be read harms no other. Malformed bytes inside its properties count as such too: where the
    /// metric ends is known all the same.
    private mutating func leaveOut(_ metric: SparkplugMetric, _ name: String, _ error: TelemetryError) {
        leftOutCount += 1
        guard firstError == nil else { return }
        firstError = TelemetryError(
            error.code, name.isEmpty ? error.message : "\(name): \(error.message)",
            position: error.position ?? metric.position)
    }
}
