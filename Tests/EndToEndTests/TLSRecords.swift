/// The records in the bytes of one direction of a TLS connection (RFC 8446 section 5.1).
struct TLSRecords {
    struct Record {
        let type: UInt8
        let version: UInt16
        let body: ArraySlice<UInt8>
    }

    static let handshake: UInt8 = 22
    static let types: ClosedRange<UInt8> = 20...23
    static let bodyMax = 1 << 14 + 256

    /// Whole ones, from the first.
    let all: [Record]
    /// Whether what is left could be the beginning of another.
    let endsWell: Bool

    init(_ bytes: [UInt8]) {
        var all: [Record] = []
        var rest = bytes[...]
        while rest.count >= 5 {
            let head = Array(rest.prefix(5))
            let count = Int(head[3]) << 8 | Int(head[4])
            guard rest.count >= 5 + count else { break }
            all.append(
                Record(
                    type: head[0], version: UInt16(head[1]) << 8 | UInt16(head[2]),
                    body: rest.dropFirst(5).prefix(count)))
            rest = rest.dropFirst(5 + count)
        }
        self.all = all
        endsWell = rest.first.map(Self.types.contains) ?? true
    }

    /// The version that a ServerHello chooses in its extension `supported_versions` (RFC 8446 section 4.2.1); nil if the
    /// first record is none, or chooses none.
    var chosenVersion: UInt16? {
        guard let first = all.first, first.type == Self.handshake, first.body.first == 2 else { return nil }
        var rest = first.body.dropFirst(4 + 2 + 32)
        guard let session = rest.first else { return nil }
        rest = rest.dropFirst(1 + Int(session) + 2 + 1 + 2)
        while rest.count >= 4 {
            let head = Array(rest.prefix(4))
            let (kind, count) = (Int(head[0]) << 8 | Int(head[1]), Int(head[2]) << 8 | Int(head[3]))
            let value = Array(rest.dropFirst(4).prefix(count))
            if kind == 43, value.count == 2 { return UInt16(value[0]) << 8 | UInt16(value[1]) }
            rest = rest.dropFirst(4 + count)
        }
        return nil
    }
}
