import Ledger
import Logging
import Store
import Synchronization
import Telemetry

/// Looks after the disk: warns while there is time, and lets no more readings in when little is left, so that the broker
/// keeps them and the log can still be written.
public final class DiskWatch: ReadingSink {
    /// What `disk` in the configuration says.
    public struct Rule: Hashable, Sendable {
        /// Hours left at which people are warned.
        public var warnHours = 48.0
        /// Bytes that readings must leave free; nil for a twentieth of the disk, at most 256 MiB.
        public var reserve: UInt64?

        public init() {}
    }

    /// Between two looks, and between two warnings.
    static let pause: Duration = .seconds(10)
    static let warningPause: Int64 = 3_600_000_000

    private struct State {
        var forecast: DiskForecast
        var warnedAt: Int64?
    }

    private let rule: Rule
    private let folder: String
    private let sink: any ReadingSink
    private let now: @Sendable () -> Int64
    private let logger: Logger
    private let state: Mutex<State>
    private let reserve: UInt64

    /// - Parameters:
    ///   - folder: on the disk that is looked at.
    ///   - now: UTC microseconds.
    public init(
        rule: Rule, folder: String, sink: any ReadingSink, now: @escaping @Sendable () -> Int64, logger: Logger
    ) {
        self.rule = rule
        self.folder = folder
        self.sink = sink
        self.now = now
        self.logger = logger
        reserve = DiskSpace.reserve(rule.reserve, of: folder)
        state = Mutex(State(forecast: DiskForecast(reserve: reserve)))
    }

    /// Hours until readings are no longer taken; nil while nobody can tell.
    public var hoursLeft: Double? { state.withLock { $0.forecast.hoursLeft } }

    /// - Throws: `CustodyError` with code `disk-nearly-full`: the caller must drop its connection, and the broker keeps
    ///   what it has.
    public func commit(_ messages: [InboundMessage]) throws {
        if let space = DiskSpace(of: folder), space.free < reserve {
            throw CustodyError(
                .diskNearlyFull, "the disk has \(space.free >> 20) MiB left, and \(reserve >> 20) MiB are kept free",
                at: folder, remedy: "make room; until then the broker keeps what sensors send")
        }
        try sink.commit(messages)
    }

    /// Looks until the task is cancelled.
    public func run() async {
        while !Task.isCancelled {
            look()
            try? await Task.sleep(for: Self.pause)
        }
    }

    func look() {
        guard let space = DiskSpace(of: folder) else { return }
        let time = now()
        let warning = state.withLock { state -> Double? in
            state.forecast.look(free: space.free, at: time)
            guard let hours = state.forecast.hoursLeft, hours < rule.warnHours,
                time - (state.warnedAt ?? .min / 2) >= Self.warningPause
            else { return nil }
            state.warnedAt = time
            return hours
        }
        guard let warning else { return }
        let hours = (warning * 10).rounded() / 10
        logger.warning(
            "the disk fills: at the present rate \(hours) hours are left",
            metadata: ["free": "\(space.free >> 20) MiB", "folder": "\(folder)"])
    }
}
