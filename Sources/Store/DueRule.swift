import Foundation
import GRDB
import Ledger

/// A rule of a contract that an update has set off, and that this gateway has not acted on yet.
public struct DueRule: Hashable, Sendable {
    public let order: String
    public let rule: String
    /// Leaf hash of the update that set it off.
    public let trigger: Hash
    /// When to act, UTC microseconds; 0 for at once.
    public let due: Int64

    public init(order: String, rule: String, trigger: Hash, due: Int64) {
        self.order = order
        self.rule = rule
        self.trigger = trigger
        self.due = due
    }
}

extension LedgerSnapshot {
    /// The place in the sequence of applied updates up to which rules have been looked for.
    public func ruleProgress() throws -> Int64 {
        try Int64.fetchOne(database, sql: "SELECT sequence FROM rule_progress") ?? 0
    }

    /// The last place in the sequence of applied updates; 0 if there is none.
    public func appliedEnd() throws -> Int64 {
        try Int64.fetchOne(database, sql: "SELECT max(sequence) FROM applied") ?? 0
    }

    /// Rules to act on now, those first that have been due for the longest.
    /// - Parameter now: UTC microseconds.
    public func dueRules(at now: Int64, limit: Int) throws -> [DueRule] {
        try Row.fetchAll(
            database,
            sql: """
                SELECT "order", rule, "trigger", due FROM due_rule WHERE NOT is_resting AND due <= ?
                ORDER BY due, "trigger", rule LIMIT ?
                """, arguments: [now, limit]
        ).compactMap(Self.dueRule)
    }

    /// All rules that are to be acted on at some time.
    public func dueRules() throws -> [DueRule] {
        try Row.fetchAll(database, sql: "SELECT \"order\", rule, \"trigger\", due FROM due_rule ORDER BY due")
            .compactMap(Self.dueRule)
    }

    /// Those of some orders on which a rule waits until they go on.
    public func orders(withRestingRules orders: Set<String>) throws -> Set<String> {
        try orders.filter { order in
            try Bool.fetchOne(
                database, sql: "SELECT EXISTS (SELECT 1 FROM due_rule WHERE \"order\" = ? AND is_resting)",
                arguments: [order]) == true
        }
    }

    private static func dueRule(_ row: Row) -> DueRule? {
        Hash(bytes: row[2] as Data).map { DueRule(order: row[0], rule: row[1], trigger: $0, due: row[3]) }
    }
}

extension LedgerTransaction {
    /// Notes which rules the updates up to a place in the sequence have set off, and that these orders have gone on: what
    /// was refused on them may be possible now.
    public func follow(rulesTo sequence: Int64, setOff: [DueRule], movedOn: Set<String>) throws {
        try database.execute(sql: "INSERT OR REPLACE INTO rule_progress VALUES (1, ?)", arguments: [sequence])
        for order in movedOn.sorted() {
            try database.execute(sql: "UPDATE due_rule SET is_resting = 0 WHERE \"order\" = ?", arguments: [order])
        }
        for rule in setOff {
            try database.execute(
                sql: "INSERT OR IGNORE INTO due_rule VALUES (?, ?, ?, ?, 0)",
                arguments: [Data(rule.trigger.bytes), rule.rule, rule.order, rule.due])
        }
    }

    /// Nothing is left to be done of a rule.
    public func settle(_ rule: DueRule) throws {
        try database.execute(
            sql: "DELETE FROM due_rule WHERE \"trigger\" = ? AND rule = ?",
            arguments: [Data(rule.trigger.bytes), rule.rule])
    }

    /// A rule waits for a time.
    /// - Parameter due: UTC microseconds.
    public func postpone(_ rule: DueRule, to due: Int64) throws {
        try database.execute(
            sql: "UPDATE due_rule SET due = ? WHERE \"trigger\" = ? AND rule = ?",
            arguments: [due, Data(rule.trigger.bytes), rule.rule])
    }

    /// A rule waits until its order goes on.
    public func rest(_ rule: DueRule) throws {
        try database.execute(
            sql: "UPDATE due_rule SET is_resting = 1 WHERE \"trigger\" = ? AND rule = ?",
            arguments: [Data(rule.trigger.bytes), rule.rule])
    }
}
