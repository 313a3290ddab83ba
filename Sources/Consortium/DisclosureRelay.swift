import Foundation
import Ledger
import Logging
import Store

/// The sealed disclosures that this gateway passes on, whoever can open them, and opens where they are sealed to it.
///
/// It takes what belongs to an update that is here, is sealed to an organisation that the contract lets read it, and bears
/// the signature of the log: so there is one of it for each reader of each fact, and nobody can put another in its place.
/// All of it runs on a queue of its own, because each step waits for the disk.
public actor DisclosureRelay {
    private nonisolated let executor = DispatchExecutor(label: "custody.disclosures")
    private nonisolated let store: LedgerStore
    private nonisolated let organisation: String
    private let key: PrivateReadingKey?
    private let logger: Logger
    private var budget = DisclosureBudget()

    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// - Parameters:
    ///   - organisation: this gateway's.
    ///   - key: the organisation's, if this gateway was given it.
    public init(store: LedgerStore, organisation: String, key: PrivateReadingKey?, logger: Logger) {
        self.store = store
        self.organisation = organisation
        self.key = key
        self.logger = logger
    }

    /// Takes what a member passes on; when it returns, what was taken is on disk.
    ///
    /// - Returns: an outcome for each, in the same order.
    /// - Throws: `CustodyError` with code `durability-unknown` or `store-failed`.
    func take(_ passed: [PassedDisclosure], from member: String) throws -> [DisclosureOutcome] {
        let looked = try store.read { snapshot in try passed.map { try look(at: $0, snapshot) } }
        var outcomes: [DisclosureOutcome] = []
        guard looked.contains(where: { if case .wanted = $0 { true } else { false } }) else {
            return looked.map(\.outcome)
        }
        try store.write { transaction in
            outcomes = try zip(passed, looked).map { passed, looked in
                guard case .wanted(let fact, let opened) = looked else { return looked.outcome }
                let isNews = try transaction.keep(
                    passed.sealed, opened: opened, fact: fact, of: passed.update, via: member)
                return isNews ? .taken : .known
            }
        }
        return outcomes
    }

    private enum Look {
        case wanted(fact: String, opened: Disclosure?)
        case settled(DisclosureOutcome)

        var outcome: DisclosureOutcome {
            switch self {
            case .wanted: .taken
            case .settled(let outcome): outcome
            }
        }
    }

    private func look(at passed: PassedDisclosure, _ snapshot: LedgerSnapshot) throws -> Look {
        guard let log = try snapshot.log(passed.update.origin) else { return .settled(.later) }
        guard let update = try snapshot.update(passed.update) else {
            let mayCome = log.frozen == nil && passed.update.index >= log.size
            return .settled(mayCome ? .later : .refused(.disclosureUnwanted))
        }
        let sealed = passed.sealed
        guard let context = SealedDisclosure.Context(of: sealed.commitment, in: update, from: log.origin) else {
            return .settled(.refused(.disclosureUnwanted))
        }
        guard let audience = store.rulebook.audience(of: context.fact, in: update, from: log.origin) else {
            return .settled(.later)
        }
        guard audience.contains(sealed.recipient) else { return .settled(.refused(.audienceForeign)) }
        guard try !snapshot.isErased(context.fact, of: passed.update.leafHash) else {
            return .settled(.refused(.factErased))
        }
        guard try !snapshot.hasSealed(sealed, of: passed.update) else { return .settled(.known) }
        do {
            try sealed.check(context, log: log.key)
            return .wanted(fact: context.fact, opened: try opened(sealed, context))
        } catch let error as CustodyError {
            logger.error("disclosure refused", metadata: ["error": "\(error)"])
            return .settled(.refused(error.code))
        }
    }

    /// - Returns: nil for what is not sealed to this organisation.
    private func opened(_ sealed: SealedDisclosure, _ context: SealedDisclosure.Context) throws -> Disclosure? {
        guard sealed.recipient == organisation, let key else { return nil }
        return try sealed.open(context, with: key)
    }

    /// The next page for a member.
    nonisolated func page(after place: Int64) throws -> DisclosurePage {
        let (items, end) = try store.sealedDisclosures(
            after: place, limit: DisclosurePage.itemsMax, bytesMax: DisclosurePage.sealedBytesMax, exceptVia: nil)
        return DisclosurePage(store: try store.read { try $0.storeName() }, items: items, end: end)
    }

    /// Whether a member may ask for, or hand in, another page now.
    func admits(_ member: String, at now: ContinuousClock.Instant) -> Bool { budget.take(from: member, at: now) }
}

/// How many pages each member may ask for or hand in: a burst, and so many a second after that.
struct DisclosureBudget: Sendable {
    /// Pages at once.
    static let burstMax = 64.0
    /// Pages that are added each second.
    static let perSecond = 8.0

    private var left: [String: (pages: Double, at: ContinuousClock.Instant)] = [:]

    /// - Returns: false if the member has no page left. Members are few: the consortium document lists them.
    mutating func take(from member: String, at now: ContinuousClock.Instant) -> Bool {
        let known = left[member] ?? (Self.burstMax, now)
        let pages = min(Self.burstMax, known.pages + (now - known.at) / .seconds(1) * Self.perSecond)
        left[member] = (pages >= 1 ? pages - 1 : pages, now)
        return pages >= 1
    }
}

extension CustodyError.Code {
    /// A sealed disclosure to which no stored update commits.
    public static let disclosureUnwanted: Self = "disclosure-unwanted"
    /// A disclosure that is sealed to an organisation which the contract does not let read it.
    public static let audienceForeign: Self = "audience-foreign"
}
