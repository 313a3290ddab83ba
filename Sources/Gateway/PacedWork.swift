import Store

/// Work that is done when there is news, at most ten times a second, and once a second without.
enum PacedWork {
    private static let pause: Duration = .milliseconds(100)
    private static let patience: Duration = .seconds(1)

    /// Works until the task is cancelled, or the work throws a cancellation.
    /// - Parameter failed: hears of what else it throws; the work goes on.
    static func run(
        after signal: ChangeSignal, _ work: @Sendable () async throws -> Void,
        failed: @Sendable (any Error) -> Void
    ) async {
        let (news, bell) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for await _ in signal.follow() { bell.yield() } }
            group.addTask {
                while (try? await Task.sleep(for: patience)) != nil { bell.yield() }
                bell.finish()
            }
            for await _ in news {
                do { try await work() } catch is CancellationError { break } catch { failed(error) }
                guard (try? await Task.sleep(for: pause)) != nil else { break }
            }
            group.cancelAll()
        }
    }
}
