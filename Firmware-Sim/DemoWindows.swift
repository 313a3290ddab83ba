/// The windows of one metric on an order's trace.
struct DemoWindows {
    let count: Int
    let supplementary: Int
    /// The readings in all of them.
    let readings: Int

    init(_ trace: OrderTrace, _ metric: SensorReading.Metric) {
        let windows = trace.steps("conditions.recorded").filter { $0.facts["metric"] == metric.rawValue }
        count = windows.count
        supplementary = windows.filter { $0.facts["supplementary"] == "true" }.count
        readings = windows.reduce(0) { $0 + ($1.facts["count"].flatMap(Int.init) ?? 0) }
    }
}
