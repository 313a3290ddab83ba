/// What an entry carries of the entry before it, read without the rest: field 1 of `ledger.proto`, which stands once.
///
/// Members convict a log by it, so it must never be read in another way, whatever later releases write in an entry's other
/// fields: of those it says nothing.
enum EntryLink: Hashable {
    /// The leaf hash of the entry before it; nil if it carries none, as the first of a log does.
    case to(Hash?)
    /// These bytes are no fields one after another, or field 1 stands twice, or is no hash.
    case unreadable

    init(_ bytes: [UInt8]) {
        do { self = .to(try bytes.withUnsafeBytes { try Self.read($0) }) } catch { self = .unreadable }
    }

    private static func read(_ bytes: UnsafeRawBufferPointer) throws -> Hash? {
        var reader = WireReader(bytes)
        var previous: Hash?
        while try reader.next() {
            guard reader.number == 1 else {
                try reader.skip()
                continue
            }
            guard previous == nil else { throw WireReader.Failure.malformed("field 1 stands twice") }
            previous = try reader.hash()
        }
        return previous
    }
}
