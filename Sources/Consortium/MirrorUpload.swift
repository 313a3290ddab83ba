import Ledger

/// The body of `add-entries` (C2SP tlog-mirror), written by clients and read as it streams in.
enum MirrorUpload {
    struct Header: Hashable, Sendable {
        let origin: String
        let start: UInt64
        let end: UInt64
        /// What the mirror gave with its last answer; empty at first.
        var ticket: [UInt8] = []
    }

    /// Up to 256 entries that end at a multiple of 256 or at the upload's end, with the proof that they belong there.
    struct Package: Hashable, Sendable {
        let start: UInt64
        let bundle: EntryBundle
        /// Subtree consistency proof from [start rounded down to 256, end) to the upload's end.
        let proof: [Hash]

        init(start: UInt64, bundle: EntryBundle, proof: [Hash]) {
            self.start = start
            self.bundle = bundle
            self.proof = proof
        }

        init(start: UInt64, entries: [[UInt8]], proof: [Hash]) {
            self.init(start: start, bundle: EntryBundle(entries), proof: proof)
        }

        var entries: [[UInt8]] { bundle.entries }
        var end: UInt64 { start + UInt64(bundle.count) }
        var roundedStart: UInt64 { start & ~UInt64(Tile.width - 1) }

        var bytes: [UInt8] {
            var bytes = MirrorUpload.bundle(entries)
            bytes.append(UInt8(proof.count))
            for hash in proof { hash.withUnsafeBytes { bytes.append(contentsOf: $0) } }
            return bytes
        }
    }

    /// Where the package that begins at `start` ends.
    static func packageEnd(start: UInt64, uploadEnd: UInt64) -> UInt64 {
        min(uploadEnd, (start & ~UInt64(Tile.width - 1)) + UInt64(Tile.width))
    }

    static func header(_ header: Header) -> [UInt8] {
        let origin = Array(header.origin.utf8)
        return bigEndian(UInt16(origin.count)) + origin + bigEndian(header.start) + bigEndian(header.end)
            + bigEndian(UInt16(header.ticket.count)) + header.ticket
    }

    private static func bigEndian(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.bigEndian) { [UInt8]($0) }
    }

    /// Takes the body apart as it arrives, and never holds more than one package.
    struct Reader {
        /// Bytes of an origin.
        static let originBytesMax = 1_024
        /// Bytes of a ticket: nobody sends back more than we gave.
        static let ticketBytesMax = UploadTickets.bytesMax

        enum Part: Hashable, Sendable {
            case header(Header)
            case package(Package)
            /// More bytes are needed.
            case more
            case malformed(String)
            /// More is here than the header says, or than an upload may have.
            case oversized(String)
        }

        private var buffer: [UInt8] = []
        private var position = 0
        private var header: Header?
        private var next: UInt64 = 0
        /// Where the entries of the package lie that is being read, so that none is looked for twice.
        private var found: [Range<Int>] = []

        /// Whether bytes are left that no part has taken.
        var hasRest: Bool { position < buffer.count }

        mutating func feed(_ bytes: some Sequence<UInt8>) {
            buffer.append(contentsOf: bytes)
        }

        mutating func take() -> Part {
            guard let header else { return takeHeader() }
            guard next < header.end else { return hasRest ? .oversized("bytes follow the last package") : .more }
            return takePackage(header)
        }

        private mutating func takeHeader() -> Part {
            var cursor = Cursor(buffer[position...])
            guard let originSize = cursor.integer(UInt16.self) else { return .more }
            guard originSize <= Self.originBytesMax else { return .oversized("the origin is too long") }
            guard let origin = cursor.bytes(Int(originSize)), let start = cursor.integer(UInt64.self),
                let end = cursor.integer(UInt64.self), let ticketSize = cursor.integer(UInt16.self)
            else { return .more }
            guard ticketSize <= Self.ticketBytesMax else { return .oversized("the ticket is too long") }
            guard let ticket = cursor.bytes(Int(ticketSize)) else { return .more }
            guard let name = String(validating: origin, as: UTF8.self), start <= end, end <= MerkleTree.sizeMax else {
                return .malformed("the upload's header is not valid")
            }
            let header = Header(origin: name, start: start, end: end, ticket: Array(ticket))
            self.header = header
            next = start
            position = cursor.position
            return .header(header)
        }

        private mutating func takePackage(_ header: Header) -> Part {
            let end = MirrorUpload.packageEnd(start: next, uploadEnd: header.end)
            guard find(Int(end - next)) else { return .more }
            let bundleEnd = found.last?.upperBound ?? position
            var cursor = Cursor(buffer[bundleEnd...])
            guard let count = cursor.integer(UInt8.self) else { return .more }
            guard count <= MerkleProof.proofHashesMax else { return .oversized("the proof has more than 63 hashes") }
            guard let hashes = cursor.bytes(Int(count) * Hash.byteCount) else { return .more }
            let bundle = EntryBundle(buffer[position..<bundleEnd], places: found)
            let package = Package(start: next, bundle: bundle, proof: Hash.list(hashes))
            position = cursor.position
            found.removeAll(keepingCapacity: true)
            next = end
            forgetTaken()
            return .package(package)
        }

        private mutating func forgetTaken() {
            guard position > 1 << 16 else { return }
            buffer.removeFirst(position)
            position = 0
        }

        /// Looks for entries until there are `count`.
        /// - Returns: whether all have arrived.
        private mutating func find(_ count: Int) -> Bool {
            var start = found.last?.upperBound ?? position
            while found.count < count {
                guard buffer.count - start >= 2 else { return false }
                let size = Int(buffer[start]) << 8 | Int(buffer[start + 1])
                guard buffer.count - start - 2 >= size else { return false }
                found.append(start + 2..<start + 2 + size)
                start += 2 + size
            }
            return true
        }
    }

    private struct Cursor {
        private let bytes: ArraySlice<UInt8>
        private(set) var position: Int

        init(_ bytes: ArraySlice<UInt8>) {
            self.bytes = bytes
            position = bytes.startIndex
        }

        mutating func bytes(_ count: Int) -> ArraySlice<UInt8>? {
            guard bytes.endIndex - position >= count else { return nil }
            defer { position += count }
            return bytes[position..<(position + count)]
        }

        mutating func integer<Value: FixedWidthInteger>(_: Value.Type) -> Value? {
            bytes(Value.bitWidth / 8)?.reduce(0) { $0 << 8 | Value($1) }
        }
    }
}

extension MirrorUpload {
    /// C2SP tlog-tiles: entries, each after its 16-bit length.
    static func bundle(_ entries: [[UInt8]]) -> [UInt8] {
        var bytes: [UInt8] = []
        for entry in entries {
            bytes.append(contentsOf: [UInt8(entry.count >> 8), UInt8(entry.count & 0xFF)])
            bytes.append(contentsOf: entry)
        }
        return bytes
    }

    /// - Returns: nil unless the bytes are exactly `count` entries.
    static func entries(inBundle bytes: [UInt8], count: Int) -> [[UInt8]]? {
        var entries: [[UInt8]] = []
        var position = 0
        while position < bytes.count, entries.count < count {
            guard bytes.count - position >= 2 else { return nil }
            let size = Int(bytes[position]) << 8 | Int(bytes[position + 1])
            guard bytes.count - position - 2 >= size else { return nil }
            entries.append(Array(bytes[(position + 2)..<(position + 2 + size)]))
            position += 2 + size
        }
        return entries.count == count && position == bytes.count ? entries : nil
    }
}
