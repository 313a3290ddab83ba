import Foundation
import SwiftProtobuf

/// All that an outsider needs to judge an order's updates offline: their entries and those of their ancestors, each
/// with a C2SP tlog-proof, and the contracts and documents that they name.
public struct ProofBundle: Hashable, Sendable {
    public static let version: UInt32 = 1
    public static let bytesMax = 64 << 20
    public static let itemsMax = 65_536

    public struct Item: Hashable, Sendable {
        public let entry: [UInt8]
        public let proof: TransparencyProof

        public init(entry: [UInt8], proof: TransparencyProof) {
            self.entry = entry
            self.proof = proof
        }
    }

    public let order: String
    public let items: [Item]
    public let documents: [SignedNote]
    public let contracts: [String]
    /// The heads up to which its maker had looked for updates of the order.
    public let heads: [SignedNote]
    /// Raw readings that windows among the items sum up.
    public var readings: [ReadingProof] = []
    /// Private facts of the items that the file's maker chose to show.
    public var disclosures: [Disclosure] = []
    /// Heads that a time stamping authority has stamped, with the items that they include.
    public var stamped: [StampedHead] = []

    public init(
        order: String, items: [Item], documents: [SignedNote], contracts: [String], heads: [SignedNote]
    ) {
        self.order = order
        self.items = items
        self.documents = documents
        self.contracts = contracts
        self.heads = heads
    }

    public func encoded() throws -> [UInt8] {
        try WireBundle.with {
            $0.version = Self.version
            $0.order = order
            $0.items = items.map { item in
                WireItem.with {
                    $0.entry = Data(item.entry)
                    $0.proof = item.proof.encoded
                }
            }
            $0.documents = documents.map(\.encoded)
            $0.contracts = contracts
            $0.heads = heads.map(\.encoded)
            $0.readings = readings.map(\.wire)
            $0.disclosures = disclosures.map(\.encoded)
            $0.stamped = stamped.map(\.wire)
        }.serializedBytes()
    }

    /// - Throws: `CustodyError` with code `bundle-malformed`, or what a part of it is refused for.
    public init(bytes: [UInt8]) throws {
        try Limit.check(bytes.count, max: Self.bytesMax, "a proof file", unit: "bytes")
        let wire: WireBundle
        do { wire = try WireBundle(serializedBytes: bytes) } catch {
            throw CustodyError(.bundleMalformed, "this is no proof file", remedy: "make one with: custody proof")
        }
        guard wire.version == Self.version else {
            throw CustodyError(
                .bundleMalformed, "the proof file has version \(wire.version)", remedy: "install a newer release")
        }
        try Limit.check(wire.items.count, max: Self.itemsMax, "a proof file", unit: "entries")
        try Limit.check(wire.readings.count, max: Self.itemsMax, "a proof file", unit: "readings")
        try Limit.check(wire.disclosures.count, max: Self.itemsMax, "a proof file", unit: "disclosures")
        try Limit.check(wire.stamped.count, max: Self.itemsMax, "a proof file", unit: "time stamps")
        self.init(
            order: wire.order,
            items: try wire.items.map {
                Item(entry: [UInt8]($0.entry), proof: try TransparencyProof(encoded: $0.proof))
            },
            documents: try wire.documents.map { try SignedNote(encoded: $0) }, contracts: wire.contracts,
            heads: try wire.heads.map { try SignedNote(encoded: $0) })
        readings = try wire.readings.map { try ReadingProof($0) }
        disclosures = try wire.disclosures.map { try Disclosure(encoded: $0) }
        stamped = try wire.stamped.map { try StampedHead($0) }
    }
}

// MARK: - Checking

/// What a proof file proves, by a policy and nothing else.
public struct ProofResult: Sendable {
    public struct Item: Sendable {
        public let reference: Reference
        public let update: Update
        public let recordedAt: Int64
        /// The log signed a head that includes this entry.
        public let inLog: Bool
        /// The quorum cosigned that head.
        public let confirmed: Bool
        /// Nil when something that the verdict needs is not in the file.
        public let verdict: Verdict?
        /// Whether the operator whom it names signed it, as the document says that it names; nil if nobody signed.
        public let isSigned: Bool?
    }

    public let order: String
    public let items: [Item]
    /// Raw readings with whether an update of the file that is in its log sums them up.
    public let readings: [(proof: ReadingProof, isProved: Bool)]
    /// The heads up to which the file's maker had looked; only those whose log signature holds.
    public let heads: [Checkpoint]
    /// Private facts that the file shows.
    public let disclosed: [Disclosed]
    /// Private facts of the items that stay private.
    public let hiddenCount: Int
    /// Time stamps of heads that include items; whether each holds, the authority's certificates say.
    public var stamps: [Stamp] = []

    /// A private fact whose value the file shows.
    public struct Disclosed: Sendable {
        public let disclosure: Disclosure
        /// The update that is in its log and commits to this value; nil where none does, and nothing is proved.
        public let update: Reference?
    }

    public var areDisclosuresProved: Bool { disclosed.allSatisfy { $0.update != nil } }
    public var areReadingsProved: Bool { readings.allSatisfy(\.isProved) }
    public var isInLog: Bool { !items.isEmpty && items.allSatisfy(\.inLog) }
    public var isAccepted: Bool { !items.isEmpty && items.allSatisfy { $0.verdict == .accepted } }
    public var isConfirmed: Bool { !items.isEmpty && items.allSatisfy(\.confirmed) }
}

extension ProofBundle {
    /// Checks every part of the bundle and judges every update again.
    /// - Parameters:
    ///   - policyText: a C2SP tlog-policy; the comment `# custody-document` pins the consortium document.
    /// - Throws: `CustodyError`: `document-unpinned` when the policy names no document, or a broken part's code.
    public func check(policyText: String) throws -> ProofResult {
        let policy = try WitnessPolicy(text: policyText)
        let rulebook = try rulebook(pinned: policyText)
        let counted = rulebook.latest?.revoked ?? [:]
        let found = try items.map { try Found($0, policy: policy, counted: counted) }
        let verdicts = Self.judge(found, by: rulebook)
        let disclosed = disclosed(among: found)
        var result = ProofResult(
            order: order,
            items: found.map { item in
                ProofResult.Item(
                    reference: item.reference, update: item.update, recordedAt: item.recordedAt, inLog: item.inLog,
                    confirmed: item.confirmed, verdict: verdicts[item.reference.leafHash],
                    isSigned: rulebook.isSigned(
                        item.update, from: item.reference.origin, recordedAt: item.recordedAt))
            },
            readings: readings.map { proof in
                let item = found.first { $0.reference.leafHash == proof.entry }
                return (proof, item.map { $0.inLog && proof.isProved(by: $0.update) } ?? false)
            },
            heads: heads.compactMap { try? policy.evaluate($0).checkpoint }, disclosed: disclosed,
            hiddenCount: Self.hiddenCount(in: found, beside: disclosed))
        result.stamps = try stamped.flatMap { try $0.checked(by: policy) }
        return result
    }

    private func disclosed(among items: [Found]) -> [ProofResult.Disclosed] {
        let committed = Dictionary(
            items.filter(\.inLog).flatMap { item in
                item.update.facts.map { ($0, item.reference) }
            }, uniquingKeysWith: { first, _ in first })
        return disclosures.map { disclosure in
            let fact = Fact(name: disclosure.name, value: .commitment(disclosure.commitment))
            return ProofResult.Disclosed(disclosure: disclosure, update: committed[fact])
        }
    }

    private static func hiddenCount(in items: [Found], beside disclosed: [ProofResult.Disclosed]) -> Int {
        let shown = Set(disclosed.filter { $0.update != nil }.map(\.disclosure.commitment))
        return items.reduce(0) { count, item in
            count
                + item.update.facts.count { fact in
                    if case .commitment(let commitment) = fact.value { !shown.contains(commitment) } else { false }
                }
        }
    }

    private struct Found {
        let reference: Reference
        let update: Update
        let recordedAt: Int64
        let inLog: Bool
        let confirmed: Bool

        /// - Parameter counted: of revoked logs, the last entry that counts.
        init(_ item: Item, policy: WitnessPolicy, counted: [String: UInt64]) throws {
            let entry = try Entry(bytes: item.entry)
            guard let update = entry.update else {
                throw CustodyError(.bundleMalformed, "the proof file holds an entry that is no update")
            }
            let verification = try item.proof.verify(entry: item.entry, policy: policy)
            self.update = update
            recordedAt = entry.recordedAt
            reference = Reference(
                origin: verification.checkpoint.origin, index: item.proof.index, leafHash: Hash.leaf(item.entry))
            inLog = verification.inLog
            confirmed = verification.confirmed && reference.index <= counted[reference.origin] ?? .max
        }
    }

    private func rulebook(pinned policyText: String) throws -> Rulebook {
        guard let pinned = ConsortiumDocument.pinned(inPolicy: policyText) else {
            throw CustodyError(
                .documentUnpinned, "the policy does not say which consortium document to judge by",
                remedy: "take the policy that 'custody policy' prints, from somebody you trust")
        }
        let documents = try documents.map { try ConsortiumDocument(text: $0.text) }
        guard documents.contains(where: { $0.hash == pinned }) else {
            throw CustodyError(
                .documentUnpinned, "the proof file does not hold the consortium document that the policy pins",
                remedy: "ask for a newer proof file, or for the policy of the same version")
        }
        return Rulebook(
            documents: Self.history(of: pinned, in: documents), contracts: try contracts.map { try Contract(text: $0) })
    }

    /// The pinned version and those before it that it stands on: no others are believed.
    private static func history(of pinned: Hash, in documents: [ConsortiumDocument]) -> [ConsortiumDocument] {
        var history: [ConsortiumDocument] = []
        var wanted: Hash? = pinned
        while let hash = wanted, let document = documents.first(where: { $0.hash == hash }), !history.contains(document)
        {
            history.append(document)
            wanted = document.previous
        }
        return history
    }

    /// Judges in rounds, ancestors first, whatever the order in the file. An entry that is in no log has no verdict.
    private static func judge(_ items: [Found], by rulebook: Rulebook) -> [Hash: Verdict] {
        var threads: [String: OrderThread] = [:]
        var verdicts: [Hash: Verdict] = [:]
        let orders = Dictionary(items.map { ($0.reference, $0.update.order) }, uniquingKeysWith: { first, _ in first })
        var left = items.filter(\.inLog)
        while true {
            let before = left.count
            left.removeAll { item in
                var thread = threads[item.update.order] ?? OrderThread(order: item.update.order)
                let judgement = thread.judge(
                    item.update, from: item.reference.origin, recordedAt: item.recordedAt, floor: 0, by: rulebook
                ) {
                    guard let order = orders[$0], let verdict = verdicts[$0.leafHash] else { return .absent }
                    return .decided(order: order, verdict: verdict)
                }
                guard case .decided(let verdict) = judgement else { return false }
                thread.insert(
                    item.update, at: item.reference, recordedAt: item.recordedAt, verdict: verdict, by: rulebook)
                threads[item.update.order] = thread
                verdicts[item.reference.leafHash] = verdict
                return true
            }
            guard left.count < before else { return verdicts }
        }
    }
}

extension CustodyError.Code {
    public static let bundleMalformed: Self = "bundle-malformed"
    public static let documentUnpinned: Self = "document-unpinned"
}
