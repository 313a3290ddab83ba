import Identifiers
import Ledger

/// What stands on one device's label: GS1 elements that a scan gives back exactly as they are.
public struct DeviceLabel: Hashable, Sendable {
    /// The longest domain of a Digital Link, in bytes (RFC 1035, section 2.3.4).
    public static let domainBytesMax = 253

    /// What a scan of the label means.
    public let identifier: Identifier

    /// Where the symbol holds a Digital Link instead of an element string: its domain.
    public let domain: String?

    /// Takes any GS1 elements and puts them in order: the key first, then what needs no separator. `year` is the current
    /// year.
    ///
    /// Throws the codes of `identify`, `label-ambiguous`, `label-incomplete`, `label-domain-unusable`.
    public init(elements: [Identifier.Element], year: Int, domain: String? = nil) throws {
        let ordered = ElementString(elements: elements).ordered.elements
        identifier = try ScannedElements(ordered, year: year).identifier
        self.domain = domain
        guard domain.map(DeviceLabel.isDomain) != false, domain == nil || identifier.digitalLink != nil else {
            throw CustodyError(
                "label-domain-unusable", "A Digital Link cannot be made on this domain", at: domain,
                remedy: "Give a domain name such as id.example.com, and a trade item number.")
        }
    }

    /// Takes the parts of a UDI. A trade item number of 8, 12 or 13 digits is filled up to 14.
    ///
    /// Throws as `init(elements:year:domain:)` does.
    public init(
        gtin: String,
        lot: String? = nil,
        serial: String? = nil,
        expiry: LabelDate? = nil,
        manufactured: LabelDate? = nil,
        year: Int,
        domain: String? = nil
    ) throws {
        let isShort = [8, 12, 13].contains(gtin.utf8.count)
        let full = isShort ? String(repeating: "0", count: 14 - gtin.utf8.count) + gtin : gtin
        let parts = [("01", full), ("10", lot), ("21", serial)]
        let elements = parts.compactMap { ai, value in value.map { Identifier.Element(ai: ai, value: $0) } }
        let dates = DeviceLabel.dates(expiry: expiry, manufactured: manufactured)
        try self.init(elements: elements + dates, year: year, domain: domain)
    }

    /// Takes the subject of an update, a canonical GS1 Digital Link, with what the update says about it besides.
    ///
    /// Throws as `init(elements:year:domain:)` does, and `label-subject-unusable` for a subject of another scheme.
    public init(
        subject: String,
        expiry: LabelDate? = nil,
        manufactured: LabelDate? = nil,
        year: Int,
        domain: String? = nil
    ) throws {
        guard subject.hasPrefix(DeviceLabel.canonical),
            let read = try? identify(Scan(bytes: Array(subject.utf8)), year: year), read.scheme == .gs1
        else {
            throw CustodyError(
                "label-subject-unusable", "Only things with a GS1 key are printed", at: subject,
                remedy: "Give the label's elements yourself.")
        }
        let dates = DeviceLabel.dates(expiry: expiry, manufactured: manufactured)
        try self.init(elements: read.elements + dates, year: year, domain: domain)
    }

    /// What a reader sends of the symbol, without the symbology identifier.
    public var scanned: [UInt8] {
        link.map { Array($0.utf8) } ?? ElementString(elements: identifier.elements).bytes
    }

    /// The human readable interpretation, one element each (GS1 General Specifications, section 4.14): the brackets are
    /// not encoded, and no element is ever broken.
    public var interpretation: [String] {
        identifier.elements.map { "(\($0.ai))\($0.value)" }
    }

    /// What people need besides, never among the interpretation: dates with their whole year.
    public var notes: [String] {
        let udi = identifier.udi
        return [udi?.manufactured.map { "PROD DATE \($0)" }, udi?.expiry.map { "EXPIRY \($0)" }].compactMap(\.self)
    }

    /// What the symbol holds.
    public var content: Symbol.Content {
        link.map(Symbol.Content.text) ?? .elements(identifier.elements)
    }

    private var link: String? {
        guard let domain, let link = identifier.digitalLink else { return nil }
        return "https://\(domain)\(link.dropFirst(DeviceLabel.canonical.utf8.count))"
    }

    private static let canonical = "https://id.gs1.org"

    private static func dates(expiry: LabelDate?, manufactured: LabelDate?) -> [Identifier.Element] {
        [("11", manufactured), ("17", expiry)].compactMap { ai, date in
            date.map { Identifier.Element(ai: ai, value: $0.digits) }
        }
    }

    /// Two or more labels of letters, digits and inner hyphens (RFC 1123, section 2.1).
    private static func isDomain(_ text: String) -> Bool {
        let labels = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return text.utf8.count <= domainBytesMax && labels.count >= 2 && labels.allSatisfy(isDomainLabel)
    }

    private static func isDomainLabel(_ label: Substring.UTF8View) -> Bool {
        let hyphen = UInt8(ascii: "-")
        return (1...63).contains(label.count) && label.first != hyphen && label.last != hyphen
            && label.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, hyphen: true
                default: false
                }
            }
    }
}
