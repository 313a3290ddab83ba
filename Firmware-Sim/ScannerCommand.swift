import ArgumentParser
import Ledger

/// `firmware-sim scanner`
struct ScannerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scanner", abstract: "Scan labels through a pseudo-terminal, as a handheld scanner does.",
        discussion: """
            Prints the line's path, then one line for each scan: beep, refusal or silence. Point the gateway's serial \
            scanner at the link. Fails when a scan did not beep.
            """)

    @Option(help: "Make a symbolic link to the line here, so that the gateway can be told a path that stays.")
    var link: String?

    @Option(help: "What to scan: a GS1 element string in brackets, or plain text. Can be given many times.")
    var data: [String]

    @Option(help: "gs1-128, qr, data-matrix, ean13 or code-128; the default fits the data.")
    var symbology: Symbology?

    @Option(name: .customLong("repeat"), help: "How often to scan all of it.")
    var repetitions = 1

    @Option(help: "Seconds between two scans.")
    var every = 0.0

    @Option(help: "Seconds to wait for the gateway's answer.")
    var wait = 10.0

    func validate() throws {
        guard !data.isEmpty else { throw ValidationError("There is no --data to scan.") }
        guard repetitions >= 1 else { throw ValidationError("--repeat must be at least 1.") }
        guard every >= 0, wait > 0 else { throw ValidationError("--every and --wait must not be negative.") }
    }

    func run() async throws {
        let labels = try data.map { try Label($0, symbology: symbology) }
        let scanner = try HandheldScanner(link: link)
        StandardOutput.line("scanner at \(link ?? scanner.path)")
        var failures = 0
        for _ in 0..<repetitions {
            for label in labels {
                if try await scan(label, with: scanner) != .beep { failures += 1 }
                try await Task.sleep(for: .seconds(every))
            }
        }
        guard failures == 0 else {
            throw CustodyError("scan-without-beep", "\(failures) of \(repetitions * labels.count) scans did not beep")
        }
    }

    private func scan(_ label: Label, with scanner: HandheldScanner) async throws -> HandheldScanner.Answer {
        let answer = await scanner.scan(label, within: .seconds(wait))
        try Task.checkCancellation()
        switch answer {
        case .beep: StandardOutput.line("beep     \(label.text)")
        case .refusal(let reason): StandardOutput.line("refusal  \(label.text)  \(reason)")
        case .silence: StandardOutput.line("silence  \(label.text)")
        }
        return answer
    }
}
