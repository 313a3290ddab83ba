import FoundationEssentials
import Ledger
import Store
import Testing

@testable import Consortium

/// A gateway's log in a store of its own, and what it would send to mirrors.
struct TestOwner {
    let origin: String
    let key: SigningKey
    let chain: [[UInt8]]
    let store: LedgerStore

    init(_ member: TestMember, in folder: String, document: ConsortiumDocument) throws {
        origin = "\(member.organisation.id)/gw"
        key = try SigningKey.generate(name: origin, algorithm: .ed25519)
        var random = SystemRandomNumberGenerator()
        chain = try member.authority.issueLogCertificate(
            origin: origin, key: key.verifierKey, now: .now, random: &random)
        store = try Self.store(in: folder, name: member.organisation.id, document: document)
        try begin(of: member)
    }

    /// A gateway that was copied: the same key, and nothing in its log yet but the same genesis.
    init(cloneOf owner: TestOwner, of member: TestMember, in folder: String, document: ConsortiumDocument) throws {
        (origin, key, chain) = (owner.origin, owner.key, owner.chain)
        store = try Self.store(in: folder, name: "\(member.organisation.id)-clone", document: document)
        try begin(of: member)
    }

    private func begin(of member: TestMember) throws {
        let genesis = Genesis(origin: origin, organisation: member.organisation.id, certificateChain: chain)
        try store.write { _ = try $0.createLog(origin: origin, key: key.verifierKey, own: true) }
        try append([.genesis(genesis)])
    }

    static func store(in folder: String, name: String, document: ConsortiumDocument) throws -> LedgerStore {
        let store = try LedgerStore(path: "\(folder)/\(name).sqlite")
        try store.write { try $0.add(document: SignedNote(unsigned: document.text)) }
        return store
    }

    /// Entries that say nothing, with one checkpoint after them.
    func append(_ count: Int, saying reason: String = "nothing") throws {
        let nothing = Reference(origin: "", index: 0, leafHash: .emptyTree)
        try append(
            (0..<count).map { .erasure(Erasure(order: "", update: nothing, fact: "", reason: "\(reason) \($0)")) })
    }

    func append(_ bodies: [Entry.Body]) throws {
        try store.write { transaction in
            let record = try #require(try transaction.snapshot.ownLog())
            var log = try transaction.snapshot.state(of: record)
            var full: [FullTile] = []
            let clock = ClockQuality(source: .none, error: 0, bootID: [])
            let sealed = try bodies.map { try log.seal($0, now: 1, clock: clock, full: &full) }
            try transaction.append(sealed, full: full, to: record.id)
            try transaction.keep(try log.checkpoint().signed(by: key), size: log.size, of: record.id, stored: true)
        }
    }

    var size: UInt64 {
        get throws { try store.read { try Self.own($0).size } }
    }

    /// The head that the log had at a size, signed.
    func head(_ size: UInt64) throws -> SignedNote {
        let root = try store.read { try $0.root(of: try Self.own($0).id, size: size) }
        return try Checkpoint(origin: origin, size: size, root: try #require(root)).signed(by: key)
    }

    private static func own(_ snapshot: LedgerSnapshot) throws -> LogRecord { try #require(try snapshot.ownLog()) }

    func checkpoint(old: UInt64, size: UInt64) throws -> CheckpointRequest {
        let plan = old > 0 && old < size ? MerkleProof.consistencyPlan(from: old, to: size) ?? [] : []
        let proof = try store.read { try $0.proof(plan, log: try Self.own($0).id) }
        return CheckpointRequest(oldSize: old, proof: proof, note: try head(size))
    }

    func packages(from start: UInt64, to end: UInt64) throws -> [MirrorUpload.Package] {
        try store.read { snapshot in
            let log = try #require(try snapshot.ownLog())
            var packages: [MirrorUpload.Package] = []
            var next = start
            while next < end {
                let stop = MirrorUpload.packageEnd(start: next, uploadEnd: end)
                let rounded = next & ~UInt64(Tile.width - 1)
                let plan = MerkleProof.subtreePlan(start: rounded, end: stop, size: end) ?? []
                packages.append(
                    MirrorUpload.Package(
                        start: next, entries: try snapshot.entries(log: log.id, from: next, count: Int(stop - next)),
                        proof: try snapshot.proof(plan, log: log.id)))
                next = stop
            }
            return packages
        }
    }
}

extension SignedNote {
    /// A note that carries only a stranger's signature: a store keeps what it is given.
    fileprivate init(unsigned text: String) throws {
        let stranger = try SigningKey.generate(name: "stranger", algorithm: .ed25519)
        try self.init(text: text, signatures: [stranger.sign(text)])
    }
}
