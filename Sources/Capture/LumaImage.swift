import CPNG
import CTurboJPEG
import Ledger

/// An image as the symbol decoder wants it: one byte of brightness per pixel, row after row without padding.
struct LumaImage {
    /// Larger images are refused from their header, before anything is allocated for them.
    static let pixelsMax = 40_000_000

    let width: Int
    let height: Int
    let pixels: [UInt8]

    /// Reads a PNG or a baseline or progressive JPEG.
    ///
    /// Throws `image-not-recognised`, `image-too-many-pixels`, `image-damaged`.
    init(decoding bytes: [UInt8]) throws {
        if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
            self = try LumaImage.png(bytes)
        } else if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
            self = try LumaImage.jpeg(bytes)
        } else {
            throw CustodyError(
                "image-not-recognised", "The file is neither a PNG nor a JPEG image",
                remedy: "Save the picture as PNG or JPEG.")
        }
    }

    /// `pixels` has exactly `width` times `height` bytes.
    init(width: Int, height: Int, pixels: [UInt8]) {
        self.width = width
        self.height = height
        self.pixels = pixels
    }

    /// The number of pixels, if an image of this size may be decoded.
    static func pixelCount(width: Int, height: Int) throws -> Int {
        let (count, overflow) = width.multipliedReportingOverflow(by: height)
        guard width > 0, height > 0 else { throw damaged("its size is \(width) x \(height)") }
        guard !overflow, count <= pixelsMax else {
            throw CustodyError(
                "image-too-many-pixels", "The image has \(width) x \(height) pixels, more than \(pixelsMax)",
                remedy: "Take the picture with a lower resolution, or cut out the label.")
        }
        return count
    }

    private static func png(_ bytes: [UInt8]) throws -> LumaImage {
        var image = png_image()
        image.version = custody_png_image_version()
        defer { png_image_free(&image) }
        let read = bytes.withUnsafeBytes { source in
            png_image_begin_read_from_memory(&image, source.baseAddress, source.count)
        }
        guard read != 0 else { throw damaged(message(of: image)) }
        let (width, height) = (Int(image.width), Int(image.height))
        let count = try pixelCount(width: width, height: height)
        image.format = custody_png_format_gray()
        return LumaImage(width: width, height: height, pixels: try pngPixels(&image, source: bytes, count: count))
    }

    /// `source` is the memory that the header was read from; it is read again here, so both calls see the same array.
    private static func pngPixels(_ image: inout png_image, source: [UInt8], count: Int) throws -> [UInt8] {
        try source.withUnsafeBytes { _ in
            try [UInt8](unsafeUninitializedCapacity: count) { pixels, initialised in
                // What is transparent prints as the paper's white.
                var paper = png_color(red: 255, green: 255, blue: 255)
                guard png_image_finish_read(&image, &paper, pixels.baseAddress, 0, nil) != 0 else {
                    throw damaged(message(of: image))
                }
                initialised = count
            }
        }
    }

    private static func message(of image: png_image) -> String {
        withUnsafeBytes(of: image.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    private static func jpeg(_ bytes: [UInt8]) throws -> LumaImage {
        guard let decompressor = tjInitDecompress() else { throw damaged("the JPEG decoder does not start") }
        defer { _ = tjDestroy(decompressor) }
        var (width, height, subsampling, colorspace) = (Int32(0), Int32(0), Int32(0), Int32(0))
        guard
            tjDecompressHeader3(
                decompressor, bytes, UInt(bytes.count), &width, &height, &subsampling, &colorspace) == 0
        else { throw damaged(String(cString: tjGetErrorStr2(decompressor))) }
        let count = try pixelCount(width: Int(width), height: Int(height))
        let pixels = try [UInt8](unsafeUninitializedCapacity: count) { pixels, initialised in
            // A cut-off JPEG is only a warning to the library, and a bomb of empty scans is nothing at all to it.
            let flags = TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS
            guard
                tjDecompress2(
                    decompressor, bytes, UInt(bytes.count), pixels.baseAddress, width, 0, height,
                    Int32(TJPF_GRAY.rawValue), flags) == 0
            else { throw damaged(String(cString: tjGetErrorStr2(decompressor))) }
            initialised = count
        }
        return LumaImage(width: Int(width), height: Int(height), pixels: pixels)
    }

    private static func damaged(_ reason: String) -> CustodyError {
        CustodyError(
            "image-damaged", "The image is damaged or cut off: \(reason)",
            remedy: "Take or send the picture again.")
    }
}
