/// How far the recording gateway's clock is to be trusted.
public struct ClockQuality: Hashable, Sendable {
    public enum Source: String, Hashable, Sendable, CaseIterable {
        case none, rtc, ntp, gnss
    }

    public let source: Source
    /// Estimated error in microseconds; 0 = unknown.
    public let error: UInt64
    /// Identifies one run of the machine.
    public let bootID: [UInt8]

    public init(source: Source, error: UInt64, bootID: [UInt8]) {
        self.source = source
        self.error = error
        self.bootID = bootID
    }
}

/// A log's size and root, without a signature.
public struct Head: Hashable, Sendable {
    public let origin: String
    public let size: UInt64
    public let root: Hash

    public init(origin: String, size: UInt64, root: Hash) {
        self.origin = origin
        self.size = size
        self.root = root
    }
}

/// Entry 0 of every log: who keeps it and why its key is believed.
public struct Genesis: Hashable, Sendable {
    public let origin: String
    public let organisation: String
    /// DER; the leaf certifies the log's key for this origin.
    public let certificateChain: [[UInt8]]
    /// The last known head of the generation that this log continues, after a restore.
    public let predecessor: Head?

    public init(origin: String, organisation: String, certificateChain: [[UInt8]], predecessor: Head? = nil) {
        self.origin = origin
        self.organisation = organisation
        self.certificateChain = certificateChain
        self.predecessor = predecessor
    }
}

/// Destroys the salt and key of one private fact wherever it arrives.
public struct Erasure: Hashable, Sendable {
    public let order: String
    public let update: Reference
    public let fact: String
    public let reason: String

    public init(order: String, update: Reference, fact: String, reason: String) {
        self.order = order
        self.update = update
        self.fact = fact
        self.reason = reason
    }
}

/// From the next entry on, the log is signed with the key that the chain's leaf certifies.
public struct KeyRollover: Hashable, Sendable {
    public let certificateChain: [[UInt8]]
    public let proofOfPossession: [UInt8]

    public init(certificateChain: [[UInt8]], proofOfPossession: [UInt8]) {
        self.certificateChain = certificateChain
        self.proofOfPossession = proofOfPossession
    }
}

/// One leaf of a log: a header and one body. Its bytes are made once, at sealing, and never encoded again.
public struct Entry: Hashable, Sendable {
    /// C2SP tlog-tiles: an entry bundle prefixes each entry with a 16-bit length.
    public static let bytesMax = 65_535

    public enum Body: Hashable, Sendable {
        case genesis(Genesis)
        case update(Update)
        case erasure(Erasure)
        case keyRollover(KeyRollover)
    }

    /// Leaf hash of the entry before it in this log; nil at index 0.
    public let previous: Hash?
    /// UTC microseconds.
    public let recordedAt: Int64
    public let clock: ClockQuality
    public let body: Body

    public init(previous: Hash?, recordedAt: Int64, clock: ClockQuality, body: Body) {
        self.previous = previous
        self.recordedAt = recordedAt
        self.clock = clock
        self.body = body
    }

    public var update: Update? {
        if case .update(let update) = body { update } else { nil }
    }

    /// The bytes that are hashed, stored and sent.
    /// - Throws: `CustodyError` with code `limit-exceeded` above `bytesMax` or any limit of an update.
    public func sealed() throws -> [UInt8] {
        if case .update(let update) = body { try update.checkLimits() }
        let bytes = wire
        try Limit.check(bytes.count, max: Self.bytesMax, "an entry", unit: "bytes")
        return bytes
    }

    /// Reads an entry that came from a disk or a peer.
    /// - Throws: `CustodyError` with code `entry-malformed` or `limit-exceeded`.
    public init(bytes: [UInt8]) throws {
        self = try bytes.withUnsafeBytes { try Entry($0) }
    }

    /// The same from memory that somebody else owns; nothing of it is kept.
    public init(_ bytes: UnsafeRawBufferPointer) throws {
        try Limit.check(bytes.count, max: Self.bytesMax, "an entry", unit: "bytes")
        do { try self.init(wire: bytes) } catch WireReader.Failure.malformed(let reason) {
            throw CustodyError(.entryMalformed, "the entry is malformed: \(reason)")
        }
        // Verifiers read `previous` at the front of an entry, without decoding the rest.
        guard previous.map({ bytes.starts(with: [0x0A, 0x20] + $0.bytes) }) ?? (bytes.first != 0x0A) else {
            throw CustodyError(.entryMalformed, "the entry does not begin with the hash of the entry before it")
        }
        if case .update(let update) = body { try update.checkLimits() }
    }
}

extension CustodyError.Code {
    public static let entryMalformed: Self = "entry-malformed"
}
