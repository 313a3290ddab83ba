import GRDB

extension DatabasePool {
    /// Closes all connections, and leaves one file without a write-ahead log.
    ///
    /// Whoever closes last copies the log back, and the pool's last connections may only read.
    func closeWhole() throws {
        try close()
        let last = try DatabaseQueue(path: path)
        _ = try last.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM sqlite_master") }
        try last.close()
    }
}
