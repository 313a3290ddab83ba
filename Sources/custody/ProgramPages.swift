import Foundation
import Glibc

/// The pages of the program's own code.
enum ProgramPages {
    /// Gives them back to the system, which brings back those that are needed again.
    ///
    /// A start reads through most of the program once, and keeps it all in memory. Code is never written, so nothing
    /// can be lost.
    static func release() {
        // proc(5): "start-end r-xp offset device inode path"; what has no path is not a file's.
        guard let maps = try? String(contentsOfFile: "/proc/self/maps", encoding: .utf8) else { return }
        for line in maps.split(separator: "\n") where line.contains(" r-xp ") && line.contains("/") {
            let ends = line.prefix { $0 != " " }.split(separator: "-").map { UInt($0, radix: 16) }
            guard ends.count == 2, let start = ends[0], let end = ends[1], start < end else { continue }
            _ = madvise(UnsafeMutableRawPointer(bitPattern: start), Int(end - start), MADV_DONTNEED)
        }
    }
}
