import Foundation
import Ledger
import Store

/// Sealed disclosures as members give them to each other: one page, as JSON.
struct DisclosurePage: Codable, Hashable, Sendable {
    /// Gives those after a place, and takes those that a member has.
    static let path = "/custody/v1/disclosures"
    /// Disclosures in one page.
    static let itemsMax = 64
    /// Bytes that are sealed in one page; one disclosure always fits.
    static let sealedBytesMax = 1 << 20
    /// Bytes of a page: what is sealed as base64, and names beside it.
    static let bytesMax = 4 << 20

    struct Item: Codable, Hashable, Sendable {
        let place: Int64
        let origin: String
        let index: UInt64
        let leafHash: Hash
        let commitment: Hash
        let recipient: String
        /// Base64 in JSON.
        let sealed: Data
        let signature: String

        init(_ passed: PassedDisclosure) {
            place = passed.place
            origin = passed.update.origin
            index = passed.update.index
            leafHash = passed.update.leafHash
            commitment = passed.sealed.commitment
            recipient = passed.sealed.recipient
            sealed = Data(passed.sealed.sealed)
            signature = passed.sealed.signature
        }

        /// - Throws: `CustodyError` with code `limit-exceeded`.
        func passed() throws -> PassedDisclosure {
            PassedDisclosure(
                place: place, update: Reference(origin: origin, index: index, leafHash: leafHash),
                sealed: try SealedDisclosure(
                    commitment: commitment, recipient: recipient, sealed: [UInt8](sealed), signature: signature))
        }
    }

    /// Names the store whose places these are.
    let store: String
    let items: [Item]
    /// Where to go on from.
    let end: Int64

    init(store: String, items: [PassedDisclosure], end: Int64) {
        self.store = store
        self.items = items.map(Item.init)
        self.end = end
    }

    /// Whether its places follow a place, in a store that goes as far as `last`, or a little further by now.
    func continues(from place: Int64, upTo last: Int64) -> Bool {
        guard !items.isEmpty else { return true }
        let places = items.map(\.place)
        return place >= 0 && last >= place && end > place && (end <= last || end - last <= Self.newsMax)
            && places.allSatisfy { $0 > place && $0 <= end }
    }

    /// Disclosures that may have come since a store told how far it goes.
    private static let newsMax: Int64 = 1 << 20

    /// - Throws: `CustodyError` with code `disclosure-malformed` or `limit-exceeded`.
    init(bytes: some Collection<UInt8>) throws {
        try Limit.check(bytes.count, max: Self.bytesMax, "a page of disclosures", unit: "bytes")
        guard let page = try? JSONDecoder().decode(Self.self, from: Data(bytes)) else {
            throw CustodyError(.disclosureMalformed, "this is no page of sealed disclosures")
        }
        try Limit.check(page.items.count, max: Self.itemsMax, "a page", unit: "disclosures")
        self = page
    }
}

/// What became of a sealed disclosure that was handed in.
enum DisclosureOutcome: Hashable, Sendable {
    /// It is on disk.
    case taken
    /// It was there already.
    case known
    /// What it belongs to is not here yet: it may come again.
    case later
    case refused(CustodyError.Code)
}

extension DisclosureOutcome: Codable {
    /// As one word: `taken`, `known`, `later`, or the code of a refusal.
    init(from decoder: any Decoder) throws {
        switch try decoder.singleValueContainer().decode(String.self) {
        case "taken": self = .taken
        case "known": self = .known
        case "later": self = .later
        case let code: self = .refused(CustodyError.Code(rawValue: code))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .taken: try container.encode("taken")
        case .known: try container.encode("known")
        case .later: try container.encode("later")
        case .refused(let code): try container.encode(code.rawValue)
        }
    }
}
