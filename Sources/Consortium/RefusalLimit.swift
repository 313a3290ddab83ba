import Ledger
import Synchronization

/// Keeps a member that sends what must be refused from costing more than it should: each refusal has cost hashes and
/// proofs to find.
final class RefusalLimit: Sendable {
    /// Refusals that a gateway may collect in one span.
    static let refusalsMax = 60
    /// Seconds of a span.
    static let span: Int64 = 60
    /// Gateways that are counted; more than a consortium has.
    static let gatewaysMax = 4_096

    private struct Count {
        var began: Int64
        var refusals: Int
    }

    private let counts = Mutex<[String: Count]>([:])

    /// - Parameter now: Unix seconds.
    /// - Returns: after how many seconds the gateway may ask again; nil if it may now.
    func wait(of origin: String, now: Int64) -> Int64? {
        counts.withLock { counts in
            guard let count = counts[origin], count.refusals >= Self.refusalsMax else { return nil }
            let rest = count.began + Self.span - now
            return rest > 0 && rest <= Self.span ? rest : nil
        }
    }

    func note(_ origin: String, now: Int64) {
        counts.withLock { counts in
            if let count = counts[origin], (0..<Self.span).contains(now - count.began) {
                counts[origin] = Count(began: count.began, refusals: count.refusals + 1)
                return
            }
            // Forgetting all is as good as forgetting the oldest: a liar is soon counted again.
            if counts.count >= Self.gatewaysMax { counts.removeAll() }
            counts[origin] = Count(began: now, refusals: 1)
        }
    }
}
