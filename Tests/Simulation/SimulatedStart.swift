import Consortium
import Foundation
import Gateway
import Ledger
import Rig
import Store

/// How a gateway begins: it goes on with its log, or opens the next generation (`StartDecision`), and keeps its newest
/// head outside the database, where a database that was rolled back does not take it along.
struct SimulatedStart: Sendable {
    /// How often the head is written at most.
    static let pause: Duration = .milliseconds(100)
    /// The file of the head.
    static let head = "head"

    let member: SimulatedConsortium.Member
    let disk: SimulatedDisk
    let store: LedgerStore
    let instruments: Instruments

    /// - Returns: the key of the log that may be written.
    func open() throws -> SigningKey {
        switch StartDecision(try findings()) {
        case .nothing: throw CustodyError(.logMissing, "this gateway has no log")
        case .goOn: break
        case .open(let doubt, let predecessor): try openNext(doubt, predecessor)
        }
        try keepHead()
        if try !store.read({ try $0.isHeadKept() }) { try store.write { try $0.noteHeadKept(at: instruments.now()) } }
        return try member.log(named: try store.read { try $0.ownLog() }?.origin ?? "")
    }

    private func findings() throws -> StartFindings {
        try store.read { snapshot in
            let own = try snapshot.ownLog()
            let found = try own.map { log in
                StartFindings.Own(
                    head: Head(
                        origin: log.origin, size: log.size,
                        root: try snapshot.root(of: log.id, size: log.size) ?? .emptyTree),
                    earlier: try snapshot.ownGenerations().compactMap(\.predecessor), doubt: try snapshot.doubt(),
                    isHeadKept: try snapshot.isHeadKept())
            }
            return StartFindings(
                own: found, head: try kept(own, snapshot), copy: .missing, keyName: nil, machine: member.id)
        }
    }

    private func kept(_ own: LogRecord?, _ snapshot: LedgerSnapshot) throws -> StartFindings.File {
        guard let file = disk.files[Self.head] else { return .missing }
        guard let kept = KeptHead(bytes: file.bytes) else { return .unreadable }
        guard let own, kept.origin == own.origin, kept.size <= own.size else { return .head(kept, rootHere: nil) }
        return .head(kept, rootHere: try snapshot.root(of: own.id, size: kept.size))
    }

    private func openNext(_ doubt: Doubt, _ predecessor: Head) throws {
        let own = try store.read { try $0.ownLog() }
        let last = [predecessor.origin, own?.origin ?? ""].max {
            Generation.number(ofOrigin: $0) < Generation.number(ofOrigin: $1)
        }
        let origin = Generation.next(after: last ?? predecessor.origin, at: instruments.now())
        let key = try member.log(named: origin)
        let chain = try member.certify(key)
        try store.write { transaction in
            if let own {
                let head = try doubt.head.map { try SignedNote(encoded: $0) }
                try transaction.leave(own, common: doubt.common, head: head)
            }
            let log = try transaction.createLog(origin: origin, key: key.verifierKey, own: true)
            try LogWriter.writeGenesis(
                origin: origin, chain: chain, predecessor: predecessor, log: log, key: key, instruments: instruments,
                transaction)
        }
        try store.applyPending()
    }

    // MARK: The head outside the database

    func run() async {
        for await _ in store.changes.follow() {
            try? keepHead()
            try? await Timeline.shared.sleep(Self.pause)
        }
    }

    private func keepHead() throws {
        let head = try store.read { snapshot -> Head? in
            guard let log = try snapshot.ownLog(), let note = try snapshot.head(of: log.id) else { return nil }
            let checkpoint = try Checkpoint(text: note.text)
            return Head(origin: log.origin, size: checkpoint.size, root: checkpoint.root)
        }
        guard let head else { return }
        try disk.replace(Self.head, with: KeptHead(head, machine: member.id, born: nil).bytes)
    }
}
