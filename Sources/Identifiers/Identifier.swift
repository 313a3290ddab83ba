/// What a scan means.
public struct Identifier: Hashable, Sendable {
    /// The issuing agency's rules by which the scan was read.
    public enum Scheme: String, Hashable, Sendable, Codable {
        case gs1
    }

    /// One application identifier with its value.
    public struct Element: Hashable, Sendable {
        /// The application identifier, two to four digits.
        public var ai: String

        /// The value as encoded, without separators; a date stays YYMMDD here.
        public var value: String

        /// Makes an element.
        public init(ai: String, value: String) {
            self.ai = ai
            self.value = value
        }
    }

    /// The rules by which the scan was read.
    public let scheme: Scheme

    /// What the symbol holds, in its own order, each application identifier once.
    public let elements: [Element]

    /// The device identification; nil where the symbol names no product (AI 01).
    public let udi: UDI?

    /// Pairing rules of the GS1 General Specifications (section 4.14) that this symbol alone does not keep and another
    /// symbol of the same package could: each names the alternatives, such as `01|02|8006|8026` for a lone lot.
    public let missing: [String]

    init(scheme: Scheme, elements: [Element], udi: UDI?, missing: [String]) {
        self.scheme = scheme
        self.elements = elements
        self.udi = udi
        self.missing = missing
    }

    /// The value of one application identifier, nil where the symbol does not hold it.
    public func value(of ai: String) -> String? {
        elements.first { $0.ai == ai }?.value
    }

    /// The canonical GS1 Digital Link URI of all that the symbol holds; nil where no element is a primary key.
    public var digitalLink: String? {
        GS1DigitalLink.canonical(elements, with: .attributes)
    }

    /// The canonical GS1 Digital Link URI of the thing itself: the primary key with lot and serial, without attributes
    /// that may differ between two labels of one thing. It is the key under which the ledger finds the thing;
    /// nil for a symbol that names no thing, such as a lone lot or order number.
    public var subject: String? {
        GS1DigitalLink.canonical(elements, with: .identity)
    }
}

/// The parts of a Unique Device Identification (FDA UDI formats 1.3; MDR annex VI part C).
public struct UDI: Hashable, Sendable, Codable {
    /// The device identifier: GTIN-14.
    public var di: String

    /// Lot or batch number, AI 10.
    public var lot: String?

    /// Serial number, AI 21.
    public var serial: String?

    /// Last day of use as `YYYY-MM-DD`, AI 17. A label that gives no day means the last day of its month.
    public var expiry: String?

    /// Day of manufacture as `YYYY-MM-DD`, AI 11, or `YYYY-MM` where the label gives no day.
    public var manufactured: String?

    /// Makes the parts of a UDI.
    public init(
        di: String,
        lot: String? = nil,
        serial: String? = nil,
        expiry: String? = nil,
        manufactured: String? = nil
    ) {
        self.di = di
        self.lot = lot
        self.serial = serial
        self.expiry = expiry
        self.manufactured = manufactured
    }
}
