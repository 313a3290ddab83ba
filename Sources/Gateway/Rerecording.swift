import Foundation
import Ledger
import Logging
import Store

/// Records again, on the present generation, what was acknowledged on an earlier one and taken back from it.
///
/// The old log is read back from the mirrors first, where they can be reached: what was recorded twice is then refused
/// instead of making the order disputed.
public struct Rerecording: Sendable {
    /// How long the old log is waited for.
    static let patience: Duration = .seconds(20)
    /// Entries that are looked up at once.
    static let batchMax = 64

    private let recorder: Recorder
    private let ledger: LedgerStore
    private let logger: Logger
    private let patience: Duration
    private let sleep: @Sendable (Duration) async throws -> Void

    public init(
        recorder: Recorder, ledger: LedgerStore, logger: Logger, patience: Duration? = nil,
        sleep: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    ) {
        self.recorder = recorder
        self.ledger = ledger
        self.logger = logger
        self.patience = patience ?? Self.patience
        self.sleep = sleep
    }

    /// Returns when nothing is left to be recorded again.
    public func run() async throws {
        guard try !isDone() else { return }
        await awaitOldLog()
        while !Task.isCancelled {
            let entries = try ledger.read { try $0.takenBack(openOnly: true, limit: Self.batchMax) }
            if entries.isEmpty { return }
            var waiting: Set<String> = []
            for entry in entries { try await record(entry, waiting: &waiting) }
            if !waiting.isEmpty { try await sleep(.seconds(1)) }
        }
    }

    private func isDone() throws -> Bool { try ledger.read { try $0.takenBack(openOnly: true, limit: 1).isEmpty } }

    private func awaitOldLog() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await sleep(patience) }
            group.addTask {
                let news = ledger.changes.follow()
                if isReadBack { return }
                for await _ in news where isReadBack { return }
            }
            await group.next()
            group.cancelAll()
        }
    }

    private var isReadBack: Bool {
        let isReadBack = try? ledger.read { snapshot in
            let predecessor = try snapshot.ownGenerations().first?.predecessor
            let log = try predecessor.flatMap { try snapshot.log($0.origin) }
            // Of a frozen log, more does not come.
            return log?.size ?? 0 >= min(predecessor?.size ?? 0, log?.common ?? .max)
        }
        return isReadBack ?? false
    }

    /// - Parameter waiting: orders of which something must be recorded before, and cannot be yet.
    private func record(_ entry: TakenBackEntry, waiting: inout Set<String>) async throws {
        let read = try Entry(bytes: entry.bytes)
        guard let update = read.update else { return try refuse(entry, because: "only updates are recorded again") }
        guard !waiting.contains(update.order) else { return }
        do {
            let receipt = try await recorder.record(try draft(of: update, recordedAt: read.recordedAt, entry))
            logger.notice(
                "recorded again",
                metadata: [
                    "was": "\(entry.reference.origin):\(entry.reference.index)",
                    "is": "\(receipt.origin):\(receipt.index)",
                ])
        } catch let error as CustodyError where Rejection.Code(rawValue: error.code.rawValue) != nil {
            try refuse(entry, because: error.description)
        } catch let error as CustodyError {
            logger.info("not recorded again yet", metadata: ["order": "\(update.order)", "reason": "\(error)"])
            waiting.insert(update.order)
        }
    }

    private func refuse(_ entry: TakenBackEntry, because reason: String) throws {
        logger.warning(
            "not recorded again",
            metadata: ["was": "\(entry.reference.origin):\(entry.reference.index)", "reason": "\(reason)"])
        try ledger.write { try $0.refuse(takenBack: entry.id, because: reason) }
    }

    private func draft(of update: Update, recordedAt: Int64, _ entry: TakenBackEntry) throws -> Draft {
        let (cites, firing) = try ledger.read { snapshot in
            (
                try update.cites.map { try snapshot.replacement(of: $0.reference.leafHash) ?? $0.reference },
                try update.firing.map {
                    Firing(rule: $0.rule, trigger: try snapshot.replacement(of: $0.trigger)?.leafHash ?? $0.trigger)
                }
            )
        }
        return Draft(
            order: update.parents.isEmpty ? .reopen(update.order, contract: update.contract) : .existing(update.order),
            step: update.step,
            facts: update.facts.map { fact in
                switch fact.value {
                case .text(let text): (fact.name, .text(text))
                case .commitment(let commitment): (fact.name, .committed(commitment))
                }
            }, subjects: update.subjects, cites: cites, observedAt: update.observedAt ?? recordedAt,
            source: update.source, operator: update.operator?.id, takenBack: entry.id, firing: firing)
    }
}

extension CustodyError.Code {
    /// The gateway stops recording on its log, and opens the next generation.
    public static let ownLogInDoubt: Self = "own-log-in-doubt"
}
