import Ledger

/// What people see of the demo: one line for each event, and at the end how long each part took.
struct DemoTranscript: Sendable {
    private let start = ContinuousClock.now
    private var parts: [(name: String, duration: Duration)] = []

    mutating func took(_ part: String, since begin: ContinuousClock.Instant) {
        parts.append((part, ContinuousClock.now - begin))
    }

    func heading(_ text: String) {
        StandardOutput.line("\n\(text)")
    }

    func event(_ who: String, _ text: String) {
        StandardOutput.line("\(DemoTranscript.seconds(ContinuousClock.now - start))  \(who.padded(13)) \(text)")
    }

    func table() {
        heading("How long each part took")
        for part in parts { StandardOutput.line("\(DemoTranscript.seconds(part.duration))  \(part.name)") }
        StandardOutput.line("\(DemoTranscript.seconds(ContinuousClock.now - start))  all of it")
    }

    static func seconds(_ duration: Duration) -> String {
        let tenths = Int((duration / .milliseconds(100)).rounded())
        let text = "\(tenths / 10).\(tenths % 10) s"
        return String(repeating: " ", count: max(0, 7 - text.count)) + text
    }
}

extension String {
    /// Filled with spaces to at least this many characters.
    func padded(_ width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
