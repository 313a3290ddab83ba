import Ledger
import Logging
import Store

/// Brings this gateway's own log to a witness or a mirror that is no member's, and keeps the cosignatures that come back:
/// whoever trusts that cosigner finds them in the log's checkpoint and in proofs.
public final class CosignerSession: Sendable {
    public enum Kind: String, Sendable, CaseIterable {
        /// Cosigns heads (C2SP tlog-witness).
        case witness
        /// Holds the entries too (C2SP tlog-mirror).
        case mirror
    }

    /// How long one that refuses is left alone at most.
    static let waitMax: Duration = .seconds(60)

    private let kind: Kind
    private let key: VerifierKey
    private let client: any PeerClient
    private let store: LedgerStore
    private let mirror: Mirror
    private let rounds: PushRounds
    private let state: SessionStatus

    /// - Parameters:
    ///   - key: whose cosignatures are kept; any other is ignored.
    ///   - client: whose address is the cosigner's submission prefix.
    public init(
        _ kind: Kind, key: VerifierKey, client: any PeerClient, store: LedgerStore, mirror: Mirror,
        rounds: PushRounds, logger: Logger
    ) {
        self.kind = kind
        self.key = key
        self.client = client
        self.store = store
        self.mirror = mirror
        self.rounds = rounds
        state = SessionStatus(client, named: key.name, logger: logger)
    }

    public var status: PeerStatus { state.current }

    /// Pushes each round's head until the task is cancelled. One that is down or slow delays nobody.
    public func run() async {
        await state.repeating(longest: Self.waitMax) { try await self.pushForever() }
        try? await client.shutdown()
    }

    private func pushForever() async throws {
        let unknown = CustodyError(
            .peerRefused, "\(key.name) does not know this log", at: client.address,
            remedy: "let its operator enter this log's vkey: custody policy prints it")
        var push = MirrorPush(client: client, store: store, isMember: false, onUnknown: { throw unknown })
        var done: UInt64 = 0
        var witnessed: UInt64 = 0
        while !Task.isCancelled {
            let news = store.changes.follow()
            guard let round = try await rounds.current(now: client.clock.now()), round.size > done else {
                for await _ in news { break }
                continue
            }
            let signatures =
                switch kind {
                case .mirror: try await push.push(round)
                case .witness: try await witness(round, from: &witnessed, unknown: unknown)
                }
            try await mirror.keep(signatures, of: round.note, by: key)
            done = round.size
            state.pushed(done)
            state.met()
        }
    }

    private func witness(
        _ round: PushRounds.Round, from old: inout UInt64, unknown: CustodyError
    ) async throws -> [NoteSignature] {
        for _ in 0..<MirrorPush.attemptsMax {
            guard old <= round.size else { return [] }
            let answer = try await client.offer(round, from: old, proof: try proof(from: old, to: round.size))
            switch answer.status {
            case 200:
                old = round.size
                let lines = String(decoding: answer.body, as: UTF8.self).split(separator: "\n")
                return try lines.map { try NoteSignature(line: String($0)) }
            case 404: throw unknown
            case 409:
                guard let size = answer.size, size != old else { throw client.refused(answer) }
                old = size
            default: throw client.refused(answer)
            }
        }
        throw CustodyError(.peerMisbehaves, "\(key.name) keeps changing what it has", at: client.address)
    }

    private func proof(from old: UInt64, to size: UInt64) throws -> [Hash] {
        guard old > 0, old < size, let plan = MerkleProof.consistencyPlan(from: old, to: size) else { return [] }
        return try store.read { snapshot in
            try snapshot.ownLog().map { try snapshot.proof(plan, log: $0.id) } ?? []
        }
    }
}
