import Identifiers

/// Cuts a scanner's bytes into scans: one line each, ended by CR, LF or both.
struct LineAssembler {
    enum Line: Equatable {
        case scan(Scan)
        /// Longer than `LineScanner.lineBytesMax`; all of it was dropped.
        case tooLong
    }

    private var line: [UInt8] = []
    private var isTooLong = false

    /// The lines that `bytes` complete, in order; empty lines are none.
    mutating func append(_ bytes: some Sequence<UInt8>) -> [Line] {
        bytes.compactMap { append($0) }
    }

    /// Forgets the beginning of a line, as when the device went away.
    mutating func reset() {
        line.removeAll(keepingCapacity: true)
        isTooLong = false
    }

    private mutating func append(_ byte: UInt8) -> Line? {
        guard byte == 0x0D || byte == 0x0A else {
            if line.count < LineScanner.lineBytesMax {
                line.append(byte)
            } else {
                isTooLong = true
            }
            return nil
        }
        defer { reset() }
        if isTooLong { return .tooLong }
        return line.isEmpty ? nil : .scan(LineAssembler.scan(line))
    }

    /// Splits off an AIM symbology identifier (ISO/IEC 15424): `]`, a letter and a modifier character.
    static func scan(_ line: [UInt8]) -> Scan {
        let prefix = line.prefix(3)
        guard prefix.count == 3, prefix[0] == 0x5D, isLetter(prefix[1]), isLetter(prefix[2]) || isDigit(prefix[2])
        else { return Scan(bytes: line, symbologyIdentifier: nil) }
        return Scan(
            bytes: Array(line.dropFirst(3)), symbologyIdentifier: String(decoding: prefix, as: UTF8.self))
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte & 0xDF) }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
