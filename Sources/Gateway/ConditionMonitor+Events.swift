import Ledger
import Store
import Telemetry

extension ConditionMonitor {
    /// A device whose readings are younger than the gateway's clock by more than this is ahead, in microseconds.
    static let clockAheadMax: Int64 = 5_000_000

    // MARK: Noting

    func note(_ cut: WindowCut, _ watch: Watch, in open: [StoredReading]) throws {
        switch cut.cause {
        case .excursionBegan:
            guard let excursion = cut.excursion else { return }
            let first = open.first { $0.reading.time >= excursion.from }?.reading.value.number
            try intake.note(
                watch.kind(on: excursion.side), of: watch.sensor, on: watch.journey.order, began: excursion.from,
                value: first, limit: watch.band?.limit(on: excursion.side))
        case .excursionEnded, .journey: try endLasting(watch.kinds, watch, at: cut.end)
        case .time, .count: break
        }
    }

    /// What was outside in readings that came for sealed windows: over when it is told.
    func noteRuns(in late: [StoredReading], _ watch: Watch) throws {
        guard let band = watch.band else { return }
        for run in band.runs(in: late.lazy.map(\.reading)) where run.length >= band.grace {
            try intake.note(
                watch.kind(on: run.side), of: watch.sensor, on: watch.journey.order, began: run.from,
                ended: run.to ?? run.last, value: run.worst, limit: band.limit(on: run.side),
                detail: "in readings that came late")
        }
    }

    /// Counts that are missing, and counts that do not agree with the clock.
    func noteHoles(in readings: [StoredReading], of window: AnnouncedWindow) throws {
        guard let first = readings.first?.reading.time, let last = readings.last?.reading.time else { return }
        let holes = SequenceHoles(in: readings.map(\.reading))
        if holes.missing > 0 {
            try intake.note(
                .gap, of: window.sensor, on: window.order, began: first, ended: last, value: Double(holes.missing),
                detail: "readings that the device counted have not come")
        }
        if let time = holes.setBackAt {
            try intake.note(
                .clock, of: window.sensor, on: window.order, began: time, ended: time,
                detail: "the device's clock was set while it counted on")
        }
    }

    func noteSilence(of open: [StoredReading], _ watch: Watch) throws {
        guard let pulse = try pulse(of: open, watch) else { return }
        let now = instruments.now()
        let silentFrom = watch.journey.ended == nil ? pulse.silentFrom(intervals: rule.silence) : nil
        let lasting = try intake.lastingEvent([.silence], of: watch.sensor, on: watch.journey.order)
        if let lasting, pulse.lastTime > lasting.began {
            try intake.end(lasting, at: pulse.lastTime)
        } else if lasting == nil, let silentFrom, now >= silentFrom {
            try intake.note(
                .silence, of: watch.sensor, on: watch.journey.order, began: pulse.lastTime,
                value: pulse.interval.map { Double($0) / 1e6 },
                detail: "no reading for \(rule.silence) of its usual intervals")
        }
        let overdue = open.last.map { $0.reading.time + 2 * rule.window } ?? .max
        let nextLook =
            watch.journey.ended == nil ? min(silentFrom.map { max($0, now + 1_000_000) } ?? .max, overdue) : .max
        pulses[Place(order: watch.journey.order, sensor: watch.sensor)] = SensorPulse(
            pulse: pulse, nextLook: nextLook, journeyEnded: watch.journey.ended)
    }

    /// What is known of a sensor with what has come since.
    private func pulse(of open: [StoredReading], _ watch: Watch) throws -> Pulse? {
        let place = Place(order: watch.journey.order, sensor: watch.sensor)
        let later = Pulse(of: open.map { ($0.reading.time, $0.arrived) })
        guard var known = try pulses[place]?.pulse ?? lastPulse(watch) else { return later }
        if let later { known.join(later) }
        return known
    }

    /// What a process that has just started knows of a sensor.
    private func lastPulse(_ watch: Watch) throws -> Pulse? {
        guard let mark = try intake.mark(of: watch.sensor, order: watch.journey.order) else { return nil }
        let span = ReadingSpan(from: max(mark.end - rule.window, watch.journey.began), before: .max)
        let readings = try intake.readings(of: watch.sensor, in: span, limit: rule.count)
        return Pulse(of: readings.map { ($0.reading.time, $0.arrived) })
    }

    /// The mean kinetic temperature over the standard's span, once a window's length is known of it.
    func noteMeanKinetic(of open: [StoredReading], _ watch: Watch) throws {
        guard watch.isTemperature, let highest = watch.journey.limits.mkt, let last = open.last?.reading.time else {
            return
        }
        let since = last - watch.journey.limits.mktSpan
        let sum =
            try intake.kineticSum(of: watch.sensor, order: watch.journey.order, since: since)
            + KineticSum(of: open.map(\.reading).filter { $0.time >= since })
        guard sum.weight >= Double(rule.window), let temperature = sum.celsius else { return }
        let lasting = try intake.lastingEvent([.mkt], of: watch.sensor, on: watch.journey.order)
        if temperature > highest, lasting == nil {
            try intake.note(
                .mkt, of: watch.sensor, on: watch.journey.order, began: last, value: temperature, limit: highest)
        } else if temperature <= highest, let lasting {
            try intake.end(lasting, at: last)
        }
    }

    func noteClock(of open: [StoredReading], _ watch: Watch) throws {
        guard let newest = open.max(by: { $0.arrived < $1.arrived }) else { return }
        let ahead = newest.reading.time - newest.arrived
        let lasting = try intake.lastingEvent([.clock], of: watch.sensor, on: watch.journey.order)
        if ahead > Self.clockAheadMax, lasting == nil {
            try intake.note(
                .clock, of: watch.sensor, on: watch.journey.order, began: newest.reading.time,
                value: Double(ahead) / 1e6,
                detail: "the device's clock is ahead of the gateway's")
        } else if ahead <= Self.clockAheadMax, let lasting {
            try intake.end(lasting, at: newest.reading.time)
        }
    }

    func noteCalibration(_ watch: Watch) throws {
        let names = ["\(watch.sensor.device)/\(watch.sensor.metric)", watch.sensor.device]
        guard let until = names.lazy.compactMap({ [rule] in rule.calibratedUntil[$0] }).first,
            until < watch.journey.ended ?? instruments.now()
        else { return }
        let began = max(until, watch.journey.began)
        try intake.note(
            .calibration, of: watch.sensor, on: watch.journey.order, began: began, ended: began,
            detail: "the sensor's calibration is overdue")
    }

    func noteDeviceEvents(on journeys: [Journey]) throws {
        for event in try intake.deviceEvents(after: deviceEventsSeen) {
            deviceEventsSeen = max(deviceEventsSeen, event.stamp)
            let sensor = SensorName(device: event.event.device, metric: "", unit: "")
            let kind: ConditionEvent.Kind? =
                switch event.event.kind {
                case .died: .died
                case .sequenceGap: .gap
                case .born: nil
                }
            guard let kind else { continue }
            for journey in journeys where journey.names(sensor) && journey.contains(event.event.time) {
                try intake.note(
                    kind, of: sensor, on: journey.order, began: event.event.time, ended: event.event.time,
                    detail: event.event.detail)
            }
        }
    }

    /// A journey's end is the end of all that lasts.
    func endAll(_ watch: Watch, at time: Int64) throws {
        for event in try intake.lastingEvents(of: watch.sensor, on: watch.journey.order) {
            try intake.end(event, at: max(time, event.began))
        }
    }

    private func endLasting(_ kinds: [ConditionEvent.Kind], _ watch: Watch, at time: Int64) throws {
        guard !kinds.isEmpty, let lasting = try intake.lastingEvent(kinds, of: watch.sensor, on: watch.journey.order)
        else { return }
        try intake.end(lasting, at: time)
    }

    // MARK: Telling

    /// Records what the log does not say yet.
    /// - Parameter areNew: whether this process has noted them; what it finds may stand in the log already.
    func tellEvents(areNew: Bool = true) async throws {
        for event in try intake.untoldEvents() {
            let isNew = areNew && !attempted.contains(event.id)
            attempted.insert(event.id)
            try await record(EventDraft(event: event, worst: try worst(of: event)).draft, isNew: isNew)
            try intake.note(event.ended == nil ? .begin : .all, of: event)
            attempted.remove(event.id)
        }
    }

    private func worst(of event: ConditionEvent) throws -> Double? {
        guard event.told == .begin, let ended = event.ended, [.above, .below].contains(event.kind) else { return nil }
        let readings = try intake.readings(of: event.sensor, in: ReadingSpan(from: event.began, before: ended))
        let values = readings.compactMap(\.reading.value.number)
        return event.kind == .above ? values.max() : values.min()
    }
}

/// What a monitor remembers of a sensor on a journey between two looks.
struct SensorPulse {
    let pulse: Pulse
    /// When to look again, though nothing has come.
    let nextLook: Int64
    let journeyEnded: Int64?
}

/// An event of a journey as the update that tells it.
struct EventDraft {
    let event: ConditionEvent
    let worst: Double?

    private var isExcursion: Bool { [.above, .below, .mkt].contains(event.kind) }

    private var step: String {
        let subject = isExcursion ? "excursion" : "event"
        return event.told == .nothing ? "\(subject).detected" : "\(subject).ended"
    }

    var draft: Draft {
        var facts = [(name: "kind", value: Draft.Value.text(event.kind.rawValue))]
        func add(_ name: String, _ text: String?) {
            if let text, !text.isEmpty { facts.append((name: name, value: .text(text))) }
        }
        add("device", event.sensor.device)
        add("metric", event.sensor.metric)
        add("unit", event.sensor.unit)
        add("from", WindowSummary.timeText(event.began))
        add("to", event.ended.map(WindowSummary.timeText))
        add("value", event.value.map(WindowSummary.text))
        add("limit", event.limit.map(WindowSummary.text))
        add("worst", worst.map(WindowSummary.text))
        add("detail", event.detail)
        return Draft(
            order: .existing(event.order), step: step, facts: facts, observedAt: event.ended ?? event.began,
            source: Source(.window, sensor: "\(event.sensor.device)/\(event.sensor.metric)"))
    }
}
