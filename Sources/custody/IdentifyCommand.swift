import ArgumentParser
import Foundation
import Gateway
import Identifiers
import Ledger

struct IdentifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "identify", abstract: "Say what scanned data means.",
        discussion: "One datum a line in, one JSON object a line out. Status 1 if any was invalid.")

    /// How much is read and written at once.
    private static let chunkSize = 1 << 18

    @Argument(help: "The data, or - to read lines from standard input.")
    var data: String = "-"

    func run() async throws {
        let year = CalendarYear.present
        let isValid = try data == "-" ? Self.identifyLines(year: year) : Self.identify(Array(data.utf8), year: year)
        guard isValid else { throw CheckFailed(message: "") }
    }

    private static func identify(_ datum: [UInt8], year: Int) throws -> Bool {
        let report = Identifier.report(for: datum, year: year)
        var output: [UInt8] = []
        report.appendJSON(to: &output)
        try FileHandle.standardOutput.write(contentsOf: Data(output + [UInt8(ascii: "\n")]))
        return report.valid
    }

    /// Writes what is ready before it waits for more input, so that it can answer a program line by line.
    private static func identifyLines(year: Int) throws -> Bool {
        var writer = IdentifierReportWriter(year: year)
        var output: [UInt8] = []
        let input = FileHandle.standardInput.fileDescriptor
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: chunkSize, alignment: 1)
        defer { chunk.deallocate() }
        while case let count = read(input, chunk.baseAddress, chunk.count), count != 0 {
            guard count > 0 else {
                if errno == EINTR { continue }
                throw CustodyError(
                    .fileUnreadable, "standard input cannot be read: \(String(cString: strerror(errno)))")
            }
            writer.read(UnsafeRawBufferPointer(rebasing: chunk[..<count]), into: &output)
            try FileHandle.standardOutput.write(contentsOf: Data(output))
            output.removeAll(keepingCapacity: true)
        }
        writer.finish(into: &output)
        try FileHandle.standardOutput.write(contentsOf: Data(output))
        return writer.invalid == 0
    }
}
