import Synchronization

/// Which sensors have been heard since somebody last asked, how many readings wait to be packed, and a signal for whoever
/// waits for news of them.
public final class Arrivals: Sendable {
    private struct State {
        var heard: Set<Int64> = []
        var waiting = 0
    }

    /// Fires after each commit with readings.
    public let signal = ChangeSignal()
    private let state = Mutex(State())

    /// Readings that are in no block yet.
    public var waiting: Int { state.withLock { $0.waiting } }

    func note(_ sensors: Set<Int64>, count: Int) {
        state.withLock { state in
            state.heard.formUnion(sensors)
            state.waiting += count
        }
        if count > 0 { signal.notify() }
    }

    /// Some may have come through another connection to the file.
    func notePacked(_ count: Int) { state.withLock { $0.waiting = max($0.waiting - count, 0) } }

    /// The sensors' numbers, each told once.
    func take() -> Set<Int64> {
        state.withLock { state in
            defer { state.heard.removeAll() }
            return state.heard
        }
    }
}
