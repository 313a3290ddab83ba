import Crypto
import FoundationEssentials
import Ledger
import SwiftASN1
import Testing
import X509

@testable import Consortium

/// An order of which one step must be signed by an operator, judged by everything that gives verdicts.
struct SignedOrder {
    static let contract = """
        custody-contract: 3
        name: signed
        version: 1
        steps:
          opened: {by: [hospital]}
          noted: {by: [hospital], after: opened, repeats: true, facts: {note: public, who: private}}
          approved: {by: [hospital], after: opened, facts: {note: public, who: private}, signed-by: operator}
        """
    static let origin = "hospital/gw1"

    let members: TestMembers
    let document: ConsortiumDocument
    let contract: Contract
    let rulebook: Rulebook
    private(set) var parents: [Reference] = []
    private var thread: OrderThread
    private var graph: ThreadGraph
    private var tip: ThreadTip

    init() throws {
        members = try TestMembers()
        contract = try Contract(text: Self.contract)
        let organisations = [members.hospital, members.supplier, members.regulator].map(\.organisation)
        document = try ConsortiumDocument(
            text: try ConsortiumDraft(name: "Test", organisations: organisations, contracts: [contract]).text)
        rulebook = Rulebook(documents: [document], contracts: [contract])
        let name = OrderName.make(origin: Self.origin, milliseconds: 1, random: (1, 1))
        (thread, graph, tip) = (OrderThread(order: name), ThreadGraph(order: name), ThreadTip(order: name))
        try enter(update("opened", facts: [], parents: []))
        try enter(update("noted"))
    }

    static let now = Date(timeIntervalSince1970: 1_800_000_000)

    static func microseconds(_ time: Date) -> Int64 { Int64(time.timeIntervalSince1970 * 1e6) }

    func update(
        _ step: String = "approved", facts: [Fact] = [Fact(name: "note", value: .text("fine"))],
        parents: [Reference]? = nil
    ) -> Update {
        Update(
            order: thread.order, step: step, parents: parents ?? Array(self.parents.suffix(1)),
            consortium: document.hash, contract: contract.hash, subjects: ["urn:epc:id:sgtin:0614141.812345.6789"],
            facts: facts, observedAt: 1_799_999_000_000_000, source: Source(.operator))
    }

    /// Enters an accepted update everywhere; the next one stands on it.
    mutating func enter(_ update: Update) throws {
        let bytes = try Self.entry(update, at: Self.now)
        let reference = Reference(
            origin: Self.origin, index: UInt64(parents.count + 1), leafHash: Hash.leaf(bytes))
        thread.insert(update, at: reference, recordedAt: 0, verdict: .accepted, by: rulebook)
        try bytes.withUnsafeBytes { bytes in
            var scan = UpdateScan()
            try #require(try scan.read(entry: bytes))
            let grounds = rulebook.grounds(of: scan, from: Self.origin, known: nil)
            _ = graph.insert(scan, at: reference, verdict: .accepted, on: grounds)
            tip.advance(to: scan, at: reference, on: grounds)
        }
        parents.append(reference)
    }

    static func entry(_ update: Update, at time: Date) throws -> [UInt8] {
        try Entry(
            previous: Hash.sha256([1]), recordedAt: microseconds(time),
            clock: ClockQuality(source: .none, error: 0, bootID: []), body: .update(update)
        ).sealed()
    }

    /// The verdict that all judges give: nil if it is accepted.
    func refusal(
        of update: Update, from origin: String = origin, at time: Date = now
    ) throws -> Rejection.Code? {
        try refusal(ofEntry: Self.entry(update, at: time), from: origin)
    }

    func refusal(ofEntry bytes: [UInt8], from origin: String = origin) throws -> Rejection.Code? {
        let entry = try Entry(bytes: bytes)
        let update = try #require(entry.update)
        let judgement = thread.judge(
            update, from: origin, recordedAt: entry.recordedAt, floor: 0, by: rulebook, elsewhere: { _ in .absent })
        let others = try bytes.withUnsafeBytes { bytes in
            var scan = UpdateScan()
            try #require(try scan.read(entry: bytes))
            let grounds = rulebook.grounds(of: scan, from: origin, known: nil)
            let byGraph = try graph.judge(
                scan, floor: 0, on: grounds, elsewhere: { _ in .absent }, updates: { _ in update })
            return [byGraph] + (tip.judge(scan, floor: 0, on: grounds).map { [$0] } ?? [])
        }
        #expect(others.allSatisfy { $0 == judgement })
        switch judgement {
        case .decided(.accepted): return nil
        case .decided(.rejected(let rejection)): return rejection.code
        case .waiting(let awaited):
            Issue.record("it waits for \(awaited)")
            return nil
        }
    }
}

/// An operator with a key and whatever certificate somebody gave out for it.
struct TestOperator {
    let id: String
    let certificate: [UInt8]
    private let signer: ([UInt8]) throws -> [UInt8]

    /// - Parameter extensions: instead of those that make it an operator's.
    init(
        _ id: String = "jk-17", by member: TestMember, organisation: String? = nil, now: Date = SignedOrder.now,
        days: Int = 2, p256: Bool = false, extensions: Certificate.Extensions? = nil
    ) throws {
        let (ed25519, other) = (Curve25519.Signing.PrivateKey(), P256.Signing.PrivateKey())
        let key = p256 ? Certificate.PublicKey(other.publicKey) : Certificate.PublicKey(ed25519.publicKey)
        let usual = try Self.extensions(organisation ?? member.organisation.id, id)
        let issued = try member.authority.issue(
            key, origin: id, days: days, now: now, serial: .init(), extensions: extensions ?? usual)
        self.id = id
        certificate = try issued.derBytes()
        signer = {
            p256 ? Array(try other.signature(for: $0).rawRepresentation) : Array(try ed25519.signature(for: $0))
        }
    }

    /// With a certificate that is not one for operators.
    init(_ id: String = "jk-17", certificate: [UInt8]) {
        let key = Curve25519.Signing.PrivateKey()
        self.id = id
        self.certificate = certificate
        signer = { Array(try key.signature(for: $0)) }
    }

    static func extensions(
        _ organisation: String, _ id: String, usages: [ExtendedKeyUsage.Usage]? = nil,
        more: [Certificate.Extension] = [], names: [GeneralName] = []
    ) throws -> Certificate.Extensions {
        let name = GeneralName.uniformResourceIdentifier(OperatorCertificate.urn(organisation: organisation, id: id))
        var all = try Certificate.Extensions {
            Critical(try ExtendedKeyUsage(usages ?? [documentSigning]))
            SubjectAlternativeNames([name] + names)
        }
        for one in more { try all.append(one) }
        return all
    }

    static let documentSigning = ExtendedKeyUsage.Usage(oid: [1, 3, 6, 1, 5, 5, 7, 3, 36])

    func sign(
        _ update: Update, for origin: String = SignedOrder.origin, as id: String? = nil, certificate: [UInt8]? = nil
    ) throws -> Update {
        let (id, certificate) = (id ?? self.id, certificate ?? self.certificate)
        let named = update.with(operator: Operator(id: id, certificate: certificate))
        let signature = try signer(OperatorSignature.statement(of: named, from: origin))
        return update.with(operator: Operator(id: id, certificate: certificate, signature: signature))
    }
}

extension Update {
    /// The same signature over something else.
    func changed(
        order: String? = nil, step: String? = nil, parents: [Reference]? = nil, cites: [Citation]? = nil,
        subjects: [String]? = nil, facts: [Fact]? = nil, observedAt: Int64? = nil, source: Source? = nil
    ) -> Update {
        Update(
            order: order ?? self.order, step: step ?? self.step, parents: parents ?? self.parents,
            cites: cites ?? self.cites, consortium: consortium, contract: contract,
            subjects: subjects ?? self.subjects, facts: facts ?? self.facts,
            observedAt: observedAt ?? self.observedAt, source: source ?? self.source, operator: `operator`)
    }

    func signature(_ change: ([UInt8]) -> [UInt8]) -> Update {
        with(
            operator: `operator`.map {
                Operator(id: $0.id, certificate: $0.certificate, signature: change($0.signature))
            })
    }
}
