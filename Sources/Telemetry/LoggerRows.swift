/// Walks the rows of a logger's file and cuts them into cells.
struct LoggerRows {
    /// The most cells of a row that are looked at.
    static let cellsMax = 256

    let separator: UInt8
    private let bytes: [UInt8]
    private var next: Int

    /// The row's number, counted from 1.
    private(set) var line = 0

    /// Where the row begins, in bytes from the begin of the file.
    private(set) var position = 0

    /// Without spaces around them and without their quotes.
    private(set) var cells: [ArraySlice<UInt8>] = []

    init(_ bytes: [UInt8], separator: UInt8) {
        self.bytes = bytes
        self.separator = separator
        next = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    }

    /// Whether the row is empty or a comment.
    var isSkipped: Bool { cells.allSatisfy(\.isEmpty) || cells.first?.first == 0x23 }

    /// Goes to the next row; false at the end.
    mutating func advance() -> Bool {
        guard next < bytes.count else { return false }
        var end = next
        while end < bytes.count, bytes[end] != 0x0A, bytes[end] != 0x0D { end += 1 }
        (line, position) = (line + 1, next)
        cut(bytes[next..<end])
        let isPair = end + 1 < bytes.count && bytes[end] == 0x0D && bytes[end + 1] == 0x0A
        next = end + (isPair ? 2 : 1)
        return true
    }

    private mutating func cut(_ row: ArraySlice<UInt8>) {
        cells.removeAll(keepingCapacity: true)
        var begin = row.startIndex
        var isQuoted = false
        for index in row.indices {
            if row[index] == 0x22 { isQuoted.toggle() }
            guard row[index] == separator, !isQuoted else { continue }
            add(row[begin..<index])
            begin = index + 1
        }
        add(row[begin...])
    }

    private mutating func add(_ cell: ArraySlice<UInt8>) {
        guard cells.count < LoggerRows.cellsMax else { return }
        let trimmed = LoggerRows.trimmed(cell)
        guard trimmed.count >= 2, trimmed.first == 0x22, trimmed.last == 0x22 else { return cells.append(trimmed) }
        cells.append(LoggerRows.trimmed(trimmed.dropFirst().dropLast()))
    }

    private static func trimmed(_ cell: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var (begin, end) = (cell.startIndex, cell.endIndex)
        while begin < end, cell[begin] == 0x20 || cell[begin] == 0x09 { begin += 1 }
        while end > begin, cell[end - 1] == 0x20 || cell[end - 1] == 0x09 { end -= 1 }
        return cell[begin..<end]
    }
}
