import Foundation
import GRDB

extension LedgerSnapshot {
    /// Subjects of orders that begin and end so: what labels and other people's systems call one thing differs by what stands
    /// between, such as the lot between a product and its serial number.
    /// - Parameter start: ends with a slash.
    public func subjects(from start: String, ending end: String, limit: Int = 16) throws -> [String] {
        guard start.hasSuffix("/") else { return [] }
        // The character behind the slash in Unicode, so that the range holds what begins with `start` and no more.
        let beyond = String(start.dropLast()) + "0"
        let statement = try database.cachedStatement(
            sql: """
                SELECT DISTINCT subject FROM subject
                WHERE subject >= ?1 AND subject < ?2 AND substr(subject, -length(?3)) = ?3 LIMIT ?4
                """)
        return try String.fetchAll(statement, arguments: [start, beyond, end, limit])
    }
}
