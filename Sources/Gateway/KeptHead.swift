import CTimex
import Foundation
import Ledger

/// The newest head of a gateway's log as it is kept outside the database, with what tells this database from another one.
///
/// It is written behind the commits: being older than the database is normal.
public struct KeptHead: Codable, Hashable, Sendable {
    public let origin: String
    public let size: UInt64
    /// Hexadecimal.
    public let root: String
    /// Of the machine, as systemd keeps it; empty if it has none.
    public let machine: String
    /// When the database's file was made, nanoseconds since 1970: a copy of it was made later. Nil where the file system
    /// does not know, and from releases that did not ask.
    public let born: Int64?

    public init(_ head: Head, machine: String, born: Int64?) {
        origin = head.origin
        size = head.size
        root = head.root.hex
        self.machine = machine
        self.born = born
    }

    /// - Returns: nil for anything but a head of a log of this consortium.
    public init?(bytes: [UInt8]) {
        guard let kept = try? JSONDecoder().decode(KeptHead.self, from: Data(bytes)), kept.head != nil else {
            return nil
        }
        self = kept
    }

    public var bytes: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return ((try? encoder.encode(self)).map { [UInt8]($0) } ?? []) + [0x0A]
    }

    /// Nil if the root is no hash.
    public var head: Head? { Hash(hex: root).map { Head(origin: origin, size: size, root: $0) } }
}

extension KeptHead {
    /// When a file was made, nanoseconds since 1970; nil if there is none, or the file system does not know.
    public static func born(file: String) -> Int64? {
        let born = custody_file_born(file)
        return born > 0 ? born : nil
    }
}
