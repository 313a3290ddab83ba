import FoundationEssentials
import Ledger

/// What `custody trace --json` prints, as far as the demo looks at it.
struct OrderTrace: Decodable, Sendable {
    struct Step: Decodable, Sendable {
        let step: String
        let organisation: String
        let leafHash: String
        let recordedAt: String
        let observedAt: String?
        let facts: [String: String]
        let verdict: String
        let confirmed: Bool
        let cosigners: [String]
        let frozen: String?
    }

    let order: String
    let steps: [Step]
    let waiting: [String]

    /// Throws `demo-trace-unreadable`.
    init(json: String) throws {
        do { self = try JSONDecoder().decode(OrderTrace.self, from: Data(json.utf8)) } catch {
            throw CustodyError("demo-trace-unreadable", "The trace cannot be read: \(error)")
        }
    }

    func steps(_ name: String) -> [Step] {
        steps.filter { $0.step == name && $0.verdict == "accepted" }
    }

    func has(_ name: String) -> Bool { !steps(name).isEmpty }

    /// Whether every update is accepted and confirmed, and none waits for another.
    var isConfirmed: Bool {
        waiting.isEmpty && steps.allSatisfy { $0.verdict == "accepted" && $0.confirmed && $0.frozen == nil }
    }

    var hashes: Set<String> { Set(steps.map(\.leafHash)) }

    /// What is not as `isConfirmed` wants it, in few words.
    var doubts: String {
        let rejected = steps.filter { $0.verdict != "accepted" }.map { "\($0.step) is \($0.verdict)" }
        let open = steps.filter { $0.verdict == "accepted" && !$0.confirmed }
            .map { "\($0.step) of \($0.organisation) has \($0.cosigners.count) cosigners" }
        return (rejected + waiting + open).joined(separator: "; ")
    }
}

extension OrderTrace.Step {
    /// When it happened, in UTC microseconds; the trace tells it to the millisecond.
    var time: Int64? {
        let text = observedAt ?? recordedAt
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        guard let date = try? style.parse(text) else { return nil }
        return Int64((date.timeIntervalSince1970 * 1_000_000).rounded())
    }
}
