import FoundationEssentials
import Hummingbird
import Ledger
import Logging
import Store
import Testing

@testable import Consortium

/// The regulator's gateway, to which others pass on what the hospital sealed.
@Suite struct DisclosureRelayTests {
    private static let contract = """
        custody-contract: 2
        name: c
        version: 1
        steps:
          placed: {by: hospital, facts: {patient: {private: [regulator]}, note: {private: [supplier]}}}
        """

    private let members: TestMembers
    private let keys = ["hospital", "supplier", "regulator"].map { ($0, PrivateReadingKey.generate()) }
    private let folder: String
    private let store: LedgerStore
    private let log: SigningKey
    private let update: Update
    private let reference: Reference
    private let values: [Disclosure]

    init() throws {
        members = try TestMembers()
        folder = FileManager.default.temporaryDirectory.path + "/custody-relay-\(UInt64.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let contract = try Contract(text: Self.contract)
        let organisations = [members.hospital, members.supplier, members.regulator].map(\.organisation)
        let draft = try ConsortiumDraft(name: "Test", organisations: organisations, contracts: [contract])
        let document = try ConsortiumDocument(text: draft.text)
        store = try TestOwner.store(in: folder, name: "regulator", document: document)
        log = try SigningKey.generate(name: "hospital/gw", algorithm: .ed25519)
        values = try ["patient", "note"].map { try Disclosure(name: $0, value: Array("Ada".utf8), salt: [1, 2]) }
        let update = Update(
            order: OrderName.make(origin: "hospital/gw", milliseconds: 1, random: (1, 2)), step: "placed", parents: [],
            consortium: document.hash, contract: contract.hash,
            facts: values.map { Fact(name: $0.name, value: .commitment($0.commitment)) }, source: Source(.operator))
        self.update = update
        let clock = ClockQuality(source: .none, error: 0, bootID: [])
        var log = Log(origin: "hospital/gw")
        var full: [FullTile] = []
        let sealed = try log.seal(.update(update), now: 1, clock: clock, full: &full)
        reference = Reference(origin: "hospital/gw", index: 0, leafHash: sealed.leafHash)
        let key = self.log
        try store.write { transaction in
            try transaction.add(contract: contract)
            let number = try transaction.createLog(origin: "hospital/gw", key: key.verifierKey, own: false)
            try transaction.append([sealed], full: full, to: number)
        }
        try store.applyPending()
    }

    private func relay(of organisation: String = "regulator") -> DisclosureRelay {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let key = keys.first { $0.0 == organisation }?.1
        return DisclosureRelay(store: store, organisation: organisation, key: key, logger: logger)
    }

    private func sealed(
        _ fact: Int = 0, for recipient: String = "regulator", holding value: Disclosure? = nil,
        by key: SigningKey? = nil
    ) throws -> SealedDisclosure {
        let context = try #require(
            SealedDisclosure.Context(of: values[fact].commitment, in: update, from: "hospital/gw"))
        let reader = try #require(keys.first { $0.0 == recipient }?.1 ?? keys.first?.1)
        return try SealedDisclosure(
            value ?? values[fact], of: context, for: recipient, readingKey: reader.readingKey, signedBy: key ?? log)
    }

    private func passed(_ sealed: SealedDisclosure, at reference: Reference? = nil) -> PassedDisclosure {
        PassedDisclosure(place: 1, update: reference ?? self.reference, sealed: sealed)
    }

    private func take(_ sealed: SealedDisclosure, at reference: Reference? = nil) async throws -> DisclosureOutcome? {
        try await relay().take([passed(sealed, at: reference)], from: "supplier").first
    }

    private func value(_ fact: Int = 0) throws -> String? {
        try store.disclosure(of: values[fact].commitment, fact: values[fact].name, in: reference)?.value
    }

    @Test func whatIsSealedToThisOrganisationIsOpenedAndPassedOn() async throws {
        #expect(try await take(sealed()) == .taken)
        #expect(try value() == "Ada")
        #expect(try relay().page(after: 0).items.map(\.recipient) == ["regulator"])
        #expect(try await take(sealed()) == .known)
    }

    @Test func whatIsSealedToOthersIsPassedOnUnread() async throws {
        #expect(try await take(sealed(1, for: "supplier")) == .taken)
        #expect(try value(1) == nil)
        #expect(try relay().page(after: 0).items.map(\.recipient) == ["supplier"])
    }

    @Test func whatIsNotOfTheAudienceIsRefused() async throws {
        #expect(try await take(sealed(0, for: "supplier")) == .refused(.audienceForeign))
        #expect(try await take(sealed(1, for: "regulator")) == .refused(.audienceForeign))
        #expect(try await take(sealed(0, for: "nobody")) == .refused(.audienceForeign))
    }

    @Test func whatNoUpdateCommitsToIsRefusedAndWhatMayComeWaits() async throws {
        let other = Reference(origin: "hospital/gw", index: 0, leafHash: .emptyTree)
        #expect(try await take(sealed(), at: other) == .refused(.disclosureUnwanted))
        let next = Reference(origin: "hospital/gw", index: 1, leafHash: reference.leafHash)
        #expect(try await take(sealed(), at: next) == .later)
        let unknown = Reference(origin: "supplier/gw", index: 0, leafHash: reference.leafHash)
        #expect(try await take(sealed(), at: unknown) == .later)
        let foreign = try SealedDisclosure(
            commitment: .emptyTree, recipient: "regulator", sealed: [], signature: "nothing")
        #expect(try await take(foreign) == .refused(.disclosureUnwanted))
    }

    @Test func whatTheLogDidNotSignIsRefusedAndKeepsNoPlace() async throws {
        let stranger = try SigningKey.generate(name: "hospital/gw", algorithm: .ed25519)
        #expect(try await take(sealed(by: stranger)) == .refused(.disclosureUnsigned))
        let good = try sealed()
        let torn = try SealedDisclosure(
            commitment: good.commitment, recipient: good.recipient, sealed: Array(good.sealed.dropLast()),
            signature: good.signature)
        #expect(try await take(torn) == .refused(.disclosureUnsigned))
        #expect(try await take(good) == .taken)
    }

    @Test func anotherValueThanTheLogCommitsToIsRefused() async throws {
        let lie = try Disclosure(name: "patient", value: Array("Eve".utf8), salt: [1, 2])
        #expect(try await take(sealed(holding: lie)) == .refused(.disclosureMismatched))
        #expect(try value() == nil)
        #expect(try relay().page(after: 0).items.isEmpty)
    }

    @Test func whatHasBeenErasedIsRefused() async throws {
        let erasure = Erasure(order: update.order, update: reference, fact: "patient", reason: "asked")
        try store.write { transaction in
            let log = try #require(try transaction.snapshot.log("hospital/gw"))
            var state = try transaction.snapshot.state(of: log)
            var full: [FullTile] = []
            let clock = ClockQuality(source: .none, error: 0, bootID: [])
            let sealed = try state.seal(.erasure(erasure), now: 1, clock: clock, full: &full)
            try transaction.append([sealed], full: full, to: log.id)
        }
        try store.applyPending()
        #expect(try await take(sealed()) == .refused(.factErased))
        #expect(try await take(sealed(1, for: "supplier")) == .taken)
    }

    @Test func manyAreAnsweredInTheirOrder() async throws {
        let outcomes = try await relay().take(
            [passed(try sealed(0, for: "supplier")), passed(try sealed()), passed(try sealed(1, for: "supplier"))],
            from: "supplier")
        #expect(outcomes == [.refused(.audienceForeign), .taken, .taken])
    }

    // MARK: Bytes

    @Test func aPageIsReadAsItIsWritten() throws {
        let page = DisclosurePage(store: "s", items: [passed(try sealed())], end: 7)
        let read = try DisclosurePage(bytes: try JSONEncoder().encode(page))
        #expect(read == page)
        #expect(try read.items.map { try $0.passed() } == [passed(try read.items[0].passed().sealed)])
    }

    @Test(arguments: ["", "[]", "{}", #"{"store":1,"items":[],"end":0}"#, #"{"store":"s","items":[{}],"end":0}"#])
    func refusesWhatIsNoPage(text: String) async {
        #expect(await code { _ = try DisclosurePage(bytes: Array(text.utf8)) } == .disclosureMalformed)
    }

    @Test(
        arguments: [
            (places: [3, 4], end: 4, isSound: true), ([3, 4], 9, true), ([2, 4], 4, false), ([3, 5], 4, false),
            ([.min], 4, false), ([3], .max, false), ([], .min, true),
        ] as [(places: [Int64], end: Int64, isSound: Bool)])
    func aPageGoesOnFromAPlaceAndNoFurtherThanTheStore(page: (places: [Int64], end: Int64, isSound: Bool)) throws {
        let sealed = try sealed()
        let items = page.places.map { PassedDisclosure(place: $0, update: reference, sealed: sealed) }
        let made = DisclosurePage(store: "s", items: items, end: page.end)
        #expect(made.continues(from: 2, upTo: 9) == page.isSound)
        #expect(!made.continues(from: 2, upTo: .min) || page.places.isEmpty)
        #expect(made.continues(from: 0, upTo: .max) || !page.isSound)
    }

    @Test(arguments: [(-1, true), (0, true), (1, false)])
    func aPageHasAtMostItsItems(step: (offset: Int, fits: Bool)) async throws {
        let items = [PassedDisclosure](repeating: passed(try sealed()), count: DisclosurePage.itemsMax + step.offset)
        let bytes = try JSONEncoder().encode(DisclosurePage(store: "s", items: items, end: 0))
        #expect(await code { _ = try DisclosurePage(bytes: bytes) } == (step.fits ? nil : .limitExceeded))
    }

    @Test func outcomesAreReadAsTheyAreWritten() throws {
        let outcomes: [DisclosureOutcome] = [.taken, .known, .later, .refused(.audienceForeign)]
        let bytes = try JSONEncoder().encode(outcomes)
        #expect(try JSONDecoder().decode([DisclosureOutcome].self, from: bytes) == outcomes)
    }

    @Test func aMemberHasItsPagesAndNoMore() {
        var budget = DisclosureBudget()
        let now = ContinuousClock.now
        let burst = Int(DisclosureBudget.burstMax)
        let atOnce = (0..<burst + 3).map { _ in budget.take(from: "a", at: now) }
        #expect(atOnce == (0..<burst + 3).map { $0 < burst })
        let later = now + .seconds(1 / DisclosureBudget.perSecond)
        let others = [budget.take(from: "b", at: now), budget.take(from: "a", at: later)]
        let another = budget.take(from: "a", at: later)
        #expect(others == [true, true] && !another)
    }
}
