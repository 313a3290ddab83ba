/// A layout as PNG (ISO/IEC 15948): one bit a dot, and not compressed: labels are small.
struct PNGDrawing {
    private let layout: LabelLayout
    private let bytesPerRow: Int

    init(_ layout: LabelLayout) {
        self.layout = layout
        bytesPerRow = (layout.width + 7) / 8
    }

    var bytes: [UInt8] {
        [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
            + PNGDrawing.chunk("IHDR", header)
            + PNGDrawing.chunk("pHYs", resolution)
            + PNGDrawing.chunk("IDAT", PNGDrawing.stored(rows))
            + PNGDrawing.chunk("IEND", [])
    }

    /// Width, height, one bit, grey, and the only methods that there are.
    private var header: [UInt8] {
        PNGDrawing.bigEndian(UInt32(clamping: layout.width)) + PNGDrawing.bigEndian(UInt32(clamping: layout.height))
            + [1, 0, 0, 0, 0]
    }

    /// Dots a metre, both ways.
    private var resolution: [UInt8] {
        let perMetre =
            (layout.dotsPerInch * 1_000_000 + LabelStock.micrometresPerInch / 2)
            / LabelStock.micrometresPerInch
        let bytes = PNGDrawing.bigEndian(UInt32(clamping: perMetre))
        return bytes + bytes + [1]
    }

    // MARK: Dots

    /// Each row begins with the number of its filter, none.
    private var rows: [UInt8] {
        var rows = [UInt8](repeating: 0xFF, count: (bytesPerRow + 1) * layout.height)
        for row in 0..<layout.height { rows[row * (bytesPerRow + 1)] = 0 }
        for rectangle in layout.rectangles { darken(rectangle, in: &rows) }
        for line in layout.lines { darken(line, in: &rows) }
        return rows
    }

    private func darken(_ rectangle: LabelLayout.Rectangle, in rows: inout [UInt8]) {
        for y in max(0, rectangle.y)..<max(0, min(layout.height, rectangle.y + rectangle.height)) {
            for x in max(0, rectangle.x)..<max(0, min(layout.width, rectangle.x + rectangle.width)) {
                rows[y * (bytesPerRow + 1) + 1 + x / 8] &= ~(0x80 >> UInt8(x % 8))
            }
        }
    }

    private func darken(_ line: LabelLayout.Line, in rows: inout [UInt8]) {
        let side = layout.textDots
        for (column, character) in line.text.enumerated() {
            for dot in BitmapFont.dots(of: character) {
                let x = line.x + (column * BitmapFont.advance + dot.x) * side
                darken(
                    LabelLayout.Rectangle(x: x, y: line.y + dot.y * side, width: side, height: side), in: &rows)
            }
        }
    }

    // MARK: Format

    private static func chunk(_ name: String, _ content: [UInt8]) -> [UInt8] {
        let named = Array(name.utf8) + content
        return bigEndian(UInt32(clamping: content.count)) + named + bigEndian(crc32(named))
    }

    /// A zlib stream (RFC 1950) of stored blocks (RFC 1951, section 3.2.4).
    private static func stored(_ content: [UInt8]) -> [UInt8] {
        var stream: [UInt8] = [0x78, 0x01]
        stream.reserveCapacity(content.count + content.count / 1_000 + 64)
        for start in stride(from: 0, to: content.count, by: blockBytesMax) {
            let block = content[start..<min(start + blockBytesMax, content.count)]
            let count = UInt16(clamping: block.count)
            stream.append(start + block.count == content.count ? 1 : 0)
            for half in [count, ~count] { stream += [UInt8(truncatingIfNeeded: half), UInt8(half >> 8)] }
            stream += block
        }
        return stream + bigEndian(adler32(content))
    }

    private static let blockBytesMax = 65_535

    private static func adler32(_ bytes: [UInt8]) -> UInt32 {
        var (low, high) = (UInt32(1), UInt32(0))
        for byte in bytes {
            low = (low + UInt32(byte)) % 65_521
            high = (high + low) % 65_521
        }
        return high << 16 | low
    }

    private static func crc32(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(0xFFFF_FFFF) { crc, byte in crcTable[Int(UInt8(truncatingIfNeeded: crc) ^ byte)] ^ crc >> 8 }
    }

    private static let crcTable: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { crc, _ in crc & 1 == 1 ? 0xEDB8_8320 ^ crc >> 1 : crc >> 1 }
    }

    private static func bigEndian(_ number: UInt32) -> [UInt8] {
        stride(from: 24, through: 0, by: -8).map { UInt8(truncatingIfNeeded: number >> UInt32($0)) }
    }
}
