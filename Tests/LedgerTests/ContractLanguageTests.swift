import Testing

@testable import Ledger

/// How contract language 4 is read.
@Suite struct ContractLanguageTests {
    @Test func readsEveryPartOfTheLanguage() throws {
        let contract = try Contract(text: Gate.text)
        let open = try #require(contract.step("open"))
        #expect(open.type(of: "weight") == .decimal(unit: "kg") && open.type(of: "due") == .date)
        #expect(open.type(of: "note") == .text && open.type(of: "born") == .date)
        #expect(open.facts["born"] == .private && open.privacy(of: "born").readers == [.regulator])
        let check = try #require(contract.step("check"))
        #expect(check.approvals == Contract.Approvals(count: 2, of: [.regulator, .hospital, .logistics]))
        #expect(check.by == [.regulator, .hospital, .logistics])
        #expect(check.after.isEmpty && check.afterAny == ["make", "spare"] && !check.opens)
        #expect(contract.step("ship")?.within == Deadline(minutes: 720, of: "check"))
        #expect(contract.step("make")?.within == Deadline(minutes: 43_200, of: "open"))
        #expect(contract.step("overdue")?.isForRulesAlone == true && contract.step("alarm")?.isForRulesAlone == false)
        #expect(contract.rules.map(\.name) == ["not-made", "not-shipped", "grave", "many"])
        let grave = try #require(contract.rule("grave"))
        #expect(grave.by == [.regulator, .manufacturer] && grave.record == "alarm")
    }

    /// Each with its place, and what the message must name.
    static let mistakes: [(steps: String, place: String, names: String)] = [
        ("  a: {by: hospital, facts: {n: {type: colour}}}", "c.yaml:5:39", "type"),
        ("  a: {by: hospital, facts: {n: {type: date, unit: kg}}}", "c.yaml:5:51", "decimal"),
        ("  a: {by: hospital, facts: {n: {type: decimal, unit: a b}}}", "c.yaml:5:54", "unit"),
        ("  a: {by: hospital, facts: {n: {erase: hospital}}}", "c.yaml:5:32", "private"),
        ("  a: {by: hospital, scans: {shoe: required}}", "c.yaml:5:35", "shoe"),
        ("  a: {by: hospital, scans: {device: often}}", "c.yaml:5:37", "required"),
        ("  a: {by: hospital, scans: {device: {equals: gone}}}", "c.yaml:5:46", "gone"),
        ("  a: {by: hospital, scans: {device: {equals: a, contained-in: a}}}", "c.yaml:5:37", "compared once"),
        ("  a: {by: hospital}\n  b:\n    after: a\n    approvals: two of [hospital]", "c.yaml:8:16", "2 of"),
        ("  a: {by: hospital}\n  b:\n    after: a\n    approvals: 0 of [hospital]", "c.yaml:8:16", "approvals"),
        ("  a: {by: hospital}\n  b:\n    after: a\n    approvals: 17 of [hospital]", "c.yaml:8:16", "16"),
        ("  a: {by: hospital}\n  b:\n    after: a\n    approvals: 1 of [pirate]", "c.yaml:8:16", "pirate"),
        ("  a: {by: hospital}\n  b:\n    after: a\n    approvals: 1 of []", "c.yaml:8:16", "nobody"),
        (
            "  a: {by: hospital}\n  b:\n    by: hospital\n    after: a\n    approvals: 1 of [hospital]", "c.yaml:7:9",
            "by"
        ),
        ("  a:\n    approvals: 1 of [hospital]", "c.yaml:6:5", "open"),
        (
            "  a: {by: hospital}\n  b:\n    after: a\n    repeats: true\n    approvals: 1 of [hospital]", "c.yaml:7:5",
            "repeat"
        ),
        ("  a: {by: hospital}\n  b: {by: hospital, after: {any: []}}", "c.yaml:6:28", "names no step"),
        ("  a: {by: hospital}\n  b: {by: hospital, after: {some: a}}", "c.yaml:6:35", "some"),
        ("  a: {by: hospital}\n  b: {by: hospital, after: a, within: {days: 1}}", "c.yaml:6:39", "of"),
        ("  a: {by: hospital}\n  b: {by: hospital, after: a, within: {days: 0, of: a}}", "c.yaml:6:39", "deadline"),
        ("  a: {by: hospital}\n  b: {by: hospital, after: a, within: {days: 1, of: b}}", "c.yaml:6:6", "itself"),
        ("  a: {by: hospital, within: {days: 1, of: b}}\n  b: {by: hospital, after: a}", "c.yaml:5:6", "opens"),
    ]

    private static let head = "custody-contract: 4\nname: c\nversion: 1\nsteps:\n"

    @Test(arguments: mistakes)
    func namesThePlaceOfAMistake(steps: String, place: String, names: String) throws {
        let error = try #require(refusal { try Contract(text: Self.head + steps + "\n", file: "c.yaml") })
        #expect(error.place == place, "\(error)")
        #expect(error.message.contains(names), "\(error)")
    }

    static let ruleSteps = """
        custody-contract: 4
        name: c
        version: 1
        steps:
          a: {by: hospital, facts: {n: {type: decimal}, p: private, t: public}}
          b: {by: hospital, after: a, within: {days: 1, of: a}}
          m: {by: hospital, after: a, requires: t, facts: {t: public, n: {type: decimal}}}
          k:
            after: a
            approvals: 1 of [hospital]
          s: {by: hospital, after: a, signed-by: operator}
          d: {by: hospital, after: a, scans: {device: required}}
        rules:

        """

    static let ruleMistakes: [(rule: String, names: String)] = [
        ("{when: {missed: b}, by: supplier, record: m, facts: {t: x}}", "supplier"),
        ("{when: {missed: m}, by: hospital, record: m, facts: {t: x}}", "no deadline"),
        ("{when: {missed: b, step: a}, by: hospital, record: m, facts: {t: x}}", "alone"),
        ("{when: {step: gone}, by: hospital, record: m, facts: {t: x}}", "gone"),
        ("{when: {step: a}, by: hospital, record: m}", "'t'"),
        ("{when: {step: a}, by: hospital, record: m, facts: {t: x, n: much}}", "number"),
        ("{when: {step: a}, by: hospital, record: m, facts: {t: {from: p}}}", "private"),
        ("{when: {step: a}, by: hospital, record: m, facts: {t: x, n: {from: t}}}", "type"),
        ("{when: {step: a}, by: hospital, record: m, facts: {t: {from: gone}}}", "gone"),
        ("{when: {step: a, count: 2}, by: hospital, record: m, facts: {t: {from: t}}}", "several"),
        ("{when: {step: a, where: {p: x}}, by: hospital, record: m, facts: {t: x}}", "private"),
        ("{when: {step: a, where: {t: {above: 3}}}, by: hospital, record: m, facts: {t: x}}", "neither more"),
        ("{when: {step: a, where: {n: {above: x}}}, by: hospital, record: m, facts: {t: x}}", "number"),
        ("{when: {step: a, where: {n: {near: 3}}}, by: hospital, record: m, facts: {t: x}}", "comparison"),
        ("{when: {step: a, count: 0}, by: hospital, record: m, facts: {t: x}}", "1 to 1000"),
        ("{when: {step: a, count: 1001}, by: hospital, record: m, facts: {t: x}}", "1 to 1000"),
        ("{when: {step: a}, by: hospital, record: a}", "opens"),
        ("{when: {step: a}, by: hospital, record: k}", "approvals"),
        ("{when: {step: a}, by: hospital, record: s}", "signature"),
        ("{when: {step: a}, by: hospital, record: d}", "scan"),
        ("{when: {step: k, count: 2}, by: hospital, record: m, facts: {t: x}}", "approvals"),
        ("{when: {step: a}, by: [], record: m, facts: {t: x}}", "nobody"),
        ("{when: {step: a}, by: hospital, record: m, facts: {t: x}, then: more}", "then"),
    ]

    @Test(arguments: ruleMistakes)
    func refusesARuleThatCannotBe(rule: String, names: String) throws {
        let error = try #require(refusal { try Contract(text: Self.ruleSteps + "  r: \(rule)\n", file: "c.yaml") })
        #expect(error.code == .yamlMalformed && error.message.contains(names), "\(error)")
        #expect(error.place?.hasPrefix("c.yaml:14:") == true, "\(error)")
    }

    @Test func theRulesAboveAreReadWhereNothingIsWrong() throws {
        let rule = "  r: {when: {missed: b}, by: hospital, record: m, facts: {t: x}}\n"
        #expect(try Contract(text: Self.ruleSteps + rule).rules.count == 1)
    }

    private static let elsewhere = ruleSteps.replacing("custody-contract: 4", with: "custody-contract: 5")

    @Test(arguments: [
        ("{when: {step: a}, by: hospital, record: x.y, on: gone}", "gone"),
        ("{when: {step: a}, by: hospital, record: x.y, on: p}", "private"),
        ("{when: {step: a, count: 2}, by: hospital, record: x.y, on: t}", "count"),
        ("{when: {missed: b}, by: hospital, record: x.y, on: t}", "missed"),
        ("{when: {step: k}, by: hospital, record: x.y, on: t}", "approvals"),
        ("{when: {step: a}, by: [], record: x.y, on: t}", "nobody"),
        ("{when: {step: a}, by: hospital, on: t}", "record"),
        ("{when: {step: a}, by: hospital, record: x.y, on: t, facts: {z: {from: p}}}", "private"),
    ])
    func refusesARuleForAnotherOrderThatCannotBe(rule: String, names: String) throws {
        let error = try #require(refusal { try Contract(text: Self.elsewhere + "  r: \(rule)\n", file: "c.yaml") })
        #expect(error.code == .yamlMalformed && error.message.contains(names), "\(error)")
    }

    @Test func aRuleForAnotherOrderIsOfLanguage5() throws {
        let rule = "  r: {when: {step: a}, by: hospital, record: x.y, on: t, facts: {z: {from: t}}}\n"
        let contract = try Contract(text: Self.elsewhere + rule)
        #expect(contract.rule("r")?.on == "t" && contract.rule("r")?.record == "x.y")
        #expect(refusal { try Contract(text: Self.ruleSteps + rule) }?.message.contains("on") == true)
    }

    @Test func saysAllThatIsWrongAtOnce() {
        let text = Self.head + "  a: {by: pirate, facts: {n: secret}, colour: red}\n  b: {by: hospital, after: gone}\n"
        let problems = Contract.problems(in: text, file: "c.yaml")
        #expect(problems.map(\.place) == ["c.yaml:5:47", "c.yaml:5:11", "c.yaml:5:30", "c.yaml:6:28"], "\(problems)")
        #expect(Contract.problems(in: Gate.text, file: "c.yaml").isEmpty)
    }

    @Test(arguments: [
        "approvals: 1 of [hospital]", "scans: {device: required}", "within: {days: 1, of: a}",
        "facts: {n: {type: date}}", "after: {any: [a]}",
    ])
    func theWordsOfLanguage4AreNotReadBefore(word: String) {
        let by = word.hasPrefix("approvals") ? "" : "    by: hospital\n"
        let after = word.hasPrefix("after") ? "" : "    after: a\n"
        let text = Self.head + "  a: {by: hospital}\n  b:\n\(by)\(after)    \(word)\n"
        #expect(refusal { try Contract(text: text) } == nil)
        let earlier = text.replacing("custody-contract: 4", with: "custody-contract: 3")
        #expect(refusal { try Contract(text: earlier) }?.code == .yamlMalformed)
    }

    @Test(arguments: [(-1, true), (0, true), (1, false)])
    func limitsAreLimits(step: (offset: Int, fits: Bool)) {
        func fits(_ text: String) -> Bool { refusal { try Contract(text: text) } == nil }
        let rules = (0..<(Contract.rulesMax + step.offset)).map {
            "  r\($0): {when: {step: a}, by: hospital, record: m, facts: {t: x}}\n"
        }
        #expect(fits(Self.ruleSteps + rules.joined()) == step.fits)
        let facts = (0..<(Contract.Rule.conditionsMax + step.offset)).map { "f\($0)" }
        let many =
            Self.head + "  a: {by: hospital, facts: {\(facts.map { "\($0): public" }.joined(separator: ", "))}}\n"
            + "  m: {by: hospital, after: a}\nrules:\n"
            + "  r: {when: {step: a, where: {\(facts.map { "\($0): x" }.joined(separator: ", "))}}, by: hospital, record: m}\n"
        #expect(fits(many) == step.fits)
        let unit = String(repeating: "u", count: FactType.unitBytesMax + step.offset)
        #expect(fits(Self.head + "  a: {by: hospital, facts: {n: {type: decimal, unit: \(unit)}}}\n") == step.fits)
        let minutes = Deadline.minutesMax + step.offset
        #expect(
            fits(
                Self.head + "  a: {by: hospital}\n  b: {by: hospital, after: a, within: {minutes: \(minutes), of: a}}\n"
            )
                == step.fits)
        let count = Contract.Approvals.countMax + step.offset
        #expect(
            fits(Self.head + "  a: {by: hospital}\n  b:\n    after: a\n    approvals: \(count) of [hospital]\n")
                == step.fits)
    }
}
