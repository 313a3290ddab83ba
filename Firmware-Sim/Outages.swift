import Rig

/// When a device is without its network: planned outages and those of chance, in their order, none touching another.
struct Outages: Sequence, IteratorProtocol, Sendable {
    /// Since the device started.
    struct Outage: Hashable, Sendable {
        var from: Duration
        var until: Duration
    }

    /// More of the time than this no device is usable.
    static let shareMax = 0.95

    private let share: Double
    private let lasts: Duration
    private var planned: [Outage]
    private var random: SeededRandom
    private var drawn: Outage?

    /// - Parameters:
    ///   - share: the part of the time that is lost to chance, from 0 to `shareMax`. More than 0 goes on for ever.
    ///   - lasts: how long outages of chance last on average.
    init(seed: UInt64, share: Double, lasts: Duration, planned: [Outage] = []) {
        self.share = Swift.min(Swift.max(0, share), Outages.shareMax)
        self.lasts = lasts
        self.planned = planned.sorted { $0.from < $1.from }
        random = SeededRandom(seed: seed, stream: 0x105E, position: 0)
        drawn = draw(after: .zero)
    }

    mutating func next() -> Outage? {
        guard var outage = take() else { return nil }
        while let following = upcoming, following.from <= outage.until {
            outage.until = Swift.max(outage.until, following.until)
            _ = take()
        }
        return outage
    }

    private var upcoming: Outage? {
        guard let drawn, let first = planned.first else { return drawn ?? planned.first }
        return first.from <= drawn.from ? first : drawn
    }

    private mutating func take() -> Outage? {
        guard let outage = upcoming else { return nil }
        if outage == drawn {
            drawn = draw(after: outage.until)
        } else {
            planned.removeFirst()
        }
        return outage
    }

    private mutating func draw(after start: Duration) -> Outage? {
        guard share > 0 else { return nil }
        let from = start + lasts * ((1 - share) / share) * random.number(in: 0.5...1.5)
        return Outage(from: from, until: from + lasts * random.number(in: 0.5...1.5))
    }
}
