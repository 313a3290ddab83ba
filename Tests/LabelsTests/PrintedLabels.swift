import Capture
import Identifiers
import Labels

/// What the tests print.
enum PrintedLabels {
    /// GS1 AI encodable character set 82, in as many serial numbers as it needs (GS1 General Specifications, figure
    /// 7.11-1).
    static let serials: [String] = {
        let all = #"!"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"#
        return stride(from: 0, to: all.count, by: 17).map { String(all.dropFirst($0).prefix(17)) }
    }()

    static let resolutions = [203, 300, 600]

    static let symbologies: [Symbology] = [.dataMatrix, .qr, .gs1128]

    static func device(serial: String = "S1", lot: String? = nil, domain: String? = nil) throws -> DeviceLabel {
        try DeviceLabel(gtin: "04012345000016", lot: lot, serial: serial, year: 2026, domain: domain)
    }

    static func full() throws -> DeviceLabel {
        try DeviceLabel(
            gtin: "04012345000016", lot: "A1", serial: "S1", expiry: LabelDate("2031-11-30", year: 2026),
            manufactured: LabelDate("2026-01-02", year: 2026), year: 2026)
    }

    static func layout(
        _ label: DeviceLabel,
        _ symbology: Symbology,
        dotsPerInch: Int = 300,
        extent: LabelStock.Extent? = nil
    ) throws -> LabelLayout {
        try LabelLayout(label, in: symbology, on: LabelStock(dotsPerInch: dotsPerInch, extent: extent))
    }

    /// The one scan of a picture.
    static func scan(_ picture: [UInt8]) throws -> Scan? {
        let symbols = try ImageDecoder().decode(picture)
        return symbols.count == 1 ? symbols.first?.scan : nil
    }
}

extension Symbology {
    var gs1Identifier: String {
        switch self {
        case .dataMatrix: "]d2"
        case .qr: "]Q3"
        default: "]C1"
        }
    }
}
