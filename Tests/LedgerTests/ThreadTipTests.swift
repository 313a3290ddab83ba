import Rig
import Testing

@testable import Ledger

/// A tip says what the whole graph says, or nothing.
@Suite struct ThreadTipTests {
    /// What the tip of an order said beside its graph.
    struct Answers {
        var accepted = 0
        var rejected = 0
        var none = 0
    }

    @Test(arguments: 1...12)
    func theTipJudgesAsTheGraphDoes(seed: UInt64) throws {
        var numbers = SeededRandom(seed: seed)
        let answers = try Self.compare(&numbers)
        #expect(answers.accepted > 0 && answers.rejected > 0 && answers.none > 0, "\(answers)")
    }

    /// Updates of five members, most of them on the tip, some on what came before it, on several, or on nothing.
    private static func compare(_ numbers: inout SeededRandom) throws -> Answers {
        let contract = try Contract(text: OrderThreadTests.parallel)
        let consortium = try TestConsortium(contracts: [contract])
        var order = try TestOrder(consortium, contract: "parallel", number: 1)
        var tip = ThreadTip(order: order.thread.order)
        var onTip: [Reference] = []
        var answers = Answers()
        for number in 0..<150 {
            let opens = number == 0
            let role = opens ? .hospital : Role.allCases.randomElement(using: &numbers) ?? .hospital
            let step = opens ? "open" : step(contract, &numbers)
            let update = order.update(
                step, parents: parents(order, onTip, &numbers), cites: opens ? [] : cites(order, &numbers),
                facts: opens ? [] : facts(of: step, &numbers))
            let origin = consortium[role].origin
            let floor = !opens && Int.random(in: 0..<20, using: &numbers) == 0 ? 2 : 0
            let expected = order.judge(update, from: origin, floor: floor)
            let reference = try order.record(update, from: origin)
            try read(update) { scan in
                let grounds = consortium.rulebook.grounds(of: scan, from: origin, known: nil)
                guard let judgement = tip.judge(scan, floor: floor, on: grounds) else { return answers.none += 1 }
                #expect(judgement == expected)
                answers.accepted += judgement == .decided(.accepted) ? 1 : 0
                answers.rejected += judgement == .decided(.accepted) ? 0 : 1
                // What a floor refused here has been entered in the graph without one.
                guard floor == 0, judgement == .decided(.accepted) else { return }
                tip.advance(to: scan, at: reference, on: grounds)
                onTip = [reference]
            }
        }
        return answers
    }

    private static func read(_ update: Update, _ body: (UpdateScan) throws -> Void) throws {
        try EntryTests.entry(.update(update)).sealed().withUnsafeBytes { bytes in
            var scan = UpdateScan()
            #expect(try scan.read(entry: bytes))
            try body(scan)
        }
    }

    private static func step(_ contract: Contract, _ numbers: inout SeededRandom) -> String {
        let usual = Int.random(in: 0..<10, using: &numbers) < 5
        let steps = usual ? contract.steps.filter(\.repeats) : contract.steps
        return Int.random(in: 0..<30, using: &numbers) == 0 ? "gone" : steps.randomElement(using: &numbers)?.name ?? ""
    }

    private static func parents(
        _ order: TestOrder, _ onTip: [Reference], _ numbers: inout SeededRandom
    ) -> [Reference] {
        let known = order.thread.nodes.map(\.reference)
        switch Int.random(in: 0..<20, using: &numbers) {
        case 0: return []
        case 1: return Array(known.shuffled(using: &numbers).prefix(1))
        case 2: return Array(known.shuffled(using: &numbers).prefix(2))
        case 3: return onTip + onTip
        case 4: return onTip.map { Reference(origin: "stranger/gw", index: $0.index, leafHash: $0.leafHash) }
        default: return onTip
        }
    }

    private static func cites(_ order: TestOrder, _ numbers: inout SeededRandom) -> [Reference] {
        Int.random(in: 0..<30, using: &numbers) == 0 ? [EntryTests.reference(3)] : []
    }

    private static func facts(of step: String, _ numbers: inout SeededRandom) -> [Fact] {
        let colour = TestOrder.text("color", ["red", "blue"].randomElement(using: &numbers) ?? "")
        return Int.random(in: 0..<3, using: &numbers) == 0 ? [colour] : []
    }

    /// Step numbers fill every word of a `StepSet`.
    @Test func aContractMayHaveAsManySteps() throws {
        let steps = (1..<Contract.stepsMax).map { "  s\($0): {by: hospital, after: s\($0 - 1)}" }
        let text = "custody-contract: 1\nname: long\nversion: 1\nsteps:\n  s0: {by: hospital}\n"
        let contract = try Contract(text: text + steps.joined(separator: "\n") + "\n")
        var order = try TestOrder(try TestConsortium(contracts: [contract]), contract: "long")
        for step in contract.steps {
            let judgement = order.judge(order.update(step.name, facts: []), from: "hospital/gw")
            #expect(judgement == .decided(.accepted), "\(step.name)")
            try order.record(order.update(step.name, facts: []), from: "hospital/gw")
            if !step.after.isEmpty { #expect(!order.thread.allows(step), "\(step.name)") }
        }
    }
}
