/// What a subject of an update names, as far as a contract asks.
///
/// Which scans give which subjects is for `Identifiers` to say; here is only what tells one subject from another.
struct ScannedThing: Hashable, Sendable {
    enum Kind: String, Hashable, Sendable, CaseIterable {
        /// A device or its package: GTIN, with lot and serial if they are there; HIBC; ISBT 128.
        case device
        /// A logistic unit.
        case sscc
        /// A returnable or individual asset.
        case asset
        /// A place.
        case location
    }

    /// Nil for what no contract asks for by kind.
    let kind: Kind?
    /// What it is called, without what tells one of its kind from another.
    private let key: [Substring]
    /// What tells one of its kind from another, such as a lot and a serial number.
    private let qualifiers: Set<[Substring]>

    private static let link = "https://id.gs1.org/"
    private static let kinds: [Substring: Kind] = [
        "01": .device, "8006": .device, "00": .sscc, "8003": .asset, "8004": .asset, "414": .location,
    ]

    /// Nil for what is no subject that a scan gives.
    init?(_ subject: String) {
        guard subject.utf8.count <= Update.nameBytesMax, subject.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            return nil
        }
        if subject.hasPrefix(Self.link) {
            let parts = subject.dropFirst(Self.link.count).split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count >= 2, parts.count.isMultiple(of: 2), !parts.contains("") else { return nil }
            kind = Self.kinds[parts[0]]
            key = Array(parts[0..<2])
            qualifiers = Set(stride(from: 2, to: parts.count, by: 2).map { [parts[$0], parts[$0 + 1]] })
            return
        }
        let isMedical = subject.utf8.count > 1 && (subject.utf8.first.map { "+=&".utf8.contains($0) } ?? false)
        guard isMedical || subject.hasPrefix("urn:epc:") else { return nil }
        kind = isMedical ? .device : nil
        key = [Substring(subject)]
        qualifiers = []
    }

    /// Whether it is the other thing, or one of those that the other names all at once: a device of a lot, a lot of a
    /// product.
    func isContained(in other: ScannedThing) -> Bool {
        key == other.key && other.qualifiers.isSubset(of: qualifiers)
    }
}

/// Whether subjects name the same thing, one of them perhaps with more on its label than the other.
public struct SubjectMatch: Sendable {
    private let asked: ScannedThing

    /// Nil for what is no subject that a scan gives.
    public init?(_ subject: String) {
        guard let asked = ScannedThing(subject) else { return nil }
        self.asked = asked
    }

    /// Whether a subject is what was asked for, or one of those that it names all at once.
    public func fits(_ subject: String) -> Bool { ScannedThing(subject)?.isContained(in: asked) ?? false }
}
