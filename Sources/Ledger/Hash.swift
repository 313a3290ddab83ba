import Crypto

/// A SHA-256 hash: exactly 32 bytes.
///
/// Its Merkle functions are those of RFC 6962 section 2.1.
public struct Hash: Hashable, Sendable {
    public static let byteCount = 32
    /// The hash of a tree without leaves: SHA-256 of nothing.
    public static let emptyTree = sha256(UnsafeRawBufferPointer(start: nil, count: 0))

    // The words hold the bytes in memory order, so that the value itself is its 32 bytes.
    private let first: UInt64
    private let second: UInt64
    private let third: UInt64
    private let fourth: UInt64

    /// The hash with the given bytes; nil unless there are 32.
    public init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count == Self.byteCount else { return nil }
        self.init(loading: bytes)
    }

    /// The hash with the given bytes; nil unless there are 32.
    public init?(bytes: some Collection<UInt8>) {
        let direct = bytes.withContiguousStorageIfAvailable { Hash(UnsafeRawBufferPointer($0)) }
        guard let hash = direct ?? Self.copying(bytes) else { return nil }
        self = hash
    }

    /// The hash written as 64 lower-case hexadecimal digits; nil for anything else.
    public init?(hex: String) {
        guard let bytes = Hex.decode(hex.utf8) else { return nil }
        self.init(bytes: bytes)
    }

    /// The hash written as canonical, padded base64 (RFC 4648 section 4); nil for anything else.
    public init?(base64: String) {
        self.init(base64: base64.utf8)
    }

    /// The hash written as canonical, padded base64 (RFC 4648 section 4); nil for anything else.
    init?(base64 text: some Collection<UInt8>) {
        guard text.count == 44, let bytes = Base64.decode(text) else { return nil }
        self.init(bytes: bytes)
    }

    /// The hashes that stand one after another; less than a whole one at the end is dropped.
    public static func list(_ bytes: some RandomAccessCollection<UInt8>) -> [Hash] {
        bytes.withContiguousStorageIfAvailable { list(UnsafeRawBufferPointer($0)) }
            ?? Array(bytes).withUnsafeBytes { list($0) }
    }

    /// The hashes that stand one after another; less than a whole one at the end is dropped.
    public static func list(_ bytes: UnsafeRawBufferPointer) -> [Hash] {
        let whole = bytes.count / byteCount
        return [Hash](unsafeUninitializedCapacity: whole) { hashes, count in
            UnsafeMutableRawBufferPointer(hashes).copyMemory(
                from: UnsafeRawBufferPointer(rebasing: bytes.prefix(whole * byteCount)))
            count = whole
        }
    }

    private init(loading bytes: UnsafeRawBufferPointer) {
        precondition(bytes.count == Self.byteCount)
        first = bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self)
        second = bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
        third = bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self)
        fourth = bytes.loadUnaligned(fromByteOffset: 24, as: UInt64.self)
    }

    private static func copying(_ bytes: some Collection<UInt8>) -> Hash? {
        guard bytes.count == byteCount else { return nil }
        return Array(bytes).withUnsafeBytes { Hash($0) }
    }

    /// Calls `body` with the 32 bytes, without copying them to the heap.
    public func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try Swift.withUnsafeBytes(of: self, body)
    }

    public var bytes: [UInt8] { withUnsafeBytes { [UInt8]($0) } }

    /// 64 lower-case hexadecimal digits.
    public var hex: String { withUnsafeBytes { Hex.encode($0) } }

    /// Canonical, padded base64 (RFC 4648 section 4).
    public var base64: String { withUnsafeBytes { Base64.encode($0) } }
}

extension Hash {
    /// The leaf hash of an entry: SHA-256 of 0x00 and the entry (RFC 6962 section 2.1).
    public static func leaf(_ entry: UnsafeRawBufferPointer) -> Hash {
        // One call of the hash function costs more than a copy of an entry of usual size.
        withUnsafeTemporaryAllocation(byteCount: 1 + entry.count, alignment: 8) { buffer in
            buffer[0] = 0
            UnsafeMutableRawBufferPointer(rebasing: buffer[1...]).copyMemory(from: entry)
            return sha256(UnsafeRawBufferPointer(buffer))
        }
    }

    /// The leaf hash of an entry: SHA-256 of 0x00 and the entry (RFC 6962 section 2.1).
    public static func leaf(_ entry: [UInt8]) -> Hash {
        entry.withUnsafeBytes { leaf($0) }
    }

    /// The hash of an inner node: SHA-256 of 0x01 and both children (RFC 6962 section 2.1).
    public static func node(_ left: Hash, _ right: Hash) -> Hash {
        withUnsafeTemporaryAllocation(byteCount: 1 + 2 * byteCount, alignment: 8) { buffer in
            buffer[0] = 1
            buffer.storeBytes(of: left, toByteOffset: 1, as: Hash.self)
            buffer.storeBytes(of: right, toByteOffset: 1 + byteCount, as: Hash.self)
            return sha256(UnsafeRawBufferPointer(buffer))
        }
    }

    /// Plain SHA-256, without the prefix of a tree.
    public static func sha256(_ bytes: UnsafeRawBufferPointer) -> Hash {
        var function = SHA256()
        function.update(bufferPointer: bytes)
        return Hash(function.finalize())
    }

    /// Plain SHA-256, without the prefix of a tree.
    public static func sha256(_ bytes: [UInt8]) -> Hash {
        bytes.withUnsafeBytes { sha256($0) }
    }

    private init(_ digest: SHA256Digest) {
        self = digest.withUnsafeBytes { Hash(loading: $0) }
    }
}

extension Hash {
    /// A part of a SHA-256 hash is as evenly spread as the whole.
    public func hash(into hasher: inout Hasher) { hasher.combine(first) }
}

extension Hash: Comparable {
    /// The order of the bytes, the first byte deciding first.
    public static func < (one: Hash, other: Hash) -> Bool {
        if one.first != other.first { return one.first.bigEndian < other.first.bigEndian }
        if one.second != other.second { return one.second.bigEndian < other.second.bigEndian }
        if one.third != other.third { return one.third.bigEndian < other.third.bigEndian }
        return one.fourth.bigEndian < other.fourth.bigEndian
    }
}

extension Hash: CustomStringConvertible {
    public var description: String { hex }
}

extension Hash: Codable {
    /// As 64 lower-case hexadecimal digits.
    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let hash = Hash(hex: text) else {
            throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: "no hash"))
        }
        self = hash
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(hex)
    }
}
