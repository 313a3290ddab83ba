import ArgumentParser
import Foundation
import GRDB
import Ledger
import Store

/// A deliberate bug, which the simulator must find. All gateways have it.
enum PlantedFault: String, CaseIterable, ExpressibleByArgument {
    /// The disk confirms a sync that it has not made.
    case skipsSync = "skips-sync"
    /// A receipt is given out before the commit.
    case answersEarly = "answers-early"
    /// A mirror cosigns what is not on its disk yet: only the recorder's commits are synced.
    case cosignsEarly = "cosigns-early"
    /// A mirror takes a checkpoint for its head, whatever the consistency proof says, and before the entries are here.
    case trustsHeads = "trusts-heads"
    /// A mirror takes an entry that does not carry the hash of the one before it.
    case takesAnyPrevious = "takes-any-previous"
    /// One cosigner's signature is counted twice.
    case countsTwice = "counts-twice"
    /// The quorum is one signature smaller than the document says.
    case lowersQuorum = "lowers-quorum"
    /// A verdict depends on the order in which entries arrived.
    case judgesByArrival = "judges-by-arrival"
    /// What waits for an ancestor is forgotten.
    case dropsWaiting = "drops-waiting"
    /// Evidence against a log is neither given nor taken.
    case hidesEvidence = "hides-evidence"
    /// A mirror refuses a broken entry and forgets that its log signed it.
    case forgivesBroken = "forgives-broken"
    /// A gateway whose disk was rolled back goes on with its log.
    case reusesIndex = "reuses-index"
    /// A gateway that keeps a part of the logs does not find those that its orders need.
    case keepsTooLittle = "keeps-too-little"

    /// What a member must do for the fault to matter; nil if nothing.
    var lie: Lie? {
        switch self {
        case .hidesEvidence: .copiesItself
        case .takesAnyPrevious, .forgivesBroken: .breaksChain
        case .reusesIndex: .rollsBack
        case .skipsSync, .answersEarly, .cosignsEarly, .countsTwice, .lowersQuorum, .judgesByArrival, .dropsWaiting,
            .trustsHeads, .keepsTooLittle:
            nil
        }
    }

    // MARK: In the store

    /// What the fault does to a gateway's tables as they are written.
    /// - Parameter quorum: how many cosigners confirm.
    func trigger(quorum: Int) -> String? {
        switch self {
        case .countsTwice: Self.confirming(when: "2 * count(*) >= \(quorum)")
        case .lowersQuorum: Self.confirming(when: "count(*) >= \(quorum - 1)")
        case .judgesByArrival:
            """
            CREATE TRIGGER fault AFTER INSERT ON applied WHEN NEW.sequence % 5 = 0 BEGIN
                UPDATE applied SET rejection = 'step-repeated', message = '' WHERE sequence = NEW.sequence;
            END
            """
        case .dropsWaiting:
            """
            CREATE TRIGGER fault AFTER INSERT ON waiting BEGIN
                DELETE FROM waiting WHERE entry = NEW.entry;
            END
            """
        case .forgivesBroken:
            """
            CREATE TRIGGER fault AFTER UPDATE OF frozen ON log
            WHEN (SELECT file FROM conviction WHERE log = NEW.id) LIKE 'custody-broken-entry/%' BEGIN
                UPDATE log SET frozen = NULL, common = NULL WHERE id = NEW.id;
                DELETE FROM conviction WHERE log = NEW.id;
            END
            """
        case .skipsSync, .answersEarly, .cosignsEarly, .trustsHeads, .takesAnyPrevious, .hidesEvidence, .reusesIndex,
            .keepsTooLittle:
            nil
        }
    }

    private static func confirming(when condition: String) -> String {
        """
        CREATE TRIGGER fault AFTER INSERT ON cosignature
        WHEN (SELECT \(condition) FROM cosignature WHERE checkpoint = NEW.checkpoint) BEGIN
            UPDATE log SET confirmed = max(confirmed, NEW.checkpoint & 0xFFFFFFFFFF) WHERE id = NEW.checkpoint >> 40;
        END
        """
    }

    // MARK: In the routes

    /// What a faulty mirror answers instead of the real one; nil where it leaves the answer to that.
    func answer(to request: SimulatedNetwork.Request, store: LedgerStore) throws -> (status: Int, body: String)? {
        switch self {
        case .hidesEvidence where request.path.contains("/evidence"): return (404, "")
        case .trustsHeads where request.path == "/add-checkpoint":
            let text = String(decoding: request.body, as: UTF8.self)
            guard let split = text.range(of: "\n\n") else { return nil }
            let note = try SignedNote(encoded: String(text[split.upperBound...]))
            let checkpoint = try Checkpoint(text: note.text)
            guard let log = try store.read({ try $0.log(checkpoint.origin) }), !log.own, checkpoint.size > log.size
            else { return nil }
            try store.write { try $0.keep(note, size: checkpoint.size, of: log.id, stored: true) }
            return (200, "")
        default: return nil
        }
    }

    /// Takes what the real mirror has refused because its chain is broken.
    /// - Parameters:
    ///   - path: of the database that takes it.
    ///   - source: who sent it.
    static func take(_ origin: String, into path: String, from source: LedgerStore) throws {
        let (log, entries, head) = try source.read { snapshot in
            let log = try snapshot.ownLog()
            return (
                log, try log.map { try snapshot.entries(log: $0.id, from: 0, count: Int($0.size)) } ?? [],
                try log.flatMap { try snapshot.head(of: $0.id) }
            )
        }
        guard let log, let head else { return }
        try DatabaseQueue(path: path).write { database in
            guard let id = try Int64.fetchOne(database, sql: "SELECT id FROM log WHERE origin = ?", arguments: [origin])
            else { return }
            for (index, entry) in entries.enumerated() {
                try database.execute(
                    sql: "INSERT OR IGNORE INTO entry VALUES (?, ?)", arguments: [id << 40 + Int64(index), Data(entry)])
            }
            try database.execute(
                sql: "INSERT OR REPLACE INTO checkpoint VALUES (?, ?, 1)",
                arguments: [id << 40 + Int64(log.size), head.encoded])
            try database.execute(sql: "UPDATE log SET size = ? WHERE id = ?", arguments: [Int64(log.size), id])
        }
    }
}
