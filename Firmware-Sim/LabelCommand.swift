import ArgumentParser

extension Symbology: ExpressibleByArgument {}

/// `firmware-sim label`
struct LabelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "label", abstract: "Print a label into a PNG file.",
        discussion: "The file appears whole or not at all, so it can be printed into a folder that a gateway watches.")

    @Option(help: "A GS1 element string such as '(01)04012345000016(21)S1', an EAN-13 number, or plain text.")
    var data: String

    @Option(help: "gs1-128, qr, data-matrix, ean13 or code-128.")
    var symbology: Symbology?

    @Option(name: .shortAndLong, help: "The PNG file to write.")
    var output: String

    @Flag(help: "Print also what breaks the GS1 rules, to see a gateway refuse it.")
    var unchecked = false

    func run() throws {
        var printer = LabelPrinter()
        printer.isChecked = !unchecked
        try printer.draw(Label(data, symbology: symbology), to: output)
    }
}
