import Glibc
import Ledger

/// The room on a disk.
public struct DiskSpace: Hashable, Sendable {
    /// What is kept free for the log, unless the configuration says otherwise: a twentieth of the disk, and no more than this.
    public static let reserveMax: UInt64 = 256 << 20

    /// Bytes that may still be written.
    public let free: UInt64
    /// Bytes altogether.
    public let total: UInt64

    /// Of the disk on which a folder is; nil where nobody can tell.
    public init?(of folder: String) {
        var status = statvfs()
        guard statvfs(folder, &status) == 0 else { return nil }
        let block = UInt64(status.f_frsize)
        free = UInt64(status.f_bavail) * block
        total = UInt64(status.f_blocks) * block
    }

    /// Bytes that are kept free for the log.
    /// - Parameter asked: what the configuration says.
    public static func reserve(_ asked: UInt64?, of folder: String) -> UInt64 {
        asked ?? min(reserveMax, (DiskSpace(of: folder)?.total ?? 0) / 20)
    }

    /// - Parameter needed: bytes that are to be written.
    /// - Throws: `CustodyError` with code `disk-nearly-full` where that would eat the reserve.
    public static func check(room needed: UInt64, reserve: UInt64, in folder: String) throws {
        guard let space = DiskSpace(of: folder), space.free < needed || space.free - needed < reserve else { return }
        throw CustodyError(
            .diskNearlyFull,
            "the disk has \(space.free >> 20) MiB left: \(needed >> 20) MiB more would eat the \(reserve >> 20) MiB that are kept free for the log",
            at: folder, remedy: "make room")
    }
}

extension CustodyError.Code {
    public static let diskNearlyFull: Self = "disk-nearly-full"
}
