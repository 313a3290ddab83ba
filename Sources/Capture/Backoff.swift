/// How long to wait before the next attempt: doubling from `first` to `longest`, then spread by chance between half of
/// that and all of it, so that gateways which lost one broker together do not return together.
public struct Backoff: Sendable {
    private let first: Duration
    private let longest: Duration
    /// A number from 0 up to 1.
    private let random: @Sendable () -> Double
    private var step: Duration

    public init(
        first: Duration, longest: Duration,
        random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) }
    ) {
        self.first = first
        self.longest = longest
        self.random = random
        step = first
    }

    /// The next wait.
    public mutating func next() -> Duration {
        let wait = min(step, longest)
        step = min(step * 2, longest)
        return wait * (0.5 + random() / 2)
    }

    /// The last attempt succeeded.
    public mutating func reset() {
        step = first
    }
}
