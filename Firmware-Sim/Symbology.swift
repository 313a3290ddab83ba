/// A kind of barcode that the label printer can print and the handheld scanner can read.
enum Symbology: String, CaseIterable, Sendable {
    case gs1128 = "gs1-128"
    case qr
    case dataMatrix = "data-matrix"
    case ean13
    case code128 = "code-128"

    /// The AIM symbology identifier (ISO/IEC 15424) that a reader sends before the bytes.
    func identifier(isGS1: Bool) -> String {
        switch self {
        case .gs1128: "]C1"
        case .qr: isGS1 ? "]Q3" : "]Q1"
        case .dataMatrix: isGS1 ? "]d2" : "]d1"
        case .ean13: "]E0"
        case .code128: "]C0"
        }
    }
}
