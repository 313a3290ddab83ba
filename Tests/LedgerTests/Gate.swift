import Ledger
import Rig

/// A contract with all that language 4 has, and orders under it.
enum Gate {
    static let text = """
        custody-contract: 4
        name: gate
        version: 1
        steps:
          open:
            by: [hospital]
            facts:
              weight: {type: decimal, unit: kg}
              due: {type: date}
              drawing: {type: document}
              udi: {type: identifier}
              note: public
              born: {type: date, private: [regulator]}
            scans: {device: required}
          make:
            by: [manufacturer, supplier]
            after: open
            within: {days: 30, of: open}
            scans: {device: {contained-in: open}}
          spare: {by: [supplier, logistics], after: open}
          check:
            after: {any: [make, spare]}
            approvals: 2 of [regulator, hospital, logistics]
            excludes: stop
            facts: {reviewer: public}
          stop: {by: [regulator, supplier], after: open, excludes: check}
          ship:
            by: [logistics, manufacturer]
            after: {all: [check, open]}
            within: {hours: 12, of: check}
            scans: {device: {equals: [make, open]}}
          finding:
            by: [hospital, manufacturer, supplier, regulator, logistics]
            after: open
            repeats: true
            facts: {grade: {type: decimal}, kind: public}
          overdue: {by: [regulator, hospital], after: open, facts: {reason: public}}
          unshipped: {by: [regulator, logistics], after: check}
          alarm: {by: [regulator, manufacturer], after: finding, repeats: true, facts: {kind: public}}
          recall: {by: [regulator, manufacturer], after: finding, facts: {reason: public}}
          settle:
            by: [hospital, regulator]
            after: open
            repeats: true
            resolves: true
            requires: stands
            facts: {stands: public}
        rules:
          not-made:
            when: {missed: make}
            by: [regulator, hospital]
            record: overdue
            facts: {reason: not made in 30 days}
          not-shipped: {when: {missed: ship}, by: [regulator, logistics], record: unshipped}
          grave:
            when: {step: finding, where: {grade: {above: 7}}}
            by: [regulator, manufacturer]
            record: alarm
            facts: {kind: {from: kind}}
          many:
            when: {step: finding, count: 3}
            by: [regulator, manufacturer]
            record: recall
            facts: {reason: three findings}
        """

    static let product = "https://id.gs1.org/01/09506000134352"
    static let device = product + "/10/L1/21/S1"
    static let day: Int64 = 86_400_000_000

    static func order(number: UInt64 = 1) throws -> TestOrder {
        try TestOrder(TestConsortium(contracts: [Contract(text: text)]), contract: "gate", number: number)
    }

    static func finding(_ grade: String, kind: String = "crack") -> [Fact] {
        [TestOrder.text("grade", grade), TestOrder.text("kind", kind)]
    }

    /// What a rule records, set off by an update of the order.
    static func firing(_ rule: String, of trigger: Reference, in order: TestOrder, parents: [Reference]? = nil)
        -> Update
    {
        let known = order.contract.rule(rule)
        let facts = order.thread.node(trigger.leafHash).flatMap { known?.facts(from: $0.update) } ?? []
        return order.update(
            known?.record ?? "", parents: parents, facts: facts, firing: Firing(rule: rule, trigger: trigger.leafHash))
    }

    // MARK: At random

    /// Updates of five members that often know only a part of what the others have written, over two months.
    static func randomOrder(_ numbers: inout SeededRandom) throws -> TestOrder {
        var order = try order(number: numbers.next() % 1_000)
        try order.record(order.update("open", facts: [], subjects: [product]))
        var time: Int64 = 0
        for _ in 0..<45 {
            time += Int64.random(in: -day...4 * day, using: &numbers)
            // Some were offline, and are heard of later.
            let isLate = Int.random(in: 0..<4, using: &numbers) == 0
            order.now = isLate ? Int64.random(in: 0...max(0, time), using: &numbers) : time
            let (update, role) = randomUpdate(of: order, &numbers)
            try order.record(update, from: order.consortium[role].origin)
        }
        return order
    }

    static func randomUpdate(of order: TestOrder, _ numbers: inout SeededRandom) -> (Update, Role) {
        let known = order.thread.nodes.filter(\.verdict.isAccepted)
        let parents = parents(in: order, known, &numbers)
        let isFired = Int.random(in: 0..<10, using: &numbers) < 4
        if isFired, let rule = order.contract.rules.randomElement(using: &numbers),
            let trigger = trigger(of: rule, in: known, &numbers)
        {
            // Now and then with facts that the rule does not have.
            if Int.random(in: 0..<12, using: &numbers) == 0 {
                let firing = Firing(rule: rule.name, trigger: trigger.reference.leafHash)
                let facts = finding("1").dropFirst()
                return (order.update("alarm", parents: parents, facts: Array(facts), firing: firing), .regulator)
            }
            let role = rule.by.sorted { $0.rawValue < $1.rawValue }.randomElement(using: &numbers) ?? .regulator
            return (firing(rule.name, of: trigger.reference, in: order, parents: parents), role)
        }
        // One way through, and often what repeats beside it.
        let often = ["make", "make", "check", "check", "finding", "finding", "finding"]
        let seldom = ["spare", "stop", "ship", "settle", "alarm"]
        let names = Int.random(in: 0..<3, using: &numbers) == 0 ? seldom : often
        let step = names.randomElement(using: &numbers) ?? "finding"
        let by = order.contract.step(step)?.by.sorted { $0.rawValue < $1.rawValue } ?? []
        let isWrong = Int.random(in: 0..<12, using: &numbers) == 0
        let role = isWrong ? .supplier : by.randomElement(using: &numbers) ?? .hospital
        return (
            order.update(
                step, parents: parents, facts: facts(of: step, parents, &numbers),
                subjects: [device, product].shuffled(using: &numbers).dropLast()), role
        )
    }

    private static func trigger(
        of rule: Contract.Rule, in known: [OrderThread.Node], _ numbers: inout SeededRandom
    ) -> OrderThread.Node? {
        let step =
            switch rule.when {
            case .recorded(let step, _, _): step
            case .missed(let step): step == "make" ? "open" : "check"
            }
        let usual = known.filter { $0.update.step == step }
        return (Int.random(in: 0..<8, using: &numbers) == 0 ? known : usual).randomElement(using: &numbers)
    }

    private static func parents(
        in order: TestOrder, _ known: [OrderThread.Node], _ numbers: inout SeededRandom
    ) -> [Reference] {
        switch Int.random(in: 0..<40, using: &numbers) {
        case 0: return [Reference(origin: "hospital/gw", index: 9_999, leafHash: Hash.sha256([9]))]
        case 1..<26: return Array(order.thread.heads.shuffled(using: &numbers).prefix(3))
        case 26..<36: return Array(known.map(\.reference).shuffled(using: &numbers).prefix(2))
        default: return Array(order.sent.map(\.reference).shuffled(using: &numbers).prefix(2))
        }
    }

    private static func facts(of step: String, _ parents: [Reference], _ numbers: inout SeededRandom) -> [Fact] {
        switch step {
        case "finding": finding(["3", "7.0", "7.01", "9", "much"].randomElement(using: &numbers) ?? "")
        case "settle": [TestOrder.text("stands", parents.randomElement(using: &numbers)?.leafHash.hex ?? "")]
        default: []
        }
    }
}
