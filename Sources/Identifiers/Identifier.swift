/// What a scan means.
public struct Identifier: Hashable, Sendable {
    /// The issuing agency's rules by which the scan was read.
    public enum Scheme: String, Hashable, Sendable, Codable {
        /// GS1: element strings, Digital Links, EPCs.
        case gs1
        /// HIBCC: labels that begin with `+`.
        case hibc
        /// ICCBBA: ISBT 128 data structures, which begin with `=` or `&`.
        case iccbba
    }

    /// One field of the data with its value.
    public struct Element: Hashable, Sendable {
        /// What the field is called by its scheme: for GS1 the application identifier, two to four digits; for the
        /// other schemes their own data identifier, such as `14D` of HIBC.
        public var ai: String

        /// The value as encoded, without separators; a date stays as the scheme writes it.
        public var value: String

        /// Makes an element.
        public init(ai: String, value: String) {
            self.ai = ai
            self.value = value
        }
    }

    /// The rules by which the scan was read.
    public let scheme: Scheme

    /// What the symbol holds, in its own order, each data identifier once.
    public let elements: [Element]

    /// The device identification; nil where the symbol names no product.
    public let udi: UDI?

    /// Pairing rules that this symbol alone does not keep and another symbol of the same package could (GS1 General
    /// Specifications section 4.14): each names the alternatives, such as `01|02|8006|8026` for a lone lot.
    public let missing: [String]

    /// The EPC as a pure identity URI (EPC Tag Data Standard section 6); nil where the scan was none.
    public let epc: String?

    private let ownSubject: String?

    /// `subject` is for what has no Digital Link; nil where it follows from the elements.
    init(
        scheme: Scheme,
        elements: [Element],
        udi: UDI?,
        missing: [String],
        epc: String? = nil,
        subject: String? = nil
    ) {
        self.scheme = scheme
        self.elements = elements
        self.udi = udi
        self.missing = missing
        self.epc = epc
        self.ownSubject = subject
    }

    /// The value of one data identifier, nil where the symbol does not hold it.
    public func value(of ai: String) -> String? {
        elements.first { $0.ai == ai }?.value
    }

    /// The canonical GS1 Digital Link URI of all that the symbol holds; nil where no element is a primary key, and for
    /// schemes other than GS1.
    public var digitalLink: String? {
        scheme == .gs1 ? GS1DigitalLink.canonical(elements, with: .attributes) : nil
    }

    /// The thing itself, without attributes that may differ between two labels of one thing: for GS1 the canonical
    /// Digital Link URI of the primary key with lot and serial. It is the key under which the ledger finds the thing;
    /// nil for a symbol that names no thing, such as a lone lot or order number.
    public var subject: String? {
        ownSubject ?? (scheme == .gs1 ? GS1DigitalLink.canonical(elements, with: .identity) : nil)
    }
}

/// The parts of a Unique Device Identification (FDA UDI formats 1.3; MDR annex VI part C).
public struct UDI: Hashable, Sendable {
    /// Who issued the device identifier.
    public var agency: Identifier.Scheme

    /// The device identifier as the agency writes it: for GS1 the GTIN-14.
    public var di: String

    /// Lot or batch number, GS1 AI 10.
    public var lot: String?

    /// Serial number, GS1 AI 21.
    public var serial: String?

    /// Last day of use as `YYYY-MM-DD`, GS1 AI 17. A label that gives no day means the last day of its month.
    public var expiry: String?

    /// Day of manufacture as `YYYY-MM-DD`, GS1 AI 11, or `YYYY-MM` where the label gives no day.
    public var manufactured: String?

    /// Donation identification number, ICCBBA data structure 001.
    public var donation: String?

    /// How many are in the package: GS1 AI 30, HIBC `$$8`, `$$9` or `/Q`.
    public var quantity: String?

    /// Makes the parts of a UDI.
    public init(
        agency: Identifier.Scheme = .gs1,
        di: String,
        lot: String? = nil,
        serial: String? = nil,
        expiry: String? = nil,
        manufactured: String? = nil,
        donation: String? = nil,
        quantity: String? = nil
    ) {
        self.agency = agency
        self.di = di
        self.lot = lot
        self.serial = serial
        self.expiry = expiry
        self.manufactured = manufactured
        self.donation = donation
        self.quantity = quantity
    }
}
