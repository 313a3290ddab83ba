/// Reads the messages of a broker, each by the form of its topic. Knows the births of Sparkplug nodes, and so what
/// their data means.
public struct MessageReader: Sendable {
    private let topics: [TelemetryTopic]
    private var host = SparkplugHost()

    /// - Parameter births: the births that an earlier run has kept, in the order of their arrival.
    public init(topics: [TelemetryTopic], births: [(topic: String, payload: [UInt8])] = []) {
        self.topics = topics
        for birth in births { host.recall(birth.payload, topic: birth.topic) }
    }

    /// Never fails, because what cannot be read must be kept too.
    public mutating func read(_ payload: [UInt8], topic: String, receivedAt: Int64) -> InboundMessage {
        guard let form = topics.first(where: { $0.pattern.match(topic) != nil }) else {
            return InboundMessage(json: payload, topic: topic, pattern: nil, receivedAt: receivedAt)
        }
        return InboundMessage(
            topic: topic, payload: payload, receivedAt: receivedAt,
            content: content(of: payload, topic: topic, form, receivedAt: receivedAt))
    }

    private mutating func content(
        of payload: [UInt8],
        topic: String,
        _ form: TelemetryTopic,
        receivedAt: Int64
    ) -> InboundMessage.Content {
        do throws(TelemetryError) {
            if form.format == .sparkplug { return .sparkplug(outcome(of: payload, topic, form, receivedAt)) }
            let readings = try form.readings(in: payload, topic: topic, receivedAt: receivedAt)
            return .readings(try form.withUnits(readings))
        } catch {
            return .undecodable(reason: error)
        }
    }

    private mutating func outcome(
        of payload: [UInt8],
        _ topic: String,
        _ form: TelemetryTopic,
        _ receivedAt: Int64
    ) -> SparkplugOutcome {
        var outcome = host.take(payload, topic: topic, receivedAt: receivedAt)
        do throws(TelemetryError) {
            outcome.readings = try form.withUnits(outcome.readings)
        } catch {
            // A birth whose values cannot be kept still tells what the aliases mean.
            outcome.readings = []
            outcome.refusal = outcome.refusal ?? error
        }
        return outcome
    }
}

extension TelemetryTopic {
    /// The readings of a payload that needs no memory of others: not of Sparkplug.
    fileprivate func readings(
        in payload: [UInt8],
        topic: String,
        receivedAt: Int64
    ) throws(TelemetryError) -> [Reading] {
        switch format {
        case .json: try decodeJSONReadings(payload, topic: topic, pattern: pattern)
        case .mapped(let map):
            try decodeMapped(payload, topic: topic, pattern: pattern, map: map, receivedAt: receivedAt)
        case .senMLJSON: try decodeSenMLJSON(payload, topic: topic, pattern: pattern, receivedAt: receivedAt)
        case .senMLCBOR: try decodeSenMLCBOR(payload, topic: topic, pattern: pattern, receivedAt: receivedAt)
        case .sparkplug: []
        }
    }

    /// Gives a unit to the numbers of metrics whose payload has named none.
    fileprivate func withUnits(_ readings: [Reading]) throws(TelemetryError) -> [Reading] {
        guard !units.isEmpty else { return readings }
        var named: [Reading] = []
        named.reserveCapacity(readings.count)
        for reading in readings {
            guard reading.unit == "1", case .number = reading.value, let unit = units[reading.metric] else {
                named.append(reading)
                continue
            }
            named.append(
                try Reading(
                    device: reading.device, metric: reading.metric, value: reading.value, unit: unit,
                    time: reading.time, sequence: reading.sequence, session: reading.session))
        }
        return named
    }
}
