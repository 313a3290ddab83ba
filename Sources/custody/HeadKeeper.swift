import Consortium
import Foundation
import Gateway
import Ledger
import Store

/// Writes the newest head of this gateway's log outside the database: into the state directory, and once more beside it.
/// So a database or a folder that was rolled back, copied, or moved to another machine is noticed before it continues the
/// log.
///
/// It runs behind the commits, on a queue of its own: files that are older than the database are normal.
actor HeadKeeper {
    /// How often the files are written at most: each time costs the disk four syncs, which receipts share it with.
    static let pause: Duration = .milliseconds(250)

    private nonisolated let executor = DispatchExecutor(label: "custody.head")
    private nonisolated let state: StateDirectory
    private nonisolated let ledger: LedgerStore
    /// Nil where only the state directory is to have the head.
    private nonisolated let copy: String?

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    init(state: StateDirectory, ledger: LedgerStore, copy: String?) {
        self.state = state
        self.ledger = ledger
        self.copy = copy
    }

    /// Of this machine, as systemd keeps it.
    static let machine: String =
        (try? String(contentsOfFile: "/etc/machine-id", encoding: .utf8))?
        .trimmingCharacters(in: .whitespacesAndNewlines) ?? ""

    func run() async {
        var last: KeptHead?
        for await _ in ledger.changes.follow() {
            if let head = try? current(), head != last {
                write(head)
                last = head
            }
            try? await Task.sleep(for: Self.pause)
        }
    }

    /// Writes the newest head, and notes in the database that it is kept from now on.
    nonisolated func keep(now: Int64) throws {
        guard let head = try current() else { return }
        try PrivateFile.replace(state.head, bytes: head.bytes)
        writeCopy(head)
        guard try !ledger.read({ try $0.isHeadKept() }) else { return }
        try ledger.write { try $0.noteHeadKept(at: now) }
    }

    private nonisolated func write(_ head: KeptHead) {
        try? PrivateFile.replace(state.head, bytes: head.bytes)
        writeCopy(head)
    }

    /// Where the copy cannot be written, such as beside a folder of another owner, the gateway does without.
    private nonisolated func writeCopy(_ head: KeptHead) {
        guard let copy else { return }
        try? PrivateFile.replace(copy, bytes: head.bytes)
    }

    private nonisolated func current() throws -> KeptHead? {
        let born = KeptHead.born(file: state.ledger)
        return try ledger.read { snapshot in
            guard let log = try snapshot.ownLog(), let note = try snapshot.head(of: log.id) else { return nil }
            let checkpoint = try Checkpoint(text: note.text)
            return KeptHead(
                Head(origin: log.origin, size: checkpoint.size, root: checkpoint.root), machine: Self.machine,
                born: born)
        }
    }
}
