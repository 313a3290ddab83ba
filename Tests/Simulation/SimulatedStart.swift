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
            let file = try disk.files[Self.head].map {
                try StartFindings.File(bytes: $0.bytes, own: own, in: snapshot)
            }
            return StartFindings(
                own: try own.map { try StartFindings.Own($0, in: snapshot, born: nil, hasKey: true) },
                head: file ?? .missing, copy: .missing, keyName: nil, machine: member.id)
        }
    }

    private func openNext(_ doubt: Doubt, _ predecessor: Head) throws {
        let next = try NextGeneration(because: doubt, after: predecessor, in: store, at: instruments.now())
        let key = try member.log(named: next.origin)
        let chain = try member.certify(key)
        try store.write { try next.open(key: key, chain: chain, instruments: instruments, $0) }
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
