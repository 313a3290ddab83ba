import Ledger

/// What a peer has told of all logs so far, and which of them are to be looked at.
struct PeerPicture {
    /// Logs that a peer may tell of.
    static let logsMax = 1 << 17
    /// How long it takes at most until each log is looked at again, though nobody has told of a change: some of what is
    /// done for a peer waits for the time, or may have failed on its side.
    static let roundMax = PeerNews.holdMax

    /// To be sent with the next poll.
    private(set) var token = ""
    private var told: [String: PeerNews.Log] = [:]
    /// Told and not yet looked at.
    private var news: Set<String> = []
    /// The version of this gateway's own board that was looked at last.
    private var version: UInt64 = 0
    private var lastRound: ContinuousClock.Instant?
    private var keeping: Int?

    subscript(origin: String) -> PeerNews.Log? { told[origin] }

    /// - Throws: `CustodyError` with code `limit-exceeded`.
    mutating func take(_ answer: PeerNews) throws {
        for log in answer.logs {
            told[log.origin] = log
            news.insert(log.origin)
        }
        try Limit.check(told.count, max: Self.logsMax, "what a peer tells of", unit: "logs")
        token = answer.token
    }

    /// All logs, in order of their origins.
    var logs: [PeerNews.Log] { told.values.sorted { $0.origin < $1.origin } }

    /// The logs of which the peer or this gateway has learned something since the last time, and does not have what the
    /// other has; once in a while of all.
    /// - Parameters:
    ///   - keeping: how many logs this gateway keeps for its orders: when it keeps more, all are looked at.
    ///   - now: by the clock of peers.
    mutating func due(
        beside board: NewsBoard, keeping: Int?, now: ContinuousClock.Instant
    ) throws -> [PeerNews.Log] {
        let changed = try board.changed(since: version)
        version = changed.version
        let isRound = keeping != self.keeping || lastRound.map { now - $0 >= Self.roundMax } ?? true
        self.keeping = keeping
        if isRound { lastRound = now }
        let due = isRound ? logs : news.union(changed.origins).sorted().compactMap { told[$0] }
        news = []
        return try due.filter { try board.log($0.origin) != $0 }
    }
}
