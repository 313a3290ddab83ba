import Testing

@testable import Ledger

/// What operators sign is the same for ever: a statement that changed would make forgeries of old signatures.
@Suite struct OperatorStatementTests {
    @Test func theStatementNeverChanges() throws {
        let entry = try #require(Hex.decode(EntryTests.golden.utf8))
        // The golden entry ends with its update, in which the signature is the one byte 6.
        let start = try #require(entry.firstRange(of: [0x2A, 0x9C, 0x03])).upperBound
        var update = Array(entry[start...])
        let signature = try #require(update.firstRange(of: [0x6A, 0x01, 0x06]))
        update.removeSubrange(signature)
        let statement = OperatorSignature.statement(of: EntryTests.update(), from: "hospital/gw")
        #expect(statement == Array("custody-operator/v1\nhospital/gw\n".utf8) + update)
        #expect(
            Hash.sha256(statement).hex == "f9a65b452e768bf4378384fc16a040a012ea41b9a655213551fb514b5eb899cc")
    }

    /// No two of these say the same to whoever signs.
    @Test func whatIsDifferentIsSignedDifferently() {
        let updates = [
            EntryTests.update(), EntryTests.update(order: "o"), EntryTests.update(step: "s"),
            EntryTests.update(parents: 0), EntryTests.update(parents: 2), EntryTests.update(cites: 0),
            EntryTests.update(cites: 2), EntryTests.update(subjects: []), EntryTests.update(subjects: [""]),
            EntryTests.update(subjects: ["a", "b"]), EntryTests.update(subjects: ["ab"]),
            EntryTests.update(facts: []), EntryTests.update(facts: [Fact(name: "a", value: .text(""))]),
            EntryTests.update(facts: [Fact(name: "", value: .text("a"))]),
            EntryTests.update(facts: [Fact(name: "a", value: .commitment(.emptyTree))]),
            EntryTests.update(source: Source(.operator)), EntryTests.update().with(operator: nil),
            EntryTests.update().with(operator: Operator(id: "op-8", certificate: [4, 5])),
            EntryTests.update().with(operator: Operator(id: "op-7", certificate: [4])),
        ]
        let statements = updates.flatMap { update in
            ["a/b", "a/c"].map { OperatorSignature.statement(of: update, from: $0) }
        }
        #expect(Set(statements).count == statements.count)
    }
}
