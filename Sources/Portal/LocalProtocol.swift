import Foundation
import Gateway
import Ledger

/// What commands and the running gateway say to each other over its Unix socket, as JSON.
public enum LocalProtocol {
    public static let recordPath = "/v1/record"
    public static let preparePath = "/v1/prepare"
    public static let peersPath = "/v1/peers"
    public static let documentsPath = "/v1/documents"
    public static let fetchPath = "/v1/orders/fetch"
    public static let filesPath = "/v1/files/fetch"
    public static let bodyBytesMax = 16 << 20

    /// A draft on its way to the recorder.
    public struct Request: Codable, Sendable {
        struct FactValue: Codable {
            let name: String
            var text: String?
            var secret: Data?
        }

        struct CitedEntry: Codable {
            let origin: String
            let index: UInt64
            /// In hexadecimal.
            let leafHash: String
        }

        var order: String?
        var contract: String?
        let cites: [CitedEntry]
        let step: String
        let facts: [FactValue]
        let subjects: [String]
        let source: String
        let station: String
        let `operator`: String?
        let observedAt: Int64?
        /// Instead of a step.
        var erasure: ErasedFact?
        /// The whole update as an operator signed it, instead of what the rest says.
        var signed: Prepared?

        struct ErasedFact: Codable {
            let update: CitedEntry
            let fact: String
            let reason: String
        }
    }

    /// The update that would be sealed, or the same with a signature.
    public struct Prepared: Codable, Sendable {
        let origin: String
        /// `custody.ledger.v1.Update`
        let update: Data
        let disclosures: [String]
    }

    /// An order of which peers are to be asked.
    struct Wanted: Codable {
        let order: String
    }

    /// The file of a document that is wanted here.
    struct WantedFile: Codable {
        let file: String
        /// Nil where only its hash is known.
        let bytes: UInt64?
    }

    /// What became of a document.
    public struct Taken: Codable, Sendable {
        public let isInForce: Bool

        public init(isInForce: Bool) { self.isInForce = isInForce }
    }

    /// An error in the one shape, on its way back.
    public struct Failure: Codable, Sendable {
        let code: String
        let message: String
        let place: String?
        let remedy: String?
    }
}

extension LocalProtocol.Request.CitedEntry {
    init(_ reference: Reference) {
        self.init(origin: reference.origin, index: reference.index, leafHash: reference.leafHash.hex)
    }
}

extension LocalProtocol.Request {
    public init(_ draft: Draft) {
        step = draft.step
        subjects = draft.subjects
        source = draft.source.kind.rawValue
        station = draft.source.station
        `operator` = draft.operator
        observedAt = draft.observedAt
        cites = draft.cites.map(CitedEntry.init)
        erasure = draft.erasure.map {
            ErasedFact(update: CitedEntry($0.update), fact: $0.fact, reason: $0.reason)
        }
        signed = draft.signed.map(LocalProtocol.Prepared.init)
        facts = draft.facts.map { fact in
            switch fact.value {
            case .text(let text): FactValue(name: fact.name, text: text)
            case .private(let bytes): FactValue(name: fact.name, secret: Data(bytes))
            // Only the gateway itself records commitments again: nobody can ask it to.
            case .committed: FactValue(name: fact.name)
            }
        }
        switch draft.order {
        case .existing(let id), .reopen(let id, _): order = id
        case .open(let name): contract = name
        }
    }

    /// - Throws: `CustodyError` with code `request-malformed`.
    func draft() throws -> Draft {
        if let signed { return Draft(signed: try signed.prepared()) }
        let target: Draft.Order =
            switch (order, contract) {
            case (let id?, nil): .existing(id)
            case (nil, let name?): .open(contract: name)
            default: throw Self.malformed("it names neither one order nor one contract")
            }
        if let erasure, let order {
            return Draft(
                erasing: Erasure(
                    order: order, update: try Self.reference(erasure.update), fact: erasure.fact, reason: erasure.reason
                ))
        }
        guard let kind = Source.Kind(rawValue: source) else { throw Self.malformed("its source is unknown") }
        return Draft(
            order: target, step: step,
            facts: try facts.map { fact in
                switch (fact.text, fact.secret) {
                case (let text?, nil): (name: fact.name, value: .text(text))
                case (nil, let secret?): (name: fact.name, value: .private([UInt8](secret)))
                default: throw Self.malformed("the fact \(fact.name) has no one value")
                }
            },
            subjects: subjects, cites: try cites.map(Self.reference), observedAt: observedAt,
            source: Source(kind, station: station), operator: `operator`)
    }

    private static func reference(_ cited: CitedEntry) throws -> Reference {
        guard let hash = Hash(hex: cited.leafHash) else { throw malformed("what it cites has no hash") }
        return Reference(origin: cited.origin, index: cited.index, leafHash: hash)
    }

    private static func malformed(_ reason: String) -> CustodyError {
        CustodyError("request-malformed", "the request is malformed: \(reason)")
    }
}

extension LocalProtocol.Prepared {
    init(_ prepared: PreparedUpdate) {
        origin = prepared.origin
        update = Data(prepared.update.encoded)
        disclosures = prepared.disclosures.map(\.encoded)
    }

    /// - Throws: `CustodyError` with code `entry-malformed`, `limit-exceeded` or `disclosure-malformed`.
    func prepared() throws -> PreparedUpdate {
        try Limit.check(disclosures.count, max: Update.factsMax, "an update's private facts", unit: "values")
        return PreparedUpdate(
            origin: origin, update: try Update.read(encoded: [UInt8](update)),
            disclosures: try disclosures.map { try Disclosure(encoded: $0) })
    }
}

extension LocalProtocol.Failure {
    init(_ error: CustodyError) {
        code = error.code.rawValue
        message = error.message
        place = error.place
        remedy = error.remedy
    }

    var error: CustodyError { CustodyError(CustodyError.Code(rawValue: code), message, at: place, remedy: remedy) }
}
