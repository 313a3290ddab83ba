import GRDB
import Rig
import Testing

@testable import Store

@Suite struct RowRunTests {
    /// Forwards, backwards, in gaps and beyond both ends: a run finds what is there, and nothing else.
    @Test(arguments: 1...4)
    func findsWhatIsThereInAnyOrder(seed: UInt64) throws {
        var numbers = SeededRandom(seed: seed)
        let stored = Set((0..<300).map { _ in Int64.random(in: 10..<1_000, using: &numbers) })
        try DatabaseQueue().write { database in
            try database.execute(sql: "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)")
            for id in stored { try database.execute(sql: "INSERT INTO t VALUES (?, 'n' || ?)", arguments: [id, id]) }
            let statement = try database.makeStatement(
                sql: "SELECT id, name FROM t WHERE id >= ? AND id < ? ORDER BY id")
            var run = RowRun(statement, end: 900)
            var wanted: Int64 = 0
            for _ in 0..<3_000 {
                let jumps = Int.random(in: 0..<10, using: &numbers) == 0
                wanted = jumps ? .random(in: 0..<1_010, using: &numbers) : wanted + .random(in: 0..<20, using: &numbers)
                let isThere = stored.contains(wanted) && wanted < 900
                #expect(try run.find(wanted) == isThere, "\(wanted)")
                if isThere { #expect(run.statement.text(1) == "n\(wanted)") }
            }
        }
    }
}
