import Ledger
import Testing

@testable import Consortium

/// Which members' logs a gateway of the supplier keeps.
struct MirrorChoiceTests {
    struct Case: CustomTestStringConvertible {
        let choice: MirrorChoice
        let keeps: Set<String>

        var testDescription: String { "\(choice)" }
    }

    static let origins = ["supplier/main", "supplier/depot", "hospital/main", "hospital/ward", "regulator/main"]

    @Test(arguments: [
        Case(choice: .all, keeps: Set(origins)),
        Case(choice: .some(.init()), keeps: ["supplier/main", "supplier/depot"]),
        Case(choice: .some(.init(orders: true)), keeps: ["supplier/main", "supplier/depot", "hospital/ward"]),
        Case(
            choice: .some(.init(roles: [.regulator])), keeps: ["supplier/main", "supplier/depot", "regulator/main"]),
        Case(
            choice: .some(.init(organisations: ["hospital", "stranger"])),
            keeps: ["supplier/main", "supplier/depot", "hospital/main", "hospital/ward"]),
        Case(
            choice: .some(.init(orders: true, roles: [.regulator])),
            keeps: ["supplier/main", "supplier/depot", "hospital/ward", "regulator/main"]),
    ])
    func keepsItsOrganisationsLogsAndWhatWasChosen(_ test: Case) throws {
        let document = try TestMembers().document
        let kept = Self.origins.filter {
            test.choice.keeps($0, own: "supplier", document: document, orderLogs: ["hospital/ward"])
        }
        #expect(Set(kept) == test.keeps)
    }

    @Test func aStrangersLogHasNoRole() throws {
        let choice = MirrorChoice.some(.init(roles: Set(Role.allCases)))
        let document = try TestMembers().document
        #expect(!choice.keeps("stranger/main", own: "supplier", document: document, orderLogs: []))
    }

    @Test func aCosignerKeepsAll() async throws {
        let part = MirrorChoice.some(.init(orders: true))
        #expect(await code { try part.check(isCosigner: true, file: "gateway.yaml") } == .cosignerKeepsAll)
        try part.check(isCosigner: false, file: "gateway.yaml")
        try MirrorChoice.all.check(isCosigner: true, file: "gateway.yaml")
    }
}
