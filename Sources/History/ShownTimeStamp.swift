import Ledger
import Store

/// A stored time stamp as people and programs read it.
public struct ShownTimeStamp: Encodable {
    public let origin: String
    let size: UInt64
    /// By the authority's clock.
    let time: String
    /// The same with what that clock may be wrong by.
    public let existedBefore: String
    let authority: String
    let url: String

    public init(_ stamp: TimeStampRecord) throws {
        origin = try Checkpoint(text: stamp.note.text).origin
        size = stamp.size
        time = UTCText.of(stamp.time)
        existedBefore = UTCText.of(stamp.latest)
        authority = stamp.authority
        url = stamp.url
    }

    public var text: String { "\(size) entries, stamped by \(shortAuthority): existed before \(existedBefore)" }

    var shortAuthority: String { Self.commonName(of: authority) }

    /// The common name in a subject (RFC 2253), or all of it.
    public static func commonName(of subject: String) -> String {
        let parts = subject.split(separator: ",")
        return parts.first { $0.hasPrefix("CN=") }.map { String($0.dropFirst(3)) } ?? subject
    }
}
