import Foundation
import Glibc
import Testing

/// A file system of a few megabytes in memory, at a folder that must not be there yet. Only root may make one.
final class SmallDisk {
    static let isPossible = geteuid() == 0

    let path: String
    private var ballast: String { path + "/ballast" }

    init(at path: String, megabytes: Int) throws {
        self.path = path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let mounting = try Program(
            "/usr/bin/mount", ["-t", "tmpfs", "-o", "size=\(megabytes)m", "tmpfs", path])
        try #require(mounting.wait() == 0, "no file system can be mounted here")
    }

    deinit { _ = try? Program("/usr/bin/umount", ["--lazy", path]).wait() }

    /// Takes all room but this much, in bytes.
    func fill(leaving room: Int) throws {
        var status = statvfs()
        try #require(statvfs(path, &status) == 0)
        let free = Int(status.f_bavail) * Int(status.f_frsize)
        try Data(count: max(0, free - room)).write(to: URL(fileURLWithPath: ballast))
    }

    func makeRoom() throws { try FileManager.default.removeItem(atPath: ballast) }
}
