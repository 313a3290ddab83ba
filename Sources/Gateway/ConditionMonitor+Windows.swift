import Ledger
import Store
import Telemetry

extension ConditionMonitor {
    /// Whether there is anything to look at: news, an end, or a time that has come.
    func isDue(_ sensor: SensorName, _ journey: Journey, _ heard: Set<SensorName>) throws -> Bool {
        guard let pulse = pulses[Place(order: journey.order, sensor: sensor)] else { return true }
        if heard.contains(sensor) || pulse.journeyEnded != journey.ended { return true }
        return instruments.now() >= pulse.nextLook
    }

    /// Closes all windows of a sensor that are to be closed, and notes what is out of order.
    func look(at sensor: SensorName, on journey: Journey) async throws {
        let arrived = try intake.lastArrival()
        let watch = Watch(sensor: sensor, journey: journey, rule: rule)
        var open: [StoredReading] = []
        while true {
            let mark = try intake.mark(of: sensor, order: journey.order)
            if let mark { try await closeLate(watch, mark, arrived) }
            open = try openReadings(watch, from: mark?.end ?? journey.began, arrived)
            guard let cut = try cut(open, watch, mark) else { break }
            try await close(open, from: mark?.end ?? journey.began, at: cut, watch, arrived)
        }
        try noteSilence(of: open, watch)
        try noteMeanKinetic(of: open, watch)
        try noteClock(of: open, watch)
        try noteCalibration(watch)
        if let ended = journey.ended { try endAll(watch, at: ended) }
        try await tellEvents()
    }

    /// All readings since a time, or as many as a window holds.
    private func openReadings(_ watch: Watch, from start: Int64, _ arrived: Int64) throws -> [StoredReading] {
        let span = ReadingSpan(from: start, before: watch.journey.ended ?? .max, arrived: 0...arrived)
        let readings = try intake.readings(of: watch.sensor, in: span, limit: rule.count + 1)
        let isOneTime = readings.count > rule.count && readings.first?.reading.time == readings.last?.reading.time
        return isOneTime ? try intake.readings(of: watch.sensor, in: span) : readings
    }

    private func cut(_ open: [StoredReading], _ watch: Watch, _ mark: WindowMark?) throws -> WindowCut? {
        let lasting =
            try watch.kinds.isEmpty
            ? nil : intake.lastingEvent(watch.kinds, of: watch.sensor, on: watch.journey.order)
        return WindowCut.next(
            in: open.map(\.reading), from: mark?.end ?? watch.journey.began,
            under: WindowCut.Rule(length: rule.window, count: rule.count, band: watch.band),
            excursion: lasting.map { WindowCut.Excursion(side: watch.side(of: $0.kind), from: $0.began) },
            outsideSince: mark?.outsideSince, journeyEnd: watch.journey.ended, now: instruments.now())
    }

    /// Readings of one time stand for the whole window.
    private func kinetic(_ taken: [Reading], for length: Int64) -> KineticSum {
        let sum = KineticSum(of: taken)
        return taken.first?.time == taken.last?.time ? sum.standing(for: length) : sum
    }

    /// - Parameter start: of the window that is closed.
    private func close(
        _ open: [StoredReading], from start: Int64, at cut: WindowCut, _ watch: Watch, _ arrived: Int64
    ) async throws {
        let taken = open.map(\.reading).filter { $0.time < cut.end }
        var window: AnnouncedWindow?
        if !taken.isEmpty {
            let mark = WindowMark(end: cut.end, arrived: arrived, cause: cut.cause, outsideSince: cut.outsideSince)
            window = try intake.announce(
                order: watch.journey.order, sensor: watch.sensor, mark: mark, isSupplementary: false,
                kinetic: watch.isTemperature ? kinetic(taken, for: cut.end - start) : KineticSum())
        }
        try note(cut, watch, in: open)
        try await tellEvents()
        if let window { try await record(window, isNew: true) }
    }

    private func closeLate(_ watch: Watch, _ mark: WindowMark, _ arrived: Int64) async throws {
        guard mark.arrived < arrived else { return }
        let span = ReadingSpan(
            from: watch.journey.began, before: mark.end, arrived: (mark.arrived + 1)...arrived)
        let late = try intake.lateReadings(of: watch.sensor, in: span)
        guard !late.isEmpty else { return }
        let window = try intake.announce(
            order: watch.journey.order, sensor: watch.sensor, mark: WindowMark(end: mark.end, arrived: arrived),
            isSupplementary: true)
        try noteRuns(in: late, watch)
        try await tellEvents()
        try await record(window, isNew: true)
    }

    /// Windows and events that were announced before this process began, or before the recorder was busy.
    func finishAnnounced() async throws {
        for window in try intake.pendingWindows() { try await record(window, isNew: false) }
    }

    private func record(_ window: AnnouncedWindow, isNew: Bool) async throws {
        guard let journey = try intake.journey(of: window.order) else { return try intake.settle(window) }
        let readings = try intake.readings(in: window, of: journey)
        if let draft = try WindowDraft(of: window, journey: journey, readings: readings)?.draft(step: rule.step) {
            try await record(draft, isNew: isNew)
            try noteHoles(in: readings, of: window)
        }
        try intake.settle(window)
    }
}

/// A sensor on a journey with what its values may be.
struct Watch {
    let sensor: SensorName
    let journey: Journey
    let band: Band?
    /// What an excursion of this sensor is called, above and below.
    private let above: ConditionEvent.Kind
    private let below: ConditionEvent.Kind

    init(sensor: SensorName, journey: Journey, rule: ConditionRule) {
        self.sensor = sensor
        self.journey = journey
        let thresholds = [(rule.door, ConditionEvent.Kind.door), (rule.shock, .shock), (rule.tilt, .tilt)]
        if let (threshold, kind) = thresholds.first(where: { $0.0.metric == sensor.metric }) {
            band = Band(highest: threshold.highest)
            (above, below) = (kind, kind)
        } else {
            band = sensor.unit == "Cel" ? journey.limits.band : nil
            (above, below) = (.above, .below)
        }
    }

    var isTemperature: Bool { sensor.unit == "Cel" }

    var kinds: [ConditionEvent.Kind] { band == nil ? [] : [above, below] }

    func kind(on side: Band.Side) -> ConditionEvent.Kind { side == .above ? above : below }

    func side(of kind: ConditionEvent.Kind) -> Band.Side { kind == above ? .above : .below }
}
