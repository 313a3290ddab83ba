import Foundation
import SwiftProtobuf

/// The only place that knows both the entry and its protobuf form.
extension Entry {
    var wire: WireEntry {
        WireEntry.with {
            if let previous { $0.previous = previous.data }
            $0.recordedAt = recordedAt
            $0.clock = clock.wire
            $0.body =
                switch body {
                case .genesis(let genesis): .genesis(genesis.wire)
                case .update(let update): .update(update.wire)
                case .erasure(let erasure): .erasure(erasure.wire)
                case .keyRollover(let rollover): .keyRollover(rollover.wire)
                }
        }
    }

    init(wire: WireEntry) throws {
        let body: Body =
            switch wire.body {
            case .genesis(let genesis): .genesis(try Genesis(wire: genesis))
            case .update(let update): .update(try Update(wire: update))
            case .erasure(let erasure): .erasure(try Erasure(wire: erasure))
            case .keyRollover(let rollover): .keyRollover(KeyRollover(wire: rollover))
            case nil: throw malformed("it has no body that this release knows")
            }
        self.init(
            previous: wire.previous.isEmpty ? nil : try readHash(wire.previous, "previous"),
            recordedAt: wire.recordedAt, clock: try ClockQuality(wire: wire.clock), body: body)
    }
}

extension ClockQuality {
    var wire: WireClock {
        WireClock.with {
            $0.source =
                switch source {
                case .none: .none
                case .rtc: .rtc
                case .ntp: .ntp
                case .gnss: .gnss
                }
            $0.error = error
            $0.bootID = Data(bootID)
        }
    }

    init(wire: WireClock) throws {
        let source: Source =
            switch wire.source {
            case .none: .none
            case .rtc: .rtc
            case .ntp: .ntp
            case .gnss: .gnss
            case .UNRECOGNIZED(let number): throw malformed("clock source \(number) is unknown")
            }
        self.init(source: source, error: wire.error, bootID: [UInt8](wire.bootID))
    }
}

extension Head {
    var wire: WireHead {
        WireHead.with {
            $0.origin = origin
            $0.size = size
            $0.root = root.data
        }
    }

    init(wire: WireHead) throws {
        self.init(origin: wire.origin, size: wire.size, root: try readHash(wire.root, "a head's root"))
    }
}

extension Genesis {
    var wire: WireGenesis {
        WireGenesis.with {
            $0.origin = origin
            $0.organisation = organisation
            $0.certificateChain = certificateChain.map { Data($0) }
            if let predecessor { $0.predecessor = predecessor.wire }
        }
    }

    init(wire: WireGenesis) throws {
        self.init(
            origin: wire.origin, organisation: wire.organisation,
            certificateChain: wire.certificateChain.map { [UInt8]($0) },
            predecessor: wire.hasPredecessor ? try Head(wire: wire.predecessor) : nil)
    }
}

extension Erasure {
    var wire: WireErasure {
        WireErasure.with {
            $0.order = order
            $0.update = update.wire
            $0.fact = fact
            $0.reason = reason
        }
    }

    init(wire: WireErasure) throws {
        self.init(
            order: wire.order, update: try Reference(wire: wire.update), fact: wire.fact, reason: wire.reason)
    }
}

extension KeyRollover {
    var wire: WireKeyRollover {
        WireKeyRollover.with {
            $0.certificateChain = certificateChain.map { Data($0) }
            $0.proofOfPossession = Data(proofOfPossession)
        }
    }

    init(wire: WireKeyRollover) {
        self.init(
            certificateChain: wire.certificateChain.map { [UInt8]($0) },
            proofOfPossession: [UInt8](wire.proofOfPossession))
    }
}

extension Reference {
    var wire: WireReference {
        WireReference.with {
            $0.origin = origin
            $0.index = index
            $0.leafHash = leafHash.data
        }
    }

    init(wire: WireReference) throws {
        self.init(origin: wire.origin, index: wire.index, leafHash: try readHash(wire.leafHash, "a reference"))
    }
}

extension Fact {
    var wire: WireFact {
        WireFact.with {
            $0.name = name
            switch value {
            case .text(let text): $0.value = .text(text)
            case .commitment(let hash): $0.value = .commitment(hash.data)
            }
        }
    }

    init(wire: WireFact) throws {
        switch wire.value {
        case .text(let text): self.init(name: wire.name, value: .text(text))
        case .commitment(let bytes): self.init(name: wire.name, value: .commitment(try readHash(bytes, "a commitment")))
        case nil: throw malformed("fact \(wire.name) has no value")
        }
    }
}

extension Source {
    var wire: WireSource {
        WireSource.with {
            $0.kind =
                switch kind {
                case .scan: .scan
                case .window: .window
                case .operator: .operator
                case .rule: .rule
                case .import: .import
                }
            $0.station = station
            $0.sensor = sensor
        }
    }

    init(wire: WireSource) throws {
        let kind: Kind =
            switch wire.kind {
            case .scan: .scan
            case .window: .window
            case .operator: .operator
            case .rule: .rule
            case .import: .import
            case .unspecified: throw malformed("the update's source is missing")
            case .UNRECOGNIZED(let number): throw malformed("update source \(number) is unknown")
            }
        self.init(kind, station: wire.station, sensor: wire.sensor)
    }
}

extension Update {
    var wire: WireUpdate {
        WireUpdate.with {
            $0.order = order
            $0.step = step
            $0.parents = parents.map(\.wire)
            $0.cites = cites.map { cite in
                WireCitation.with {
                    $0.reference = cite.reference.wire
                    $0.proof = Data(cite.proof)
                }
            }
            $0.consortium = consortium.data
            $0.contract = contract.data
            $0.subjects = subjects
            $0.facts = facts.map(\.wire)
            $0.observedAt = observedAt ?? 0
            $0.source = source.wire
            if let person = `operator` {
                $0.operator = person.id
                $0.operatorCertificate = Data(person.certificate)
                $0.operatorSignature = Data(person.signature)
            }
            if let firing {
                $0.firing = WireFiring.with {
                    $0.rule = firing.rule
                    $0.trigger = firing.trigger.data
                }
            }
        }
    }

    init(wire: WireUpdate) throws {
        self.init(
            order: wire.order, step: wire.step, parents: try wire.parents.map { try Reference(wire: $0) },
            cites: try wire.cites.map {
                Citation(reference: try Reference(wire: $0.reference), proof: [UInt8]($0.proof))
            },
            consortium: try readHash(wire.consortium, "the consortium document"),
            contract: try readHash(wire.contract, "the contract"), subjects: wire.subjects,
            facts: try wire.facts.map { try Fact(wire: $0) },
            observedAt: wire.observedAt == 0 ? nil : wire.observedAt, source: try Source(wire: wire.source),
            operator: wire.operator.isEmpty
                ? nil
                : Operator(
                    id: wire.operator, certificate: [UInt8](wire.operatorCertificate),
                    signature: [UInt8](wire.operatorSignature)),
            firing: wire.hasFiring
                ? Firing(rule: wire.firing.rule, trigger: try readHash(wire.firing.trigger, "a rule's trigger")) : nil)
    }
}

private func readHash(_ bytes: Data, _ subject: String) throws -> Hash {
    guard let hash = Hash(bytes: bytes) else { throw malformed("\(subject) is not a hash of 32 bytes") }
    return hash
}

private func malformed(_ message: String) -> CustodyError {
    CustodyError(.entryMalformed, "the entry is malformed: \(message)")
}

extension Hash {
    var data: Data { withUnsafeBytes { Data($0) } }
}
