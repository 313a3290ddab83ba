extension EPCTag {
    /// The binary coding schemes (TDS section 14.2), by their names in tag URIs. The names with `+` are those of TDS 2:
    /// they hold GS1 elements as they are, and have no tag URI; `++` adds the host name of a Digital Link.
    public enum Coding: String, CaseIterable, Hashable, Sendable, Codable {
        case gdti96 = "gdti-96"
        case gsrn96 = "gsrn-96"
        case gsrnp96 = "gsrnp-96"
        case usdod96 = "usdod-96"
        case sgtin96 = "sgtin-96"
        case sscc96 = "sscc-96"
        case sgln96 = "sgln-96"
        case grai96 = "grai-96"
        case giai96 = "giai-96"
        case gid96 = "gid-96"
        case sgtin198 = "sgtin-198"
        case grai170 = "grai-170"
        case giai202 = "giai-202"
        case sgln195 = "sgln-195"
        /// Deprecated since TDS 1.9.
        case gdti113 = "gdti-113"
        case adiVar = "adi-var"
        case cpi96 = "cpi-96"
        case cpiVar = "cpi-var"
        case gdti174 = "gdti-174"
        case sgcn96 = "sgcn-96"
        case itip110 = "itip-110"
        case itip212 = "itip-212"
        case cpiPlus = "cpi+"
        case graiPlus = "grai+"
        case sglnPlus = "sgln+"
        case itipPlus = "itip+"
        case gsrnPlus = "gsrn+"
        case gsrnpPlus = "gsrnp+"
        case gdtiPlus = "gdti+"
        case sgtinPlus = "sgtin+"
        case sgcnPlus = "sgcn+"
        case ssccPlus = "sscc+"
        case giaiPlus = "giai+"
        /// SGTIN+ with a date in front, by which readers select.
        case dsgtinPlus = "dsgtin+"
        case cpiPlusHost = "cpi++"
        case gsrnPlusHost = "gsrn++"
        case gsrnpPlusHost = "gsrnp++"
        case sglnPlusHost = "sgln++"
        case gdtiPlusHost = "gdti++"
        case graiPlusHost = "grai++"
        case sgcnPlusHost = "sgcn++"
        case itipPlusHost = "itip++"
        case giaiPlusHost = "giai++"
        case ssccPlusHost = "sscc++"
        case dsgtinPlusHost = "dsgtin++"
        case sgtinPlusHost = "sgtin++"
    }
}

/// One row of the table of binary coding schemes (TDS table 14-1 and the coding tables of section 14.6).
struct EPCCoding: Sendable {
    /// What the schemes of TDS 2 hold after toggle and filter.
    struct Plus: Sendable {
        let hasDate: Bool
        let ais: [String]
        let hasHostname: Bool
    }

    let coding: EPCTag.Coding
    let header: UInt8
    let scheme: EPC.Scheme
    let filterBits: Int

    /// The parts of the name after the filter, for the schemes before TDS 2.
    let fields: [EPCField]

    /// Nil for the schemes before TDS 2.
    let plus: Plus?

    var filterMax: Int { (1 << filterBits) - 1 }

    private init(
        _ header: UInt8,
        _ coding: EPCTag.Coding,
        _ scheme: EPC.Scheme,
        filterBits: Int = 3,
        _ fields: EPCField...
    ) {
        self.init(header, coding, scheme, filterBits, fields, nil)
    }

    private init(
        _ header: UInt8,
        _ coding: EPCTag.Coding,
        _ scheme: EPC.Scheme,
        _ ais: [String],
        hasDate: Bool = false,
        hasHostname: Bool = false
    ) {
        self.init(
            header, coding, scheme, 3, [], Plus(hasDate: hasDate, ais: ais, hasHostname: hasHostname))
    }

    private init(
        _ header: UInt8,
        _ coding: EPCTag.Coding,
        _ scheme: EPC.Scheme,
        _ filterBits: Int,
        _ fields: [EPCField],
        _ plus: Plus?
    ) {
        self.header = header
        self.coding = coding
        self.scheme = scheme
        self.filterBits = filterBits
        self.fields = fields
        self.plus = plus
    }

    static let rows: [EPCCoding] = [
        .init(0x2C, .gdti96, .gdti, .partition(bits: 41, digits: 12), .integer(41)),
        .init(0x2D, .gsrn96, .gsrn, .partition(bits: 58, digits: 17), .zeros(24)),
        .init(0x2E, .gsrnp96, .gsrnp, .partition(bits: 58, digits: 17), .zeros(24)),
        .init(0x2F, .usdod96, .usdod, filterBits: 4, .activity(characterBits: 8), .integer(36)),
        .init(0x30, .sgtin96, .sgtin, .partition(bits: 44, digits: 13), .integer(38)),
        .init(0x31, .sscc96, .sscc, .partition(bits: 58, digits: 17), .zeros(24)),
        .init(0x32, .sgln96, .sgln, .partition(bits: 41, digits: 12), .integer(41)),
        .init(0x33, .grai96, .grai, .partition(bits: 44, digits: 12), .integer(38)),
        .init(0x34, .giai96, .giai, .unpaddedPartition(bits: 82, digits: 25)),
        .init(0x35, .gid96, .gid, filterBits: 0, .integer(28), .integer(24), .integer(36)),
        .init(0x36, .sgtin198, .sgtin, .partition(bits: 44, digits: 13), .text(140)),
        .init(0x37, .grai170, .grai, .partition(bits: 44, digits: 12), .text(112)),
        .init(0x38, .giai202, .giai, .textPartition(bits: 188, characters: 30)),
        .init(0x39, .sgln195, .sgln, .partition(bits: 41, digits: 12), .text(140)),
        .init(0x3A, .gdti113, .gdti, .partition(bits: 41, digits: 12), .numericString(58, digits: 17)),
        .init(0x3B, .adiVar, .adi, filterBits: 6, .activity(characterBits: 6), .sixBitText(32), .sixBitText(30)),
        .init(0x3C, .cpi96, .cpi, .unpaddedPartition(bits: 51, digits: 15), .integer(31)),
        .init(0x3D, .cpiVar, .cpi, .sixBitPartition(characters: 30), .integer(40)),
        .init(0x3E, .gdti174, .gdti, .partition(bits: 41, digits: 12), .text(119)),
        .init(0x3F, .sgcn96, .sgcn, .partition(bits: 41, digits: 12), .numericString(41, digits: 12)),
        .init(0x40, .itip110, .itip, .partition(bits: 44, digits: 13), .twoDigits, .twoDigits, .integer(38)),
        .init(0x41, .itip212, .itip, .partition(bits: 44, digits: 13), .twoDigits, .twoDigits, .text(140)),
        .init(0xE6, .cpiPlusHost, .cpi, ["8010", "8011"], hasHostname: true),
        .init(0xE7, .gsrnPlusHost, .gsrn, ["8018"], hasHostname: true),
        .init(0xE8, .gsrnpPlusHost, .gsrnp, ["8017"], hasHostname: true),
        .init(0xE9, .sglnPlusHost, .sgln, ["414", "254"], hasHostname: true),
        .init(0xEA, .gdtiPlusHost, .gdti, ["253"], hasHostname: true),
        .init(0xEB, .graiPlusHost, .grai, ["8003"], hasHostname: true),
        .init(0xEC, .sgcnPlusHost, .sgcn, ["255"], hasHostname: true),
        .init(0xED, .itipPlusHost, .itip, ["8006", "21"], hasHostname: true),
        .init(0xEE, .giaiPlusHost, .giai, ["8004"], hasHostname: true),
        .init(0xEF, .ssccPlusHost, .sscc, ["00"], hasHostname: true),
        .init(0xF0, .cpiPlus, .cpi, ["8010", "8011"]),
        .init(0xF1, .graiPlus, .grai, ["8003"]),
        .init(0xF2, .sglnPlus, .sgln, ["414", "254"]),
        .init(0xF3, .itipPlus, .itip, ["8006", "21"]),
        .init(0xF4, .gsrnPlus, .gsrn, ["8018"]),
        .init(0xF5, .gsrnpPlus, .gsrnp, ["8017"]),
        .init(0xF6, .gdtiPlus, .gdti, ["253"]),
        .init(0xF7, .sgtinPlus, .sgtin, ["01", "21"]),
        .init(0xF8, .sgcnPlus, .sgcn, ["255"]),
        .init(0xF9, .ssccPlus, .sscc, ["00"]),
        .init(0xFA, .giaiPlus, .giai, ["8004"]),
        .init(0xFB, .dsgtinPlus, .sgtin, ["01", "21"], hasDate: true),
        .init(0xFC, .dsgtinPlusHost, .sgtin, ["01", "21"], hasDate: true, hasHostname: true),
        .init(0xFD, .sgtinPlusHost, .sgtin, ["01", "21"], hasHostname: true),
    ]

    private static let byHeader = Dictionary(uniqueKeysWithValues: rows.map { ($0.header, $0) })
    private static let byCoding = Dictionary(uniqueKeysWithValues: rows.map { ($0.coding, $0) })

    static func row(_ coding: EPCTag.Coding) -> EPCCoding {
        byCoding[coding] ?? rows[0]
    }

    /// Nil where the header is assigned to no scheme.
    static func row(header: UInt8) -> EPCCoding? {
        byHeader[header]
    }
}
