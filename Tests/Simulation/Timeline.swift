import Consortium
import Glibc
import Synchronization

/// Runs every job of a simulation on one thread, in the order in which they came, and lets time pass only when no job is
/// left: so that a seed decides all that happens.
final class Timeline: SerialExecutor, TaskExecutor, @unchecked Sendable {
    // Unchecked: everything happens on the one thread that calls `drive`, and `enqueue` makes sure of it.

    static let shared = Timeline()

    private struct Alarm {
        let time: Int64
        let number: UInt64
        let ring: (Bool) -> Void
    }

    /// Microseconds since the simulation began.
    private(set) var time: Int64 = 0
    private var jobs: [UnownedJob] = []
    private var nextJob = 0
    /// A heap by time, then by number.
    private var alarms: [Alarm] = []
    private var cancelled: Set<UInt64> = []
    private var lastAlarm: UInt64 = 0
    private let began = ContinuousClock.now
    private let thread = pthread_self()
    /// Jobs run since the process began.
    private(set) var jobCount = 0

    func enqueue(_ job: consuming ExecutorJob) {
        checkThread()
        jobs.append(UnownedJob(job))
    }

    // Callbacks of code that is not isolated, but runs on this thread, count as isolated.
    func checkIsolated() { checkThread() }

    func isIsolatingCurrentContext() -> Bool? { pthread_equal(pthread_self(), thread) != 0 }

    func checkThread() {
        precondition(pthread_equal(pthread_self(), thread) != 0, "something came from outside the simulation's thread")
    }

    /// Runs until `isOver`, or until nothing is left that could happen.
    func drive(until isOver: () -> Bool) {
        while !isOver() {
            if nextJob < jobs.count {
                runNext()
            } else if let alarm = takeAlarm() {
                time = max(time, alarm.time)
                alarm.ring(true)
            } else {
                return
            }
        }
    }

    private func runNext() {
        let job = jobs[nextJob]
        nextJob += 1
        if nextJob == jobs.count {
            jobs.removeAll(keepingCapacity: true)
            nextJob = 0
        }
        jobCount += 1
        job.runSynchronously(isolatedTo: asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor())
    }

    /// Time begins again, and nobody is rung any more.
    func reset() {
        precondition(nextJob == jobs.count, "jobs of the simulation before are left")
        alarms.removeAll()
        cancelled.removeAll()
        time = 0
    }

    /// Whether nothing waits to be run now.
    var isIdle: Bool { nextJob == jobs.count }

    // MARK: Alarms

    /// - Parameter ring: told whether the time has come; false where the alarm was cancelled.
    @discardableResult
    func alarm(after delay: Int64, _ ring: @escaping (Bool) -> Void) -> UInt64 {
        lastAlarm += 1
        alarms.append(Alarm(time: time + max(0, delay), number: lastAlarm, ring: ring))
        rise(alarms.count - 1)
        return lastAlarm
    }

    func cancel(_ number: UInt64) {
        guard let place = alarms.firstIndex(where: { $0.number == number }) else { return }
        cancelled.insert(number)
        alarms[place].ring(false)
    }

    private func takeAlarm() -> Alarm? {
        while let first = alarms.first {
            alarms.swapAt(0, alarms.count - 1)
            alarms.removeLast()
            sink(0)
            if cancelled.remove(first.number) == nil { return first }
        }
        return nil
    }

    private func isBefore(_ one: Int, _ other: Int) -> Bool {
        (alarms[one].time, alarms[one].number) < (alarms[other].time, alarms[other].number)
    }

    private func rise(_ start: Int) {
        var place = start
        while place > 0, isBefore(place, (place - 1) / 2) {
            alarms.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    private func sink(_ start: Int) {
        var place = start
        while true {
            var smallest = place
            for child in [2 * place + 1, 2 * place + 2] where child < alarms.count && isBefore(child, smallest) {
                smallest = child
            }
            guard smallest != place else { return }
            alarms.swapAt(place, smallest)
            place = smallest
        }
    }

    // MARK: Sleeping

    var instant: ContinuousClock.Instant { began + .microseconds(time) }

    var clock: PeerClock { PeerClock(now: { self.instant }, sleep: { try await self.sleep($0) }, executor: self) }

    func sleep(_ duration: Duration) async throws {
        let number = Mutex<UInt64?>(nil)
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                guard !Task.isCancelled else { return continuation.resume(throwing: CancellationError()) }
                let alarm = self.alarm(after: duration.inMicroseconds) { isTime in
                    if isTime { continuation.resume() } else { continuation.resume(throwing: CancellationError()) }
                }
                number.withLock { $0 = alarm }
            }
        } onCancel: {
            if let alarm = number.withLock({ $0 }) { self.cancel(alarm) }
        }
    }
}

/// Everything that the simulation itself does happens here, on the timeline.
@globalActor actor Simulation {
    static let shared = Simulation()

    nonisolated var unownedExecutor: UnownedSerialExecutor { Timeline.shared.asUnownedSerialExecutor() }
}

extension Duration {
    var inMicroseconds: Int64 { components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000 }
}
