import Synchronization

/// Which sensors have been heard since somebody last asked, and a signal for whoever waits for news of them.
public final class Arrivals: Sendable {
    /// Fires after each commit with readings.
    public let signal = ChangeSignal()
    private let heard = Mutex<Set<Int64>>([])

    func note(_ sensors: Set<Int64>) {
        guard !sensors.isEmpty else { return }
        heard.withLock { $0.formUnion(sensors) }
        signal.notify()
    }

    /// The sensors' numbers, each told once.
    func take() -> Set<Int64> {
        heard.withLock { heard in
            defer { heard.removeAll() }
            return heard
        }
    }
}
