import Foundation
import GRDB
import Testing

@testable import Store

@Suite struct WriteAheadLogTests {
    private static let page = 4_096
    private static let limits = WriteAheadLog.Limits(copyPages: 16, pagesMax: 64)

    /// Commits of four pages each and more.
    private func fill(_ folder: String, commits: Int) throws -> Int {
        let path = folder + "/a.sqlite"
        let pool = try DatabasePool(path: path)
        let log = WriteAheadLog(path: path, limits: Self.limits)
        try pool.writeWithoutTransaction { database in
            try database.execute(sql: "CREATE TABLE t (id INTEGER PRIMARY KEY, bytes BLOB)")
            try log.follow(database)
        }
        var longest = 0
        for number in 0..<commits {
            try pool.writeWithoutTransaction { database in
                try database.execute(
                    sql: "INSERT INTO t VALUES (?, randomblob(?))", arguments: [number, 4 * Self.page])
                log.copyBack(database)
            }
            longest = max(longest, try size(path + "-wal"))
        }
        return longest
    }

    private func size(_ path: String) throws -> Int {
        try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
    }

    private func inFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
        let folder = FileManager.default.temporaryDirectory.path + "/custody-wal-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        return try body(folder)
    }

    @Test func theLogBeginsAnewAtItsLimit() throws {
        try inFolder { folder in
            let longest = try fill(folder, commits: 500)
            // The last commit may pass the limit by its own pages.
            #expect(longest <= (Self.limits.pagesMax + 8) * (Self.page + 24) + 32)
            #expect(longest > Self.limits.copyPages * Self.page)
            let rows = try DatabaseQueue(path: folder + "/a.sqlite").read {
                try Int.fetchOne($0, sql: "SELECT count(*) FROM t WHERE length(bytes) = \(4 * Self.page)")
            }
            #expect(rows == 500)
        }
    }
}
