import ArgumentParser
import Foundation
import Gateway
import Identifiers
import Labels
import Ledger

/// `custody label`
struct LabelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "label", abstract: "Print a device's label: symbol and human readable text.",
        discussion: "What stands on it is checked as a scan is. The file appears whole or not at all.")

    @Option(help: "The trade item number: 14 digits, or 8, 12 or 13.")
    var gtin: String
    @Option(help: "The serial number.")
    var serial: String?
    @Option(help: "The lot or batch number.")
    var lot: String?
    @Option(help: "The last day of use: YYYY-MM-DD, YYYY-MM or YYMMDD.")
    var expiry: String?
    @Option(help: "The day of manufacture: YYYY-MM-DD, YYYY-MM or YYMMDD.")
    var manufactured: String?
    @Option(help: "datamatrix, qr or gs1-128; the default is datamatrix, with --digital-link qr.")
    var symbology: PrintedSymbology?
    @Option(help: "svg, png or zpl; the default is the file's extension.", transform: LabelFormat.init(argument:))
    var format: LabelFormat?
    @Option(help: "The printer's resolution, 150 to 1200.")
    var dpi: Int = 300
    @Option(help: "The width of a module (X-dimension); the default is what GS1 aims for.")
    var moduleMillimetres: Double?
    @Option(help: "The label's size in millimetres, such as 50x30; the default is as large as its content.")
    var size: String?
    @Option(help: "Write a GS1 Digital Link on this domain into the QR Code.")
    var digitalLink: String?
    @Option(name: .shortAndLong, help: "The file to write, or - for standard output.")
    var output: String

    func run() throws {
        let year = CalendarYear.present
        let label = try DeviceLabel(
            gtin: gtin, lot: lot, serial: serial, expiry: try expiry.map { try LabelDate($0, year: year) },
            manufactured: try manufactured.map { try LabelDate($0, year: year) }, year: year, domain: digitalLink)
        let stock = try LabelSize.stock(dpi: dpi, moduleMillimetres: moduleMillimetres, size: size)
        try DrawnLabel(label, in: symbology, as: format, on: stock, output: output).write()
    }
}

/// What `custody record` prints of the update that it has just recorded.
struct LabelOptions: ParsableArguments {
    @Option(help: "Print the label of the first thing recorded into this file, once the update is on disk.")
    var label: String?
    @Option(help: "datamatrix, qr or gs1-128; the default is datamatrix, with --label-digital-link qr.")
    var labelSymbology: PrintedSymbology?
    @Option(help: "svg, png or zpl; the default is the file's extension.", transform: LabelFormat.init(argument:))
    var labelFormat: LabelFormat?
    @Option(help: "The label printer's resolution, 150 to 1200.")
    var labelDpi: Int = 300
    @Option(help: "The label's size in millimetres, such as 50x30; the default is as large as its content.")
    var labelSize: String?
    @Option(help: "Write a GS1 Digital Link on this domain into the QR Code.")
    var labelDigitalLink: String?
    @Option(help: "The last day of use on the label; the default is the public fact expiry.")
    var labelExpiry: String?
    @Option(help: "The day of manufacture on the label; the default is the public fact manufactured.")
    var labelManufactured: String?

    /// Draws the label of the first subject; nil without `--label`. Call it before recording, so that an update whose
    /// label cannot be printed is not recorded, and write what it returns after the receipt.
    func draw(subjects: [String], facts: [(name: String, value: Draft.Value)]) throws -> DrawnLabel? {
        guard let label else { return nil }
        guard label != "-" else { throw ValidationError("--label needs a file: the receipt goes to standard output") }
        guard let subject = subjects.first else { throw ValidationError("--label needs a --scan of what is labelled") }
        let year = CalendarYear.present
        let content = try DeviceLabel(
            subject: subject, expiry: try date(labelExpiry, "expiry", facts, year: year),
            manufactured: try date(labelManufactured, "manufactured", facts, year: year), year: year,
            domain: labelDigitalLink)
        let stock = try LabelSize.stock(dpi: labelDpi, moduleMillimetres: nil, size: labelSize)
        return try DrawnLabel(content, in: labelSymbology, as: labelFormat, on: stock, output: label)
    }

    private func date(
        _ option: String?,
        _ name: String,
        _ facts: [(name: String, value: Draft.Value)],
        year: Int
    ) throws -> LabelDate? {
        if let option { return try LabelDate(option, year: year) }
        guard case .text(let text) = facts.first(where: { $0.name == name })?.value else { return nil }
        return try LabelDate(text, year: year)
    }
}

/// The symbologies in which devices are labelled.
enum PrintedSymbology: String, CaseIterable, ExpressibleByArgument {
    case datamatrix
    case qr
    case gs1128 = "gs1-128"

    var symbology: Symbology {
        switch self {
        case .datamatrix: .dataMatrix
        case .qr: .qr
        case .gs1128: .gs1128
        }
    }
}

extension LabelFormat {
    fileprivate init(argument: String) throws {
        guard let format = LabelFormat(rawValue: argument) else {
            throw ValidationError("'\(argument)' is no format for labels: use svg, png or zpl")
        }
        self = format
    }
}

/// A label that only needs writing.
struct DrawnLabel {
    let bytes: [UInt8]
    /// A path, or `-` for standard output.
    let output: String

    init(
        _ label: DeviceLabel,
        in symbology: PrintedSymbology?,
        as format: LabelFormat?,
        on stock: LabelStock,
        output: String
    ) throws {
        guard let format = format ?? LabelFormat(rawValue: DrawnLabel.fileExtension(of: output)) else {
            throw ValidationError("name the label's --format, svg, png or zpl: '\(output)' does not tell it")
        }
        let chosen = symbology ?? (label.domain == nil ? .datamatrix : .qr)
        guard label.domain == nil || chosen == .qr else {
            throw ValidationError("a Digital Link is printed as a QR Code, not as \(chosen.rawValue)")
        }
        bytes = format.render(try LabelLayout(label, in: chosen.symbology, on: stock))
        self.output = output
    }

    func write() throws {
        guard output == "-" else { return try LabelFile.write(bytes, to: output) }
        try FileHandle.standardOutput.write(contentsOf: Data(bytes))
    }

    private static func fileExtension(of path: String) -> String {
        path.split(separator: "/").last?.split(separator: ".").dropFirst().last?.lowercased() ?? ""
    }
}

/// Lengths as they are given on a command line.
enum LabelSize {
    static func stock(dpi: Int, moduleMillimetres: Double?, size: String?) throws -> LabelStock {
        try LabelStock(
            dotsPerInch: dpi, moduleMicrometres: try moduleMillimetres.map { try micrometres($0, "\($0)") },
            extent: try size.map(extent))
    }

    private static func extent(_ text: String) throws -> LabelStock.Extent {
        let sides = text.split(separator: "x", omittingEmptySubsequences: false).map { Double($0) }
        guard sides.count == 2, let width = sides[0], let height = sides[1] else {
            throw ValidationError("'\(text)' is not of the form WIDTHxHEIGHT in millimetres, such as 50x30")
        }
        return LabelStock.Extent(width: try micrometres(width, text), height: try micrometres(height, text))
    }

    /// Metres of label would overflow nothing, but no one means them.
    private static func micrometres(_ millimetres: Double, _ text: String) throws -> Int {
        guard (0...10_000).contains(millimetres) else { throw ValidationError("'\(text)' is no size in millimetres") }
        return Int((millimetres * 1_000).rounded())
    }
}
