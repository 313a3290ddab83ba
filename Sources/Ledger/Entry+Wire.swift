/// The entry's durable form: `ledger.proto`, field by field. A field's number is never given to anything else.
extension Entry {
    var wire: [UInt8] {
        var writer = WireWriter(reserving: 512)
        if let previous { writer.hash(1, previous) }
        writer.varint(2, UInt64(bitPattern: recordedAt))
        writer.message(3, clock.write)
        switch body {
        case .genesis(let genesis): writer.message(4, genesis.write)
        case .update(let update): writer.message(5, update.write)
        case .erasure(let erasure): writer.message(6, erasure.write)
        case .keyRollover(let rollover): writer.message(7, rollover.write)
        }
        return writer.bytes
    }

    init(wire bytes: UnsafeRawBufferPointer) throws {
        var reader = WireReader(bytes)
        var fields = Once()
        var previous: Hash?
        var recordedAt: Int64 = 0
        var clock = ClockQuality(source: .none, error: 0, bootID: [])
        var body: Body?
        while try reader.next() {
            switch reader.number {
            case 1: previous = try fields.once(1) { try reader.hash() }
            case 2: recordedAt = try fields.once(2) { Int64(bitPattern: try reader.varint()) }
            case 3: clock = try fields.once(3) { try ClockQuality(wire: try reader.slice()) }
            // At most one body: the second is refused whatever its kind.
            case 4: body = .genesis(try fields.once(4) { try Genesis(wire: try reader.slice()) })
            case 5: body = .update(try fields.once(4) { try Update(wire: try reader.slice()) })
            case 6: body = .erasure(try fields.once(4) { try Erasure(wire: try reader.slice()) })
            case 7: body = .keyRollover(try fields.once(4) { try KeyRollover(wire: try reader.slice()) })
            default: try reader.skip()
            }
        }
        guard let body else { throw WireReader.Failure.malformed("it has no body that this release knows") }
        self.init(previous: previous, recordedAt: recordedAt, clock: clock, body: body)
    }
}

/// Refuses a field that stands twice where it may stand once: two readers could take different ones.
private struct Once {
    private var seen: UInt32 = 0

    mutating func once<Value>(_ number: UInt32, _ read: () throws -> Value) throws -> Value {
        guard seen & 1 << number == 0 else { throw WireReader.Failure.malformed("field \(number) stands twice") }
        seen |= 1 << number
        return try read()
    }
}

extension ClockQuality {
    func write(_ writer: inout WireWriter) {
        writer.varint(1, Self.number(of: source))
        writer.varint(2, error)
        writer.data(3, bootID)
    }

    init(wire bytes: UnsafeRawBufferPointer) throws {
        var reader = WireReader(bytes)
        var source = Source.none
        var error: UInt64 = 0
        var bootID: [UInt8] = []
        while try reader.next() {
            switch reader.number {
            case 1: source = try Self.source(try reader.varint())
            case 2: error = try reader.varint()
            case 3: bootID = try reader.data()
            default: try reader.skip()
            }
        }
        self.init(source: source, error: error, bootID: bootID)
    }

    private static func number(of source: Source) -> UInt64 {
        switch source {
        case .none: 0
        case .rtc: 1
        case .ntp: 2
        case .gnss: 3
        }
    }

    private static func source(_ number: UInt64) throws -> Source {
        switch number {
        case 0: .none
        case 1: .rtc
        case 2: .ntp
        case 3: .gnss
        default: throw WireReader.Failure.malformed("clock source \(number) is unknown")
        }
    }
}

extension Genesis {
    func write(_ writer: inout WireWriter) {
        writer.text(1, origin)
        writer.text(2, organisation)
        for certificate in certificateChain { writer.repeated(3, certificate) }
        if let predecessor { writer.message(4, predecessor.write) }
    }

    init(wire bytes: UnsafeRawBufferPointer) throws {
        var reader = WireReader(bytes)
        var origin = ""
        var organisation = ""
        var chain: [[UInt8]] = []
        var predecessor: Head?
        while try reader.next() {
            switch reader.number {
            case 1: origin = try reader.text()
            case 2: organisation = try reader.text()
            case 3: chain.append(try reader.data())
            case 4: predecessor = try Head(wire: try reader.slice())
            default: try reader.skip()
            }
        }
        self.init(origin: origin, organisation: organisation, certificateChain: chain, predecessor: predecessor)
    }
}

extension Head {
    func write(_ writer: inout WireWriter) {
        writer.text(1, origin)
        writer.varint(2, size)
        writer.hash(3, root)
    }

    init(wire bytes: UnsafeRawBufferPointer) throws {
        var reader = WireReader(bytes)
        var origin = ""
        var size: UInt64 = 0
        var root: Hash?
        while try reader.next() {
            switch reader.number {
            case 1: origin = try reader.text()
            case 2: size = try reader.varint()
            case 3: root = try reader.hash()
            default: try reader.skip()
            }
        }
        guard let root else { throw WireReader.Failure.malformed("a head has no root") }
        self.init(origin: origin, size: size, root: root)
    }
}

extension Reference {
    func write(_ writer: inout WireWriter) {
        writer.text(1, origin)
        writer.varint(2, index)
        writer.hash(3, leafHash)
    }

    init(wire bytes: UnsafeRawBufferPointer) throws {
        var reader = WireReader(bytes)
        var origin = ""
        var index: UInt64 = 0
        var leafHash: Hash?
        while try reader.next() {
            switch reader.number {
            case 1: origin = try reader.text()
            case 2: index = try reader.varint()
            case 3: leafHash = try reader.hash()
            default: try reader.skip()
            }
        }
        guard let leafHash else { throw WireReader.Failure.malformed("a reference has no hash") }
        self.init(origin: origin, index: index, leafHash: leafHash)
    }
}

extension Citation {
    func write(_ writer: inout WireWriter) {
        writer.message(1, reference.write)
        writer.data(2, proof)
    }

    init(wire bytes: UnsafeRawBufferPointer) throws {
        var reader = WireReader(bytes)
        var reference: Reference?
        var proof: [UInt8] = []
        while try reader.next() {
            switch reader.number {
            case 1: reference = try Reference(wire: try reader.slice())
            case 2: proof = try reader.data()
            default: try reader.skip()
            }
        }
        guard let reference else { throw WireReader.Failure.malformed("a citation names no entry") }
        self.init(reference: reference, proof: proof)
    }
}

extension Fact {
    func write(_ writer: inout WireWriter) {
        writer.text(1, name)
        switch value {
        // One of several: it stands there even when it is empty.
        case .text(let text): writer.repeated(2, text)
        case .commitment(let hash): writer.hash(3, hash)
        }
    }

    init(wire bytes: UnsafeRawBufferPointer) throws {
        var reader = WireReader(bytes)
        var fields = Once()
        var name = ""
        var value: Value?
        while try reader.next() {
            switch reader.number {
            case 1: name = try reader.text()
            case 2: value = .text(try fields.once(2) { try reader.text() })
            case 3: value = .commitment(try fields.once(2) { try reader.hash() })
            default: try reader.skip()
            }
        }
        guard let value else { throw WireReader.Failure.malformed("the fact \(name) has no value") }
        self.init(name: name, value: value)
    }
}

extension Source {
    func write(_ writer: inout WireWriter) {
        writer.varint(1, Self.number(of: kind))
        writer.text(2, station)
        writer.text(3, sensor)
    }

    init(wire bytes: UnsafeRawBufferPointer) throws {
        var reader = WireReader(bytes)
        var kind: Kind?
        var station = ""
        var sensor = ""
        while try reader.next() {
            switch reader.number {
            case 1: kind = try Self.kind(try reader.varint())
            case 2: station = try reader.text()
            case 3: sensor = try reader.text()
            default: try reader.skip()
            }
        }
        guard let kind else { throw WireReader.Failure.malformed("the update's source is missing") }
        self.init(kind, station: station, sensor: sensor)
    }

    private static func number(of kind: Kind) -> UInt64 {
        switch kind {
        case .scan: 1
        case .window: 2
        case .operator: 3
        case .rule: 4
        case .import: 5
        }
    }

    private static func kind(_ number: UInt64) throws -> Kind {
        switch number {
        case 1: .scan
        case 2: .window
        case 3: .operator
        case 4: .rule
        case 5: .import
        default: throw WireReader.Failure.malformed("update source \(number) is unknown")
        }
    }
}

extension Firing {
    func write(_ writer: inout WireWriter) {
        writer.text(1, rule)
        writer.hash(2, trigger)
    }

    init(wire bytes: UnsafeRawBufferPointer) throws {
        var reader = WireReader(bytes)
        var rule = ""
        var trigger: Hash?
        while try reader.next() {
            switch reader.number {
            case 1: rule = try reader.text()
            case 2: trigger = try reader.hash()
            default: try reader.skip()
            }
        }
        guard let trigger else { throw WireReader.Failure.malformed("a rule names no trigger") }
        self.init(rule: rule, trigger: trigger)
    }
}

extension Update {
    func write(_ writer: inout WireWriter) {
        writer.text(1, order)
        writer.text(2, step)
        for parent in parents { writer.message(3, parent.write) }
        for cite in cites { writer.message(4, cite.write) }
        writer.hash(5, consortium)
        writer.hash(6, contract)
        for subject in subjects { writer.repeated(7, subject) }
        for fact in facts { writer.message(8, fact.write) }
        writer.varint(9, UInt64(bitPattern: observedAt ?? 0))
        writer.message(10, source.write)
        if let person = `operator` {
            writer.text(11, person.id)
            writer.data(12, person.certificate)
            writer.data(13, person.signature)
        }
        if let firing { writer.message(14, firing.write) }
    }

    convenience init(wire bytes: UnsafeRawBufferPointer) throws {
        var reader = WireReader(bytes)
        var fields = Once()
        var order = ""
        var step = ""
        var parents: [Reference] = []
        var cites: [Citation] = []
        var hashes: (consortium: Hash?, contract: Hash?)
        var subjects: [String] = []
        var facts: [Fact] = []
        var observedAt: Int64 = 0
        var source: Source?
        var person = ""
        var certificate: [UInt8] = []
        var signature: [UInt8] = []
        var firing: Firing?
        while try reader.next() {
            switch reader.number {
            case 1: order = try fields.once(1) { try reader.text() }
            case 2: step = try fields.once(2) { try reader.text() }
            case 3: parents.append(try Reference(wire: try reader.slice()))
            case 4: cites.append(try Citation(wire: try reader.slice()))
            case 5: hashes.consortium = try fields.once(5) { try reader.hash() }
            case 6: hashes.contract = try fields.once(6) { try reader.hash() }
            case 7: subjects.append(try reader.text())
            case 8: facts.append(try Fact(wire: try reader.slice()))
            case 9: observedAt = try fields.once(9) { Int64(bitPattern: try reader.varint()) }
            case 10: source = try fields.once(10) { try Source(wire: try reader.slice()) }
            case 11: person = try fields.once(11) { try reader.text() }
            case 12: certificate = try fields.once(12) { try reader.data() }
            case 13: signature = try fields.once(13) { try reader.data() }
            case 14: firing = try fields.once(14) { try Firing(wire: try reader.slice()) }
            default: try reader.skip()
            }
        }
        guard let consortium = hashes.consortium, let contract = hashes.contract, let source else {
            throw WireReader.Failure.malformed("the update lacks its document, contract or source")
        }
        self.init(
            order: order, step: step, parents: parents, cites: cites, consortium: consortium, contract: contract,
            subjects: subjects, facts: facts, observedAt: observedAt == 0 ? nil : observedAt, source: source,
            // A signature of nobody is kept, so that it is judged.
            operator: person.isEmpty && certificate.isEmpty && signature.isEmpty
                ? nil : Operator(id: person, certificate: certificate, signature: signature),
            firing: firing)
    }
}

extension KeyRollover {
    func write(_ writer: inout WireWriter) {
        for certificate in certificateChain { writer.repeated(1, certificate) }
        writer.data(2, proofOfPossession)
    }

    init(wire bytes: UnsafeRawBufferPointer) throws {
        var reader = WireReader(bytes)
        var chain: [[UInt8]] = []
        var proof: [UInt8] = []
        while try reader.next() {
            switch reader.number {
            case 1: chain.append(try reader.data())
            case 2: proof = try reader.data()
            default: try reader.skip()
            }
        }
        self.init(certificateChain: chain, proofOfPossession: proof)
    }
}

extension Erasure {
    func write(_ writer: inout WireWriter) {
        writer.text(1, order)
        writer.message(2, update.write)
        writer.text(3, fact)
        writer.text(4, reason)
    }

    init(wire bytes: UnsafeRawBufferPointer) throws {
        var reader = WireReader(bytes)
        var order = ""
        var update: Reference?
        var fact = ""
        var reason = ""
        while try reader.next() {
            switch reader.number {
            case 1: order = try reader.text()
            case 2: update = try Reference(wire: try reader.slice())
            case 3: fact = try reader.text()
            case 4: reason = try reader.text()
            default: try reader.skip()
            }
        }
        guard let update else { throw WireReader.Failure.malformed("an erasure names no update") }
        self.init(order: order, update: update, fact: fact, reason: reason)
    }
}
