import GRDBSQLite
import Glibc

/// SQLite's way to the simulated disks: a VFS, registered as this process's default.
enum DiskVFS {
    private static let pathBytesMax: Int32 = 512
    /// As SQLite's own VFS says of a Unix disk.
    private static let sectorBytes: Int32 = 4_096

    /// An open file, as SQLite's own memory has it.
    private struct Handle {
        var base: sqlite3_file
        var open: Unmanaged<OpenFile>?
    }

    /// Must be called once, before any database is opened.
    static func register() {
        let vfs = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)
        vfs.initialize(to: sqlite3_vfs())
        vfs.pointee.iVersion = 2
        vfs.pointee.szOsFile = Int32(MemoryLayout<Handle>.stride)
        vfs.pointee.mxPathname = pathBytesMax
        vfs.pointee.zName = UnsafePointer(strdup("simulation"))
        setOpening(vfs)
        setWorld(vfs)
        let status = sqlite3_vfs_register(vfs, 1)
        precondition(status == SQLITE_OK, "SQLite does not take the simulated disk")
    }

    private static func setOpening(_ vfs: UnsafeMutablePointer<sqlite3_vfs>) {
        vfs.pointee.xOpen = { _, name, file, flags, outFlags in
            guard let file else { return SQLITE_MISUSE }
            outFlags?.pointee = flags
            let handle = UnsafeMutableRawPointer(file).assumingMemoryBound(to: Handle.self)
            handle.initialize(to: Handle(base: sqlite3_file(pMethods: nil), open: nil))
            guard let open = DiskVFS.open(name.map { String(cString: $0) }, flags) else { return SQLITE_CANTOPEN }
            handle.pointee.open = .passRetained(open)
            handle.pointee.base.pMethods = UnsafePointer(DiskVFS.methods)
            return SQLITE_OK
        }
        vfs.pointee.xDelete = { _, name, _ in
            guard let name, let place = DiskRegister.find(String(cString: name)), place.disk.isAlive(place.incarnation)
            else { return SQLITE_IOERR }
            place.disk.delete(place.file)
            return SQLITE_OK
        }
        vfs.pointee.xAccess = { _, name, _, result in
            guard let name, let place = DiskRegister.find(String(cString: name)), place.disk.isAlive(place.incarnation)
            else { return SQLITE_IOERR }
            result?.pointee = place.disk.files[place.file] == nil ? 0 : 1
            return SQLITE_OK
        }
        vfs.pointee.xFullPathname = { _, name, size, out in
            guard let name, let out, strlen(name) < Int(size) else { return SQLITE_CANTOPEN }
            strcpy(out, name)
            return SQLITE_OK
        }
    }

    private static func setWorld(_ vfs: UnsafeMutablePointer<sqlite3_vfs>) {
        vfs.pointee.xDlOpen = { _, _ in nil }
        vfs.pointee.xDlError = { _, _, _ in }
        vfs.pointee.xDlClose = { _, _ in }
        vfs.pointee.xRandomness = { _, count, out in
            // Salts and temporary names only; the same in every run.
            if let out { memset(out, 0x5A, Int(count)) }
            return count
        }
        // Whoever waits for a lock waits for nobody: all is one thread.
        vfs.pointee.xSleep = { _, microseconds in microseconds }
        vfs.pointee.xCurrentTime = { _, out in
            out?.pointee = 2_460_000
            return SQLITE_OK
        }
        vfs.pointee.xCurrentTimeInt64 = { _, out in
            out?.pointee = 2_460_000 * 86_400_000
            return SQLITE_OK
        }
        vfs.pointee.xGetLastError = { _, _, _ in 0 }
    }

    private static func open(_ path: String?, _ flags: Int32) -> OpenFile? {
        guard let path else { return OpenFile(temporary: SimulatedDisk(name: "temporary", seed: 0)) }
        guard let place = DiskRegister.find(path), place.disk.isAlive(place.incarnation),
            let file = place.disk.file(place.file, creating: flags & SQLITE_OPEN_CREATE != 0)
        else { return nil }
        return OpenFile(
            disk: place.disk, incarnation: place.incarnation, file: file, name: place.file,
            isDeletedOnClose: flags & SQLITE_OPEN_DELETEONCLOSE != 0)
    }

    // MARK: Files

    private static func file(_ handle: UnsafeMutablePointer<sqlite3_file>?) -> OpenFile? {
        guard let handle else { return nil }
        return UnsafeMutableRawPointer(handle).assumingMemoryBound(to: Handle.self).pointee.open?
            .takeUnretainedValue()
    }

    // Written once, before any database is opened.
    nonisolated(unsafe) private static let methods: UnsafeMutablePointer<sqlite3_io_methods> = {
        let methods = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
        methods.initialize(to: sqlite3_io_methods())
        methods.pointee.iVersion = 2
        setContents(methods)
        setLocks(methods)
        setSharedMemory(methods)
        return methods
    }()

    private static func setContents(_ methods: UnsafeMutablePointer<sqlite3_io_methods>) {
        methods.pointee.xClose = { handle in
            guard let handle else { return SQLITE_OK }
            let place = UnsafeMutableRawPointer(handle).assumingMemoryBound(to: Handle.self)
            place.pointee.open?.takeUnretainedValue().close()
            place.pointee.open?.release()
            place.pointee.open = nil
            return SQLITE_OK
        }
        methods.pointee.xRead = { handle, out, count, place in
            guard let out else { return SQLITE_IOERR }
            let buffer = UnsafeMutableRawBufferPointer(start: out, count: Int(count))
            return DiskVFS.file(handle)?.read(into: buffer, at: Int(place)) ?? SQLITE_IOERR
        }
        methods.pointee.xWrite = { handle, bytes, count, place in
            let buffer = UnsafeRawBufferPointer(start: bytes, count: Int(count))
            return DiskVFS.file(handle)?.write(buffer, at: Int(place)) ?? SQLITE_IOERR
        }
        methods.pointee.xTruncate = { handle, size in
            DiskVFS.file(handle)?.truncate(to: Int(size)) ?? SQLITE_IOERR
        }
        methods.pointee.xSync = { handle, _ in DiskVFS.file(handle)?.sync() ?? SQLITE_IOERR }
        methods.pointee.xFileSize = { handle, size in
            guard let open = DiskVFS.file(handle), open.isAlive else { return SQLITE_IOERR }
            size?.pointee = Int64(open.file.bytes.count)
            return SQLITE_OK
        }
        methods.pointee.xFileControl = { _, _, _ in SQLITE_NOTFOUND }
        methods.pointee.xSectorSize = { _ in DiskVFS.sectorBytes }
        methods.pointee.xDeviceCharacteristics = { _ in SQLITE_IOCAP_POWERSAFE_OVERWRITE }
    }

    private static func setLocks(_ methods: UnsafeMutablePointer<sqlite3_io_methods>) {
        methods.pointee.xLock = { handle, level in DiskVFS.file(handle)?.lock(level) ?? SQLITE_IOERR }
        methods.pointee.xUnlock = { handle, level in DiskVFS.file(handle)?.unlock(level) ?? SQLITE_IOERR }
        methods.pointee.xCheckReservedLock = { handle, result in
            result?.pointee = DiskVFS.file(handle)?.isReservedByAnother == true ? 1 : 0
            return SQLITE_OK
        }
    }

    private static func setSharedMemory(_ methods: UnsafeMutablePointer<sqlite3_io_methods>) {
        methods.pointee.xShmMap = { handle, place, size, extend, out in
            guard let open = DiskVFS.file(handle), open.isAlive else { return SQLITE_IOERR }
            out?.pointee = open.shared.region(Int(place), bytes: Int(size), creating: extend != 0)
            return SQLITE_OK
        }
        methods.pointee.xShmLock = { handle, first, count, flags in
            DiskVFS.file(handle)?.lockShared(Int(first)..<Int(first + count), flags) ?? SQLITE_IOERR
        }
        methods.pointee.xShmBarrier = { _ in }
        methods.pointee.xShmUnmap = { handle, _ in
            DiskVFS.file(handle)?.letGoOfShared()
            return SQLITE_OK
        }
    }
}
