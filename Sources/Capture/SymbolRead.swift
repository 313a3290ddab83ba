/// What one decoder read from one version of an image, before anyone trusts it.
struct SymbolRead: Hashable, Sendable {
    enum Decoder: Hashable, Sendable {
        case zbar, zxing
    }

    let decoder: Decoder
    let symbology: Symbology
    /// As a reader sends them: 13 digits for a UPC, 0x1D for a separator.
    let bytes: [UInt8]
    /// ISO/IEC 15424, such as `]d2`.
    let symbologyIdentifier: String
    /// How many scan lines of a linear symbol agreed, as its decoder counts them; 1 for a matrix symbol.
    let lines: Int
    /// The bytes as text, where the decoder knows or guesses the character set.
    var text: String?
}
