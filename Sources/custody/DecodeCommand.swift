import ArgumentParser
import Capture
import Foundation
import Gateway
import Identifiers
import Ledger

struct DecodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decode", abstract: "Read the symbols in images.",
        discussion: "Prints one JSON object an image. Decoding runs in a helper process of limited memory and time.")

    @Argument(help: "PNG or JPEG files.")
    var images: [String]

    struct Read: Encodable {
        struct Symbol: Encodable {
            let symbology: String
            let symbologyIdentifier: String?
            let text: String
            let bytesHex: String
            let identifier: IdentifierReport?
        }

        struct Problem: Encodable {
            let code, message: String
        }

        let file: String
        var symbols: [Symbol]?
        var error: Problem?
        let milliseconds: Double
    }

    func run() async throws {
        let client = DecodeWorkerCommand.client()
        var failed = 0
        for image in images {
            let read = await read(image, with: client)
            if read.error != nil { failed += 1 }
            print(try OutputOptions.encode(read))
        }
        if failed > 0 { throw CheckFailed(message: "\(failed) of \(images.count) images could not be read") }
    }

    private func read(_ file: String, with client: DecodeClient) async -> Read {
        let began = ContinuousClock.now
        do {
            let symbols = try await client.decode(try NamedFile.bytes(file)).map(Self.symbol)
            return Read(file: file, symbols: symbols, milliseconds: Self.milliseconds(since: began))
        } catch {
            let problem = error as? CustodyError ?? CustodyError("image-not-read", "\(error)")
            return Read(
                file: file, error: .init(code: problem.code.rawValue, message: problem.message),
                milliseconds: Self.milliseconds(since: began))
        }
    }

    private static func milliseconds(since began: ContinuousClock.Instant) -> Double {
        let elapsed = (ContinuousClock.now - began) / .milliseconds(1)
        return (elapsed * 10).rounded() / 10
    }

    private static func symbol(_ symbol: DecodedSymbol) -> Read.Symbol {
        let bytes = symbol.scan.bytes
        return Read.Symbol(
            symbology: symbol.symbology, symbologyIdentifier: symbol.scan.symbologyIdentifier,
            text: symbol.text,
            bytesHex: ScannedBytes.hex(bytes),
            identifier: Identifier.report(
                for: Array((symbol.scan.symbologyIdentifier ?? "").utf8) + bytes,
                year: CalendarYear.present))
    }
}

struct DecodeWorkerCommand: ParsableCommand {
    static let name = "decode-worker"
    static let configuration = CommandConfiguration(
        commandName: name, abstract: "Decode images from standard input, for the gateway.", shouldDisplay: false)

    /// A decoder in a helper process of its own.
    static func client() -> DecodeClient { DecodeClient(executable: ExecutablePath.own, arguments: [name]) }

    static func work() -> Never { Foundation.exit(DecodeWorker.run(input: 0, output: 1)) }

    func run() { Self.work() }
}
