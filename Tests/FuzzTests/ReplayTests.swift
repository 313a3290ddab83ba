import Foundation
import Testing

@testable import custody_fuzz

/// Hostile inputs, the same ones in every run: a trap here ends the whole run.
@Suite struct ReplayTests {
    /// Inputs for each parser, many more than that are tried by `make fuzz`.
    static let inputs = 1_000

    @Test func noParserTrapsOnSpoiledInputs() throws {
        for parser in try Corpus.parsers() {
            var mutator = Mutator(seed: 20_261_123)
            for _ in 0..<Self.inputs { _ = try parser.accepts(mutator.mutate(parser.samples)) }
        }
    }

    @Test func everySampleIsWellFormed() throws {
        for parser in try Corpus.parsers() {
            for sample in parser.samples { #expect(try parser.accepts(sample), "\(parser.name)") }
        }
    }

    /// What once went wrong: `Kept/PARSER-NAME`, each for the parser that its name begins with.
    @Test func whatOnceWentWrongStaysRight() throws {
        let folder = Bundle.module.bundleURL.appendingPathComponent("Kept")
        let parsers = Dictionary(uniqueKeysWithValues: try Corpus.parsers().map { ($0.name, $0) })
        for file in try FileManager.default.contentsOfDirectory(atPath: folder.path) where !file.hasPrefix(".") {
            let name = String(file.prefix { $0 != "-" }).replacing("_", with: " ")
            let parser = try #require(parsers[name], "no parser is called \(name)")
            _ = try parser.accepts([UInt8](Data(contentsOf: folder.appendingPathComponent(file))))
        }
    }
}
