/// Scans labels through a handheld scanner as fast as the gateway acknowledges them, and measures.
struct ScanLoad: Sendable {
    struct Report: Codable, Sendable {
        let scans: Int
        let beeps: Int
        let refusals: Int
        let silences: Int
        let seconds: Double
        /// Beeps in a second.
        let rate: Double
    }

    /// The product whose units are scanned: a GTIN-14.
    let product: String
    let scans: Int

    /// Each label is one unit with its own serial number. Throws `CancellationError`, `element-string-malformed`.
    func run(_ scanner: HandheldScanner, within limit: Duration) async throws -> Report {
        var (beeps, refusals, silences) = (0, 0, 0)
        let start = ContinuousClock.now
        for index in 0..<scans {
            let label = try Label("(01)\(product)(21)L\(index)")
            switch await scanner.scan(label, within: limit) {
            case .beep: beeps += 1
            case .refusal: refusals += 1
            case .silence: silences += 1
            }
            try Task.checkCancellation()
        }
        let seconds = start.duration(to: .now) / .seconds(1)
        return Report(
            scans: scans, beeps: beeps, refusals: refusals, silences: silences, seconds: seconds,
            rate: (Double(beeps) / seconds).rounded())
    }
}
