import Logging
import Store

/// Packs the readings that have come, and deletes those that are older than they need to be kept.
public actor ReadingUpkeep {
    /// Readings that wait before they are packed.
    public static let threshold = 16_384
    /// However few wait, they are packed this often.
    static let pause: Duration = .seconds(3_600)

    private nonisolated let executor = DispatchExecutor(label: "custody.upkeep")
    private let intake: IntakeStore
    private let retention: Int64
    private let now: @Sendable () -> Int64
    private let logger: Logger

    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// - Parameters:
    ///   - retention: how long raw readings are kept, in microseconds.
    ///   - now: UTC microseconds.
    public init(
        intake: IntakeStore, retention: Int64, now: @escaping @Sendable () -> Int64, logger: Logger
    ) {
        self.intake = intake
        self.retention = retention
        self.now = now
        self.logger = logger
    }

    /// Works until the task is cancelled.
    public nonisolated func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.packWhenManyWait() }
            group.addTask {
                while !Task.isCancelled {
                    await self.tend()
                    try? await Task.sleep(for: Self.pause)
                }
            }
        }
    }

    private nonisolated func packWhenManyWait() async {
        for await _ in intake.arrivals.signal.follow() { await pack(threshold: Self.threshold) }
    }

    private func tend() {
        pack(threshold: 1)
        do { try intake.deleteReadings(before: now() - retention) } catch {
            logger.warning("old readings stay", metadata: ["error": "\(error)"])
        }
    }

    private func pack(threshold: Int) {
        do { try intake.pack(threshold: threshold) } catch {
            logger.warning("readings wait to be packed", metadata: ["error": "\(error)"])
        }
    }
}
