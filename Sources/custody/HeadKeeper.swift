import Foundation
import Ledger
import Store

/// Writes the newest head of this gateway's log outside the database, with the machine's id, so that a database that
/// was rolled back, or moved to another machine, is noticed before it continues the log.
///
/// It runs behind the commits: a file that is older than the database is normal.
struct HeadKeeper: Sendable {
    /// How often the file is written at most.
    static let pause: Duration = .milliseconds(100)

    private struct Kept: Codable, Equatable {
        let origin: String
        let size: UInt64
        let root: String
        let machine: String
    }

    private let state: StateDirectory
    private let ledger: LedgerStore
    private let machine: String

    /// - Throws: `CustodyError` with code `gateway-in-doubt` when the database is not the one that wrote last.
    init(state: StateDirectory, ledger: LedgerStore) throws {
        self.state = state
        self.ledger = ledger
        machine =
            (try? String(contentsOfFile: "/etc/machine-id", encoding: .utf8))?
            .trimmingCharacters(in: .whitespacesAndNewlines) ?? ""
        guard let bytes = FileManager.default.contents(atPath: state.head),
            let kept = try? JSONDecoder().decode(Kept.self, from: bytes)
        else { return }
        try check(kept)
    }

    private func check(_ kept: Kept) throws {
        let isSame = try ledger.read { snapshot in
            guard let log = try snapshot.ownLog(), log.origin == kept.origin, log.size >= kept.size else {
                return false
            }
            return try snapshot.root(of: log.id, size: kept.size)?.hex == kept.root
        }
        guard isSame, kept.machine == machine else {
            throw CustodyError(
                .gatewayInDoubt, "this database is not the one that this gateway wrote last", at: state.head,
                remedy: "do not record with it: its log may have gone on elsewhere; restore from the mirrors")
        }
    }

    func run() async {
        var last: Kept?
        for await _ in ledger.changes.follow() {
            if let head = try? current(), head != last {
                try? JSONEncoder().encode(head).write(to: URL(fileURLWithPath: state.head), options: .atomic)
                last = head
            }
            try? await Task.sleep(for: Self.pause)
        }
    }

    private func current() throws -> Kept? {
        try ledger.read { snapshot in
            guard let log = try snapshot.ownLog(), let note = try snapshot.head(of: log.id) else { return nil }
            let checkpoint = try Checkpoint(text: note.text)
            return Kept(origin: log.origin, size: checkpoint.size, root: checkpoint.root.hex, machine: machine)
        }
    }
}

extension CustodyError.Code {
    static let gatewayInDoubt: Self = "gateway-in-doubt"
}
