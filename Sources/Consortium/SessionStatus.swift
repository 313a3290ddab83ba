import Logging
import Synchronization

/// What is known of somebody whom this gateway calls, for people; logged when it changes.
final class SessionStatus: Sendable {
    /// The first wait after a failure, and the longest.
    static let waits: (first: Duration, longest: Duration) = (.milliseconds(100), .seconds(5))

    private let state: Mutex<PeerStatus>
    private let clock: PeerClock
    private let logger: Logger

    convenience init(_ client: any PeerClient, named name: String? = nil, logger: Logger) {
        let status = PeerStatus(organisation: name ?? client.organisation, address: client.address)
        self.init(status, clock: client.clock, logger: logger)
    }

    init(_ status: PeerStatus, clock: PeerClock, logger: Logger) {
        state = Mutex(status)
        self.clock = clock
        self.logger = logger
    }

    var current: PeerStatus { state.withLock { $0 } }

    func pushed(_ size: UInt64) { state.withLock { $0.pushed = size } }

    func met() {
        let isNews = state.withLock { state in
            defer {
                state.isConnected = true
                state.problem = nil
            }
            return !state.isConnected
        }
        if isNews { logger.info("peer connected", metadata: ["peer": "\(current.organisation)"]) }
    }

    func lost(_ error: any Error) {
        let problem = "\(error)"
        let isNews = state.withLock { state in
            defer {
                state.isConnected = false
                state.problem = problem
            }
            return state.problem != problem
        }
        guard isNews else { return }
        logger.warning("peer lost", metadata: ["peer": "\(current.organisation)", "error": "\(problem)"])
    }

    /// Does the work again and again until the task is cancelled, more slowly while it fails.
    func repeating(
        onLost: @Sendable () -> Void = {}, longest: Duration = waits.longest, _ work: @Sendable () async throws -> Void
    ) async {
        var wait = Self.waits.first
        while !Task.isCancelled {
            let began = clock.now()
            do { try await work() } catch is CancellationError { return } catch {
                onLost()
                lost(error)
            }
            wait = clock.now() - began > .seconds(10) ? Self.waits.first : min(wait * 2, longest)
            try? await clock.sleep(wait)
        }
    }
}
