/// An Electronic Product Code: the name of one thing (EPC Tag Data Standard, "TDS", 2.3 section 6).
///
/// Two EPCs are the same where their pure identity URIs are the same. What a tag holds beyond the name, such as its
/// filter, is in ``EPCTag``.
public struct EPC: Hashable, Sendable {
    /// The schemes of pure identity URIs by their names there (TDS section 6.3), and the class of a lot (6.4).
    public enum Scheme: String, CaseIterable, Hashable, Sendable, Codable {
        /// Trade item and serial number: AIs 01 and 21.
        case sgtin
        /// Logistic unit: AI 00.
        case sscc
        /// Location: AI 414, and 254 where it has an extension.
        case sgln
        /// Returnable asset: AI 8003 with its serial number.
        case grai
        /// Individual asset: AI 8004.
        case giai
        /// Service relation, recipient: AI 8018.
        case gsrn
        /// Service relation, provider: AI 8017.
        case gsrnp
        /// Document: AI 253 with its serial number.
        case gdti
        /// Component or part: AIs 8010 and 8011.
        case cpi
        /// Coupon: AI 255 with its serial number.
        case sgcn
        /// Consignment: AI 401.
        case ginc
        /// Shipment: AI 402.
        case gsin
        /// Piece of a trade item: AIs 8006 and 21.
        case itip
        /// Unit pack: AIs 01 and 235.
        case upui
        /// Party: AI 417.
        case pgln
        /// Lot of a trade item: AIs 01 and 10. It names a class of things.
        case lgtin
        /// General identifier.
        case gid
        /// US Department of Defense identifier.
        case usdod
        /// Aerospace and defence identifier.
        case adi
        /// Freight container (ISO 6346).
        case bic
        /// Vessel (IMO number).
        case imovn
    }

    /// The longest URI that is looked at, in bytes: no scheme makes one so long.
    public static let uriBytesMax = 256

    /// The scheme.
    public let scheme: Scheme

    /// The parts of the pure identity URI between its dots, without percent escapes. The first is the company prefix,
    /// where the scheme has one.
    public let components: [String]

    /// Makes an EPC of parts that are checked here. `positions` says where each part stood, where that is known.
    init(_ scheme: Scheme, _ components: [String], at positions: [Int] = []) throws(IdentifierError) {
        let layout = EPC.layout(scheme)
        guard components.count == layout.components.count else {
            throw IdentifierError(
                .epcMalformed,
                "The scheme \(scheme.rawValue) has \(layout.components.count) parts, here are \(components.count).",
                position: positions.first)
        }
        try layout.check(components, at: positions)
        self.scheme = scheme
        self.components = components
    }

    /// Reads `urn:epc:id:…`, `urn:epc:class:lgtin:…` or `urn:epc:tag:…`, of which only the name is kept.
    public init(uri: String) throws(IdentifierError) {
        try self.init(uri: Array(uri.utf8)[...])
    }

    init(uri bytes: ArraySlice<UInt8>) throws(IdentifierError) {
        let uri = try EPCURI(bytes)
        self = uri.kind == .tag ? try uri.tag().epc : try uri.epc()
    }

    /// Makes the EPC that a GS1 element string says (TDS section 7). Elements beside the key and its serial number
    /// say nothing about the name and are left out.
    ///
    /// `companyPrefixLength` must be told, because element strings do not carry it: 4 to 12 digits. The standard
    /// writes prefixes of 4 and 5 digits as 6 (section 7.1).
    public init(elements: [Identifier.Element], companyPrefixLength: Int) throws(IdentifierError) {
        guard (4...12).contains(companyPrefixLength) else {
            throw IdentifierError(
                .epcPrefixInvalid, "A company prefix has 4 to 12 digits, not \(companyPrefixLength).")
        }
        let layout = try EPC.layout(for: elements)
        let parts = try layout.parts(of: elements, prefixLength: max(companyPrefixLength, 6))
        try self.init(layout.scheme, parts)
    }

    /// The pure identity URI, such as `urn:epc:id:sgtin:9521141.012345.4711`.
    public var uri: String {
        "urn:epc:\(EPC.layout(scheme).kind.rawValue):\(scheme.rawValue):" + EPCURI.body(of: components)
    }

    /// The GS1 element string that says the same, with its check digit; empty for the schemes without a GS1 key.
    public var elements: [Identifier.Element] {
        EPC.layout(scheme).elements(of: components)
    }

    /// The canonical GS1 Digital Link URI that says the same; nil for the schemes without a GS1 key.
    public var digitalLink: String? {
        GS1DigitalLink.canonical(elements, with: .attributes)
    }

    /// What a tag holds that names this EPC (TDS section 12.3.2). Throws where the binary scheme is another's, holds
    /// no such serial number, or no such filter.
    public func tag(_ coding: EPCTag.Coding, filter: Int = 0) throws(IdentifierError) -> EPCTag {
        try EPCTag(self, coding: coding, filter: filter)
    }

    static func layout(_ scheme: Scheme) -> EPCLayout {
        EPCLayout.byScheme[scheme] ?? EPCLayout(scheme, [])
    }

    static func layout(for elements: [Identifier.Element]) throws(IdentifierError) -> EPCLayout {
        if let layout = EPCLayout.rows.first(where: { $0.fits(elements) }) { return layout }
        throw IdentifierError(
            .epcNotInstance, "The elements hold no key that names one thing, such as (01) with (21), or (00).")
    }
}
