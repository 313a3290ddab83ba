/// A kind of symbol that an image is searched for.
///
/// Left out, because no device label carries them and noise resembles them: add-ons of two and five digits, ISBN (which
/// is an EAN-13), SQ Code, MaxiCode.
enum Symbology: CaseIterable, Sendable {
    case codabar, code39, code93, code128, dataBar, dataBarExpanded, ean8, ean13, interleaved2of5, upcA, upcE
    case aztec, dataMatrix, microQRCode, pdf417, qrCode

    /// What a linear symbol is read from: single lines, of which a few may be misread together.
    var isLinear: Bool {
        switch self {
        case .aztec, .dataMatrix, .microQRCode, .pdf417, .qrCode: false
        default: true
        }
    }

    /// Read as the 13 digits of an EAN-13, whose check digit alone guards them.
    var isRetail: Bool {
        switch self {
        case .ean8, .ean13, .upcA, .upcE: true
        default: false
        }
    }

    /// The common name, for people.
    func name(isGS1: Bool) -> String {
        switch self {
        case .codabar: "Codabar"
        case .code39: "Code 39"
        case .code93: "Code 93"
        case .code128: isGS1 ? "GS1-128" : "Code 128"
        case .dataBar: "GS1 DataBar"
        case .dataBarExpanded: "GS1 DataBar Expanded"
        case .ean8: "EAN-8"
        case .ean13: "EAN-13"
        case .interleaved2of5: "ITF"
        case .upcA: "UPC-A"
        case .upcE: "UPC-E"
        case .aztec: "Aztec Code"
        case .dataMatrix: isGS1 ? "GS1 DataMatrix" : "Data Matrix"
        case .microQRCode: "Micro QR Code"
        case .pdf417: "PDF417"
        case .qrCode: isGS1 ? "GS1 QR Code" : "QR Code"
        }
    }
}
