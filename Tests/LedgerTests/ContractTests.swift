import Testing

@testable import Ledger

@Suite struct ContractTests {
    @Test(arguments: [("custom-device", 26), ("stock-device", 13), ("transport", 10)])
    func readsTheSamples(name: String, steps: Int) throws {
        let contract = try TestConsortium.sampleContract(name)
        #expect(contract.name == name)
        #expect(contract.steps.count == steps)
        #expect(contract.steps.first?.after == [])
        #expect(contract.hash == Hash.sha256(Array(contract.text.utf8)))
    }

    @Test func readsEveryPartOfAStep() throws {
        let step = try #require(try TestConsortium.sampleContract("custom-device").step("compliance.rejected"))
        #expect(step.by == [.regulator])
        #expect(step.after == ["production.completed"])
        #expect(step.excludes == ["compliance.approved"])
        #expect(step.requires == ["reason"])
        #expect(step.facts == ["reviewer": .public, "reason": .public])
        #expect(!step.repeats)
    }

    @Test func readsTheLimitsOfAJourney() throws {
        let limits = try #require(try TestConsortium.sampleContract("transport").limits)
        #expect(limits.lowest == 2 && limits.highest == 8 && limits.grace == 300 && limits.mkt == 8)
        #expect(limits.mktHours == 24)
        #expect(try TestConsortium.sampleContract("custom-device").limits == nil)
    }

    static let head = "custody-contract: 1\nname: c\nversion: 1\n"

    /// Each text with the place that its refusal must name.
    static let mistakes: [(text: String, place: String)] = [
        (
            "custody-contract: 1\nname: c\nversion: 1\nlimits: {lowest: 9, highest: 8}\nsteps:\n  a: {by: hospital}\n",
            "c.yaml:4:9"
        ),
        ("custody-contract: 1\nname: c\nversion: 1\nlimits: {grace: -1}\nsteps:\n  a: {by: hospital}\n", "c.yaml:4:17"),
        ("custody-contract: 1\nname: c\nversion: 1\nlimits: {mkt: warm}\nsteps:\n  a: {by: hospital}\n", "c.yaml:4:15"),
        ("custody-contract: 1\nname: c\nversion: 1\nsteps:\n  a: {by: hospital}\nextra: 1\n", "c.yaml:6:8"),
        ("custody-contract: 1\nname: c\nversion: 1\nsteps:\n  a:\n    by: hospital\n    color: red\n", "c.yaml:7:12"),
        ("custody-contract: 1\nname: c\nversion: 1\nsteps:\n  a:\n    by: [hospital, pirate]\n", "c.yaml:6:9"),
        ("custody-contract: 1\nname: c\nversion: 1\nsteps:\n  a:\n    after: []\n", "c.yaml:6:5"),
        (
            "custody-contract: 1\nname: c\nversion: 1\nsteps:\n  a: {by: hospital}\n  b: {by: hospital, after: [gone]}\n",
            "c.yaml:6:29"
        ),
        (
            "custody-contract: 1\nname: c\nversion: 1\nsteps:\n  a: {by: hospital}\n  b: {by: hospital, after: a, excludes: gone}\n",
            "c.yaml:6:41"
        ),
        ("custody-contract: 1\nname: c\nversion: 1\nsteps:\n  a: {by: hospital, requires: [lot]}\n", "c.yaml:5:32"),
        (
            "custody-contract: 1\nname: c\nversion: 1\nsteps:\n  a: {by: hospital, facts: {lot: secret}}\n",
            "c.yaml:5:34"
        ),
        ("custody-contract: 1\nname: c\nversion: 1\nsteps:\n  a: {by: hospital, repeats: sometimes}\n", "c.yaml:5:30"),
        ("custody-contract: 1\nname: c\nversion: 1\nsteps:\n  a: {by: hospital}\n  a: {by: hospital}\n", "c.yaml:5:3"),
        ("custody-contract: 1\nname: c\nversion: 1\nsteps:\n  a: {by: hospital, after: a}\n", "c.yaml:1:1"),
        ("custody-contract: 1\nname: c\nversion: 1\nsteps: [a]\n", "c.yaml:4:8"),
        ("custody-contract: 1\nname: c\nversion: 1\nsteps:\n  a: {by: [hospital}\n", "c.yaml:5:20"),
        ("custody-contract: 1\nname: c\nversion: 1\nsteps:\n\ta: {by: hospital}\n", "c.yaml:5:1"),
        ("custody-contract: one\nname: c\nversion: 1\nsteps: {a: {by: hospital}}\n", "c.yaml:1:19"),
        ("custody-contract: 1\nname: c\nversion: 1\n", "c.yaml:1:1"),
    ]

    @Test(arguments: mistakes)
    func namesThePlaceOfAMistake(text: String, place: String) throws {
        let error = try #require(refusal { try Contract(text: text, file: "c.yaml") })
        #expect(error.code == .yamlMalformed)
        #expect(error.place == place, "\(error)")
    }

    @Test func refusesALaterLanguage() {
        let text = "custody-contract: 6\nname: c\nversion: 1\nsteps: {a: {by: hospital}}\n"
        #expect(refusal { try Contract(text: text, file: "c.yaml") } == CustodyError(.contractLanguage, ""))
    }

    @Test func saysWhatAnOperatorMustSign() throws {
        let text = "custody-contract: 3\nname: c\nversion: 1\nsteps:\n  a: {by: hospital, signed-by: operator}\n"
        let contract = try Contract(text: text + "  b: {by: hospital, after: a}\n")
        #expect(contract.steps.map(\.signedByOperator) == [true, false])
    }

    @Test(arguments: [("operator", 1), ("operator", 2), ("hospital", 3), ("[operator]", 3), ("true", 3)])
    func refusesASignerWhoIsNone(signer: String, language: Int) {
        let head = "custody-contract: \(language)\nname: c\nversion: 1\nsteps:\n"
        let text = head + "  a: {by: hospital, signed-by: \(signer)}\n"
        #expect(refusal { try Contract(text: text) }?.code == .yamlMalformed)
    }

    private static let privateHead = "custody-contract: 2\nname: c\nversion: 1\nsteps:\n"

    @Test func saysWhoReadsAndErasesAPrivateFact() throws {
        let text =
            Self.privateHead
            + "  a: {by: hospital, facts: {n: private, p: {private: [manufacturer], erase: regulator}, q: public}}\n"
        let step = try #require(try Contract(text: text).step("a"))
        #expect(step.facts == ["n": .private, "p": .private, "q": .public])
        #expect(step.privacy(of: "p") == Contract.Privacy(readers: [.manufacturer], erasers: [.regulator]))
        #expect(step.privacy(of: "n") == .recorderAlone)
    }

    @Test(arguments: [
        ("{public: [hospital]}", 2), ("{private: [pirate]}", 2), ("{erase: [hospital]}", 2), ("[private]", 2),
        ("{private: [hospital]}", 1),
    ])
    func refusesAnAudienceThatIsNone(fact: String, language: Int) {
        let text = Self.privateHead.replacing("2", with: "\(language)") + "  a: {by: hospital, facts: {n: \(fact)}}\n"
        #expect(refusal { try Contract(text: text) }?.code == .yamlMalformed)
    }

    @Test(arguments: ["", "\n", "# nothing\n"])
    func refusesAnEmptyText(text: String) {
        #expect(refusal { try Contract(text: text, file: "c.yaml") }?.code == .yamlMalformed)
    }

    @Test(arguments: [(-1, true), (0, true), (1, false)])
    func hasAtMostItsSteps(step: (offset: Int, fits: Bool)) {
        let steps = (0..<(Contract.stepsMax + step.offset)).map { "  s\($0): {by: hospital}\n" }.joined()
        let error = refusal { try Contract(text: Self.head + "steps:\n" + steps) }
        #expect(error == (step.fits ? nil : CustodyError(.limitExceeded, "")))
    }

    @Test(arguments: [(-1, true), (0, true), (1, false)])
    func aYAMLTextHasAtMostItsBytes(step: (offset: Int, fits: Bool)) {
        let text = "a: b #"
        let padding = String(repeating: "x", count: YAMLReader.bytesMax + step.offset - text.utf8.count)
        let error = refusal { try YAMLReader(text: text + padding, file: "f") }
        #expect(error == (step.fits ? nil : CustodyError(.limitExceeded, "")))
    }
}
