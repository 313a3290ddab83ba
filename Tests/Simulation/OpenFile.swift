import GRDBSQLite

/// A file that a SQLite connection has open, and the locks that it holds.
final class OpenFile {
    let file: SimulatedDisk.File
    private let disk: SimulatedDisk
    private let incarnation: Int
    private let name: String
    private let isDeletedOnClose: Bool
    private let table: LockTable
    private var level = SQLITE_LOCK_NONE
    private(set) lazy var shared: SharedMemory = {
        if let known = disk.sharedMemory[name] { return known }
        let new = SharedMemory()
        disk.sharedMemory[name] = new
        return new
    }()
    private var sharedLocks: Set<Int> = []

    init(disk: SimulatedDisk, incarnation: Int, file: SimulatedDisk.File, name: String, isDeletedOnClose: Bool) {
        self.disk = disk
        self.incarnation = incarnation
        self.file = file
        self.name = name
        self.isDeletedOnClose = isDeletedOnClose
        table = LockTable.of("\(disk.name).\(incarnation)/\(name)")
    }

    /// A file without a name, which goes with whoever opened it.
    convenience init?(temporary disk: SimulatedDisk) {
        _ = disk.power()
        guard let file = disk.file("temporary", creating: true) else { return nil }
        self.init(
            disk: disk, incarnation: disk.incarnation, file: file, name: "temporary", isDeletedOnClose: true)
    }

    var isAlive: Bool { disk.isAlive(incarnation) }

    func close() {
        letGoOfShared()
        table.release(ObjectIdentifier(self))
        if isDeletedOnClose, isAlive { disk.delete(name) }
    }

    // MARK: Contents

    /// SQLITE_IOERR_SHORT_READ, a macro that Swift does not see.
    private static let shortRead = SQLITE_IOERR | 2 << 8

    func read(into buffer: UnsafeMutableRawBufferPointer, at place: Int) -> Int32 {
        guard isAlive else { return SQLITE_IOERR }
        let count = max(0, min(buffer.count, file.bytes.count - place))
        if count > 0 { file.bytes.withUnsafeBytes { buffer.copyBytes(from: $0[place..<(place + count)]) } }
        guard count < buffer.count else { return SQLITE_OK }
        // SQLite wants the rest as zeros.
        UnsafeMutableRawBufferPointer(rebasing: buffer[count...]).initializeMemory(as: UInt8.self, repeating: 0)
        return Self.shortRead
    }

    func write(_ bytes: UnsafeRawBufferPointer, at place: Int) -> Int32 {
        attempt { try disk.write(bytes, to: file, at: place) }
    }

    func truncate(to size: Int) -> Int32 { attempt { try disk.truncate(file, to: size) } }

    func sync() -> Int32 { attempt { try disk.sync(file) } }

    private func attempt(_ operation: () throws -> Void) -> Int32 {
        guard isAlive else { return SQLITE_IOERR }
        do { try operation() } catch { return SQLITE_IOERR }
        return SQLITE_OK
    }

    // MARK: Locks

    func lock(_ wanted: Int32) -> Int32 {
        guard isAlive else { return SQLITE_IOERR }
        guard wanted > level else { return SQLITE_OK }
        guard table.allows(wanted, to: ObjectIdentifier(self)) else { return SQLITE_BUSY }
        level = wanted
        table.note(level, of: ObjectIdentifier(self))
        return SQLITE_OK
    }

    func unlock(_ wanted: Int32) -> Int32 {
        level = min(level, wanted)
        table.note(level, of: ObjectIdentifier(self))
        return SQLITE_OK
    }

    var isReservedByAnother: Bool { table.isReserved(besides: ObjectIdentifier(self)) }

    func lockShared(_ range: Range<Int>, _ flags: Int32) -> Int32 {
        if flags & SQLITE_SHM_UNLOCK != 0 {
            shared.unlock(range, by: ObjectIdentifier(self), held: &sharedLocks)
            return SQLITE_OK
        }
        guard isAlive else { return SQLITE_IOERR }
        let isExclusive = flags & SQLITE_SHM_EXCLUSIVE != 0
        return shared.lock(range, exclusive: isExclusive, by: ObjectIdentifier(self), held: &sharedLocks)
            ? SQLITE_OK : SQLITE_BUSY
    }

    func letGoOfShared() {
        guard !sharedLocks.isEmpty else { return }
        shared.unlock(0..<SharedMemory.locksMax, by: ObjectIdentifier(self), held: &sharedLocks)
    }
}

/// Who has locked a file of one incarnation, and how (SQLite's five levels).
final class LockTable {
    // Only the simulation's one thread touches it.
    nonisolated(unsafe) private static var tables: [String: LockTable] = [:]

    private var levels: [ObjectIdentifier: Int32] = [:]

    static func of(_ path: String) -> LockTable {
        if let known = tables[path] { return known }
        let table = LockTable()
        tables[path] = table
        return table
    }

    static func reset() { tables.removeAll() }

    func allows(_ wanted: Int32, to owner: ObjectIdentifier) -> Bool {
        let others = levels.filter { $0.key != owner }.values.max() ?? SQLITE_LOCK_NONE
        switch wanted {
        case SQLITE_LOCK_SHARED: return others < SQLITE_LOCK_PENDING
        case SQLITE_LOCK_EXCLUSIVE: return others == SQLITE_LOCK_NONE
        default: return others < SQLITE_LOCK_RESERVED
        }
    }

    func isReserved(besides owner: ObjectIdentifier) -> Bool {
        levels.contains { $0.key != owner && $0.value >= SQLITE_LOCK_RESERVED }
    }

    func note(_ level: Int32, of owner: ObjectIdentifier) {
        levels[owner] = level == SQLITE_LOCK_NONE ? nil : level
    }

    func release(_ owner: ObjectIdentifier) { levels[owner] = nil }
}
