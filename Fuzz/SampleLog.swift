import Ledger

/// A short log of a consortium of one, with everything that can be sent about it.
struct SampleLog {
    static let contractText = """
        custody-contract: 1
        name: sample
        version: 1
        steps:
          order.placed: {by: hospital, requires: [product], facts: {product: public, patient: private}}
          shipped: {by: [hospital, logistics], after: [order.placed], facts: {vehicle: public}}
          received: {by: hospital, after: [shipped], excludes: [lost]}
          lost: {by: hospital, after: [shipped], repeats: true}

        """

    /// With all that language 4 has.
    static let ruledContractText = """
        custody-contract: 4
        name: ruled
        version: 1
        steps:
          placed:
            by: hospital
            facts: {weight: {type: decimal, unit: kg}, due: {type: date}, who: {private: [regulator], type: date}}
            scans: {device: required}
          checked:
            after: {any: [placed]}
            approvals: 2 of [regulator, hospital]
            within: {days: 1, hours: 2, of: placed}
          found: {by: hospital, after: placed, repeats: true, facts: {grade: {type: decimal}, kind: public}}
          late: {by: regulator, after: placed}
          alarm: {by: regulator, after: found, repeats: true, facts: {kind: public}}
          received: {by: hospital, after: {all: [checked]}, scans: {device: {equals: placed}}}
        rules:
          missed: {when: {missed: checked}, by: regulator, record: late}
          grave:
            when: {step: found, where: {grade: {above: 7}}}
            by: regulator
            record: alarm
            facts: {kind: {from: kind}}
        """

    static let scenarios = """
        custody-scenarios: 1
        scenarios:
          one:
            - {hospital: placed, facts: {weight: "4.5"}, scans: [+H123ABC01], as: o}
            - {hospital: found, facts: {grade: "8", kind: crack}, on: [o], as: f}
            - {regulator: alarm, rule: grave, of: f, later: {days: 1}}
            - {regulator: alarm, refused: rule-needed, disputed: false}
        """

    let entries: [SealedEntry]
    let head: SignedNote
    let document: SignedNote
    let policy: String
    let proofs: [TransparencyProof]
    let bundle: ProofBundle

    struct Torn: Error {}

    init() throws {
        let key = try SigningKey.generate(name: "hospital", algorithm: .ed25519)
        let cosigner = try SigningKey.generate(name: "hospital/cosigner", algorithm: .cosignature)
        let logKey = try SigningKey.generate(name: "hospital/gw", algorithm: .ed25519)
        let contract = try Contract(text: Self.contractText)
        let text = Self.document(key: key, cosigner: cosigner, contract: contract)
        let document = try ConsortiumDocument(text: text)
        var log = Log(origin: "hospital/gw")
        let (entries, order) = try Self.entries(&log, document: document, contract: contract)
        let head = try log.checkpoint().signed(by: logKey)
        let tree = log.tree
        let proofs = try entries.map { entry in
            guard let plan = MerkleProof.inclusionPlan(index: entry.index, size: tree.size) else { throw Torn() }
            let hashes = try MerkleProof.proof(plan) { node in
                guard let hash = tree.hash(of: node) else { throw Torn() }
                return hash
            }
            return try TransparencyProof(index: entry.index, hashes: hashes, checkpoint: head)
        }
        self.document = try SignedNote(text: text, signatures: [try key.sign(text)])
        self.entries = entries
        self.head = head
        self.proofs = proofs
        policy = document.policyText(logs: [logKey.verifierKey])
        bundle = ProofBundle(
            order: order,
            items: zip(entries, proofs).dropFirst().map { ProofBundle.Item(entry: $0.bytes, proof: $1) },
            documents: [self.document], contracts: [Self.contractText], heads: [head])
    }

    private static func document(key: SigningKey, cosigner: SigningKey, contract: Contract) -> String {
        """
        custody-consortium: 1
        name: "Sample"
        version: 1
        organisations:
          - id: "hospital"
            name: "The hospital"
            role: hospital
            certificate: none
            key: \(key.verifierKey.vkey)
            cosigner: \(cosigner.verifierKey.vkey)
        contracts:
          - name: sample
            version: 1
            sha256: "\(contract.hash.hex)"
        quorum: |
          quorum hospital
        recovery: |
          quorum hospital

        """
    }

    private static func entries(
        _ log: inout Log, document: ConsortiumDocument, contract: Contract
    ) throws -> (entries: [SealedEntry], order: String) {
        let order = OrderName.make(origin: log.origin, milliseconds: 1_700_000_000_000, random: (7, 7))
        let clock = ClockQuality(source: .ntp, error: 120, bootID: [1, 2, 3])
        var full: [FullTile] = []
        var entries = [
            try log.seal(
                .genesis(Genesis(origin: log.origin, organisation: "hospital", certificateChain: [[0x30, 0x00]])),
                now: 1, clock: clock, full: &full)
        ]
        let facts: [(step: String, facts: [Fact])] = [
            (
                "order.placed",
                [Fact(name: "product", value: .text("hip")), Fact(name: "patient", value: .commitment(.emptyTree))]
            ),
            ("shipped", [Fact(name: "vehicle", value: .text("truck-7"))]), ("received", []),
        ]
        for (step, facts) in facts {
            let parents = entries.dropFirst().suffix(1).map {
                Reference(origin: log.origin, index: $0.index, leafHash: $0.leafHash)
            }
            let update = Update(
                order: order, step: step, parents: parents, consortium: document.hash, contract: contract.hash,
                subjects: ["https://id.gs1.org/01/04012345000016/21/SN-1"], facts: facts,
                observedAt: 1_700_000_000_000_000, source: Source(.scan, station: "dock"),
                operator: Operator(id: "nurse-4"))
            entries.append(try log.seal(.update(update), now: 2, clock: clock, full: &full))
        }
        return (entries, order)
    }
}
