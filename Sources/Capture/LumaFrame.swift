/// One picture of a camera in shades of grey.
public struct LumaFrame: Hashable, Sendable {
    /// The most pixels of a frame, as 4K video has them.
    public static let pixelsMax = 3840 * 2160

    public let width: Int
    public let height: Int
    /// One byte a pixel, row after row from the top, 0 for black.
    public let pixels: [UInt8]

    /// Nil unless there is one byte for each pixel and at least one pixel.
    public init?(width: Int, height: Int, pixels: [UInt8]) {
        guard LumaFrame.pixelCount(width: width, height: height) == pixels.count else { return nil }
        self.width = width
        self.height = height
        self.pixels = pixels
    }

    /// Nil for a frame without pixels or with too many.
    static func pixelCount(width: Int, height: Int) -> Int? {
        let (count, overflow) = width.multipliedReportingOverflow(by: height)
        return width > 0 && height > 0 && !overflow && count <= pixelsMax ? count : nil
    }

    /// Nil unless the bytes are exactly what `pgm` gives.
    init?(pgm bytes: [UInt8]) {
        let start = bytes.prefix(LumaFrame.headerBytesMax)
        let parts = start.split(separator: 0x0A, maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0].elementsEqual("P5".utf8), parts[2].elementsEqual("255".utf8) else {
            return nil
        }
        let size = String(decoding: parts[1], as: UTF8.self).split(separator: " ").map { Int($0) }
        guard size.count == 2, let width = size[0], let height = size[1] else { return nil }
        self.init(width: width, height: height, pixels: Array(bytes[parts[3].startIndex...]))
    }

    /// Two sizes of five digits at the most, and what stands around them.
    private static let headerBytesMax = 32

    /// The frame as an image file in the Netpbm format PGM, binary (P5), 8 bits a pixel.
    public var pgm: [UInt8] {
        Array("P5\n\(width) \(height)\n255\n".utf8) + pixels
    }
}
