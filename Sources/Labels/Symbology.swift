/// A kind of symbol that a label carries, with the sizes that GS1 asks for (GS1 General Specifications, symbol
/// specification tables 2, 6 and 7; quiet zones: section 5).
public enum Symbology: String, CaseIterable, Hashable, Sendable {
    /// Data Matrix ECC 200, square.
    case dataMatrix = "datamatrix"
    /// QR Code, error correction level M.
    case qr
    /// Code 128 with FNC1 in first position.
    case gs1128 = "gs1-128"
    /// EAN-13, which holds a trade item number and nothing else.
    case ean13
    /// Code 128 without GS1 data.
    case code128 = "code-128"

    /// True for bars, false for a matrix of modules.
    public var isLinear: Bool { barMicrometres > 0 }

    /// The narrowest and the widest module (X-dimension), in micrometres.
    public var moduleMicrometres: ClosedRange<Int> {
        switch self {
        case .dataMatrix, .qr: 254...990
        case .gs1128, .code128: 170...1_016
        case .ean13: 264...660
        }
    }

    /// The module to aim for, in micrometres.
    public var targetMicrometres: Int {
        switch self {
        case .dataMatrix, .qr: 380
        case .gs1128, .code128: 495
        case .ean13: 330
        }
    }

    /// How many modules stay blank on each side; bars need none above and below.
    public var quietModules: Int {
        switch self {
        case .dataMatrix: 1
        case .qr: 4
        case .gs1128, .code128: 10
        case .ean13: 11
        }
    }

    /// The least height of bars, in micrometres; 0 for a matrix.
    var barMicrometres: Int {
        switch self {
        case .dataMatrix, .qr: 0
        case .gs1128, .code128: 12_700
        case .ean13: 22_850
        }
    }
}
