/// Turns a stream of lines into a stream of reports: one datum a line in, one JSON object a line out, in the same
/// order. An empty line is a datum too.
public struct IdentifierReportWriter: Sendable {
    /// The longest line that is looked at, in bytes without its end. Of a longer one no more is kept, so that it costs
    /// no memory; its report says so.
    public static let lineMax = 65_536

    private let year: Int
    private var line: [UInt8] = []
    private var length = 0

    /// How many lines were reported as not valid.
    public private(set) var invalid = 0

    /// `year` is the current year, for the century of dates.
    public init(year: Int) {
        self.year = year
        line.reserveCapacity(1_024)
    }

    /// Takes the next bytes of the stream, and appends the report of each line that ends in them.
    public mutating func read(_ bytes: UnsafeRawBufferPointer, into output: inout [UInt8]) {
        var rest = bytes[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            keep(rest[..<end])
            endLine(into: &output)
            rest = rest[(end + 1)...]
        }
        keep(rest)
    }

    /// Appends the report of the last line where it has no end of its own.
    public mutating func finish(into output: inout [UInt8]) {
        if length > 0 { endLine(into: &output) }
    }

    private mutating func keep(_ bytes: Slice<UnsafeRawBufferPointer>) {
        length += bytes.count
        let kept = bytes.prefix(max(0, IdentifierReportWriter.lineMax + 1 - line.count))
        line.append(contentsOf: UnsafeRawBufferPointer(rebasing: kept))
    }

    private mutating func endLine(into output: inout [UInt8]) {
        if line.last == UInt8(ascii: "\r"), length == line.count {
            line.removeLast()
            length -= 1
        }
        if !appendReport(to: &output) { invalid += 1 }
        output.append(UInt8(ascii: "\n"))
        length = 0
        line.removeAll(keepingCapacity: true)
    }

    private func appendReport(to output: inout [UInt8]) -> Bool {
        guard length > IdentifierReportWriter.lineMax else {
            return Identifier.appendReport(on: line, year: year, to: &output)
        }
        let error = IdentifierError(
            .lineTooLong, "A line has at most \(IdentifierReportWriter.lineMax) bytes, here are \(length).",
            position: IdentifierReportWriter.lineMax)
        error.appendReport(on: line[...], to: &output)
        return false
    }
}
