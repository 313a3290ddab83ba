import Glibc

/// An update read where it lies, in bytes that somebody else keeps for as long as this is used.
///
/// One scan is used again and again, so that judging a stored update allocates nothing. The bytes have been decoded
/// once, when the entry came in; what is not needed for a verdict is skipped here.
public struct UpdateScan {
    private struct Fact {
        var name = nothing
        /// Nil where a commitment stands in its place.
        var text: UnsafeRawBufferPointer?
    }

    private struct Parent {
        let origin: UnsafeRawBufferPointer
        let index: UInt64
        let leafHash: Hash
    }

    private static var nothing: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: nil, count: 0) }

    private var whole = nothing
    private var order = nothing
    private var step = nothing
    /// SHA-256 of the consortium document that the update was made under.
    public private(set) var consortium = Hash.emptyTree
    private(set) var contract = Hash.emptyTree
    private(set) var isFired = false
    private(set) var bringsSignature = false
    /// Of its entry, UTC microseconds.
    private(set) var recordedAt: Int64 = 0
    private var parents: [Parent] = []
    private var facts: [Fact] = []
    private var cites: [UnsafeRawBufferPointer] = []

    public init() {}

    public func isOf(order name: String) -> Bool { order.spells(name) }

    /// Reads the update of an entry.
    /// - Returns: false if the entry is something else.
    /// - Throws: `CustodyError` with code `entry-malformed`.
    public mutating func read(entry bytes: UnsafeRawBufferPointer) throws -> Bool {
        do {
            guard let (update, recordedAt) = try Self.parts(of: bytes) else { return false }
            try read(update)
            self.recordedAt = recordedAt
            return true
        } catch WireReader.Failure.malformed(let reason) {
            throw CustodyError(.entryMalformed, "the entry is malformed: \(reason)")
        }
    }

    /// Whether the body of an entry is an update; false too for what cannot be read.
    public static func isUpdate(entry bytes: UnsafeRawBufferPointer) -> Bool { (try? parts(of: bytes)) != nil }

    /// An entry's update and time, in whatever order they stand there; nil if it holds no update.
    private static func parts(
        of entry: UnsafeRawBufferPointer
    ) throws -> (update: UnsafeRawBufferPointer, recordedAt: Int64)? {
        var reader = WireReader(entry)
        var update: UnsafeRawBufferPointer?
        var recordedAt: Int64 = 0
        while try reader.next() {
            switch reader.number {
            case 2: recordedAt = Int64(bitPattern: try reader.varint())
            case 5: update = try reader.slice()
            default: try reader.skip()
            }
        }
        return update.map { ($0, recordedAt) }
    }

    private mutating func read(_ bytes: UnsafeRawBufferPointer) throws {
        parents.removeAll(keepingCapacity: true)
        facts.removeAll(keepingCapacity: true)
        cites.removeAll(keepingCapacity: true)
        (order, step, isFired, bringsSignature) = (Self.nothing, Self.nothing, false, false)
        whole = bytes
        var hashes: (consortium: Hash?, contract: Hash?)
        var reader = WireReader(bytes)
        while try reader.next() {
            switch reader.number {
            case 1: order = try reader.slice()
            case 2: step = try reader.slice()
            case 3: try readParent(try reader.slice())
            case 4: cites.append(try reader.slice())
            case 5: hashes.consortium = try reader.hash()
            case 6: hashes.contract = try reader.hash()
            case 8: try readFact(try reader.slice())
            case 12, 13: if try !reader.slice().isEmpty { bringsSignature = true }
            case 14:
                isFired = true
                try reader.skip()
            default: try reader.skip()
            }
        }
        guard let consortium = hashes.consortium, let contract = hashes.contract else {
            throw WireReader.Failure.malformed("the update lacks its document or contract")
        }
        (self.consortium, self.contract) = (consortium, contract)
    }

    private mutating func readParent(_ bytes: UnsafeRawBufferPointer) throws {
        var (origin, index, leafHash) = (Self.nothing, UInt64(0), Hash?.none)
        var reader = WireReader(bytes)
        while try reader.next() {
            switch reader.number {
            case 1: origin = try reader.slice()
            case 2: index = try reader.varint()
            case 3: leafHash = try reader.hash()
            default: try reader.skip()
            }
        }
        guard let leafHash else { throw WireReader.Failure.malformed("a reference has no hash") }
        parents.append(Parent(origin: origin, index: index, leafHash: leafHash))
    }

    private mutating func readFact(_ bytes: UnsafeRawBufferPointer) throws {
        var fact = Fact()
        var reader = WireReader(bytes)
        while try reader.next() {
            switch reader.number {
            case 1: fact.name = try reader.slice()
            case 2: fact.text = try reader.slice()
            default: try reader.skip()
            }
        }
        facts.append(fact)
    }
}

extension UpdateScan: JudgedUpdate {
    var stepName: String { String(decoding: step, as: UTF8.self) }
    func isStep(_ name: String) -> Bool { step.spells(name) }

    var parentCount: Int { parents.count }
    func parentHash(_ place: Int) -> Hash { parents[place].leafHash }
    func isParent(_ place: Int, _ reference: Reference) -> Bool {
        parents[place].index == reference.index && parents[place].leafHash == reference.leafHash
            && parents[place].origin.spells(reference.origin)
    }
    func parent(_ place: Int) -> Reference {
        Reference(
            origin: String(decoding: parents[place].origin, as: UTF8.self), index: parents[place].index,
            leafHash: parents[place].leafHash)
    }
    var citeCount: Int { cites.count }
    /// A citation that cannot be read is nowhere, so that its update waits for it.
    var citations: [Citation] {
        cites.map {
            (try? Citation(wire: $0)) ?? Citation(reference: Reference(origin: "", index: 0, leafHash: .emptyTree))
        }
    }

    var factCount: Int { facts.count }
    func factName(_ place: Int) -> String { String(decoding: facts[place].name, as: UTF8.self) }
    func isFact(_ place: Int, _ name: String) -> Bool { facts[place].name.spells(name) }
    func isFact(_ place: Int, sameAs other: Int) -> Bool {
        facts[place].name.count == facts[other].name.count
            && facts[place].name.elementsEqual(facts[other].name)
    }
    func isText(_ place: Int) -> Bool { facts[place].text != nil }
    func text(at place: Int) -> String? { facts[place].text.map { String(decoding: $0, as: UTF8.self) } }
    /// Decoded only where a signature, a scan or a rule must be checked, which few updates have.
    var decoded: Update? { try? Update(wire: whole) }
    var firing: Firing? { isFired ? decoded?.firing : nil }
    var subjects: [String] { decoded?.subjects ?? [] }
    func text(of fact: String) -> String? {
        facts.first { $0.name.spells(fact) && $0.text != nil }?.text.map { String(decoding: $0, as: UTF8.self) }
    }
}

extension UnsafeRawBufferPointer {
    /// Whether these are the UTF-8 bytes of a text.
    @inline(__always)
    func spells(_ text: String) -> Bool {
        guard text.utf8.count == count else { return false }
        guard count > 0, let start = baseAddress else { return true }
        return text.utf8.withContiguousStorageIfAvailable { own in
            own.baseAddress.map { memcmp($0, start, count) == 0 } ?? false
        } ?? elementsEqual(text.utf8)
    }
}
