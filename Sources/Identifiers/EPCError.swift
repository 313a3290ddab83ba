extension IdentifierError.Code {
    /// The URI is no EPC URI, or its parts are not those of its scheme.
    public static let epcMalformed = Self(rawValue: "epc-malformed")

    /// The URI, or the first eight bits, name no EPC scheme that we know.
    public static let epcSchemeUnknown = Self(rawValue: "epc-scheme-unknown")

    /// Something else than a hexadecimal digit stands in the binary.
    public static let epcNotHexadecimal = Self(rawValue: "epc-not-hexadecimal")

    /// The binary ends before the scheme is complete.
    public static let epcTooShort = Self(rawValue: "epc-too-short")

    /// Bits that the scheme leaves empty are set.
    public static let epcPaddingNotZero = Self(rawValue: "epc-padding-not-zero")

    /// The partition is 7, which the standard reserves.
    public static let epcPartitionReserved = Self(rawValue: "epc-partition-reserved")

    /// The company prefix has another length than 6 to 12 digits, or does not fit the rest.
    public static let epcPrefixInvalid = Self(rawValue: "epc-prefix-invalid")

    /// A value breaks the form of its part: its length, characters or leading zeros.
    public static let epcValueInvalid = Self(rawValue: "epc-value-invalid")

    /// A value is larger than its part holds.
    public static let epcOutOfRange = Self(rawValue: "epc-out-of-range")

    /// The filter is larger than the binary scheme holds.
    public static let epcFilterInvalid = Self(rawValue: "epc-filter-invalid")

    /// The elements name a class of things, where an EPC needs one thing.
    public static let epcNotInstance = Self(rawValue: "epc-not-instance")

    /// The binary scheme does not belong to the EPC.
    public static let epcCodingUnfit = Self(rawValue: "epc-coding-unfit")
}

extension IdentifierError {
    /// The same error with a place, where it has none yet.
    func placed(at position: Int?) -> IdentifierError {
        var error = self
        error.position = error.position ?? position
        return error
    }
}
