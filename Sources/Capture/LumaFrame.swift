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

    /// The frame as an image file in the Netpbm format PGM, binary (P5), 8 bits a pixel.
    public var pgm: [UInt8] {
        Array("P5\n\(width) \(height)\n255\n".utf8) + pixels
    }
}
