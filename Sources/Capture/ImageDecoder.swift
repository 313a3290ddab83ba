import Identifiers
import Ledger

/// Finds the bar codes and matrix symbols in a PNG or JPEG image or in a camera's frame, in the calling process.
///
/// Two libraries look, in the order of a `DecodePlan`, until something is trusted. One decoder serves one thread and
/// keeps its memory from image to image. For images from outside use `DecodeClient`, which runs this where a hostile
/// image can harm only a helper process.
public final class ImageDecoder {
    /// The largest image file, in bytes.
    public static let imageBytesMax = 32 * 1024 * 1024
    /// The largest image, in pixels (width times height), checked from the header before memory is taken for it.
    public static let pixelsMax = LumaImage.pixelsMax
    /// The largest changed copy of an image that is made to look again, in pixels.
    static let retouchedPixelsMax = 8_000_000

    /// From here on a photograph is looked at in half its size first, in pixels.
    static let largePixels = 4_000_000

    private let zbar: ZBarDecoder
    private let zxing = ZXingDecoder()
    private var pace = FramePace()
    /// What was read of the last frame and not believed.
    private var doubtful: [SymbolRead] = []

    /// Throws `decoder-out-of-memory`.
    public init() throws {
        zbar = try ZBarDecoder()
    }

    /// Every symbol in the image that is trusted, once each, in the order found; an empty list when there is none.
    ///
    /// Blocks for up to seconds on a large image: never call it on the cooperative pool. Throws `image-too-large`,
    /// `image-not-recognised`, `image-too-many-pixels`, `image-damaged`, `decoder-out-of-memory`.
    public func decode(_ image: [UInt8], plan: DecodePlan = .photograph) throws -> [DecodedSymbol] {
        try ImageDecoder.checkSize(image.count)
        let luma = try LumaImage(decoding: image)
        let isLarge = plan.rounds == DecodePlan.photograph.rounds && luma.pixels.count > ImageDecoder.largePixels
        return try evidence(of: luma, isLarge ? .largePhotograph : plan, Evidence()).trusted.map(\.decoded)
    }

    /// Every symbol in one frame of a camera: one byte of brightness per pixel, row after row without padding. What this
    /// frame alone leaves in doubt is believed when the frame before showed it too.
    ///
    /// Throws as `decode(_:plan:)` does; `image-damaged` where the pixels do not fill the size.
    public func decode(
        frame pixels: [UInt8], width: Int, height: Int, plan: DecodePlan = .frame
    ) throws -> [DecodedSymbol] {
        guard try LumaImage.pixelCount(width: width, height: height) == pixels.count else {
            throw ImageDecoder.unreadable
        }
        let frame = LumaImage(width: width, height: height, pixels: pixels)
        let evidence = try evidence(of: frame, plan, Evidence(earlier: doubtful))
        doubtful = evidence.doubtful
        return evidence.trusted.map(\.decoded)
    }

    /// The same of what `LumaFrame.pgm` wrote.
    public func decode(pgm: [UInt8]) throws -> [DecodedSymbol] {
        guard let frame = LumaFrame(pgm: pgm) else { throw ImageDecoder.unreadable }
        return try decode(frame: frame.pixels, width: frame.width, height: frame.height)
    }

    static func checkSize(_ count: Int) throws {
        guard count <= imageBytesMax else {
            throw CustodyError(
                "image-too-large", "The image file has \(count) bytes, more than \(imageBytesMax)",
                remedy: "Take the picture with a lower resolution, or save it as JPEG.")
        }
    }

    private func evidence(of image: LumaImage, _ plan: DecodePlan, _ before: Evidence) throws -> Evidence {
        let end = ContinuousClock.now + plan.budget
        var evidence = before
        for (index, round) in plan.rounds.enumerated() {
            guard index == 0 || !evidence.isSettled && ContinuousClock.now < end else { break }
            try look(at: image, round, &evidence)
        }
        return evidence
    }

    private func look(at image: LumaImage, _ round: DecodePlan.Round, _ evidence: inout Evidence) throws {
        switch round.area {
        case .whole: try search(image, round, &evidence)
        case .busyRegions:
            for region in BusyRegion.all(in: image) { try search(image.cut(region), round, &evidence) }
        }
    }

    private func search(_ image: LumaImage, _ round: DecodePlan.Round, _ evidence: inout Evidence) throws {
        let count = image.pixels.count
        guard round.retouch.pixelCount(count) <= max(count, ImageDecoder.retouchedPixelsMax) else { return }
        let changed = round.retouch.applied(to: image)
        for search in round.searches {
            evidence.add(try read(changed, search), from: round.retouch)
        }
    }

    private func read(_ image: LumaImage, _ search: DecodePlan.Search) throws -> [SymbolRead] {
        switch search {
        case .zbar: try zbar.read(image, step: 1)
        case .pacedZBar: try pacedRead(image)
        case .zxing(let search): try zxing.read(image, search)
        }
    }

    private func pacedRead(_ image: LumaImage) throws -> [SymbolRead] {
        let began = ContinuousClock.now
        defer { pace.took(ContinuousClock.now - began) }
        return try zbar.read(image, step: pace.step)
    }

    static let outOfMemory = CustodyError(
        "decoder-out-of-memory", "There is not enough memory to decode the image")

    static let unreadable = CustodyError(
        "image-damaged", "The symbol decoder cannot read the image", remedy: "Take or send the picture again.")
}

extension SymbolRead {
    fileprivate var decoded: DecodedSymbol {
        DecodedSymbol(
            symbology: symbology.name(isGS1: isGS1),
            scan: Scan(bytes: bytes, symbologyIdentifier: symbologyIdentifier), text: text)
    }

    private var isGS1: Bool { ["]C1", "]d2", "]d8", "]Q3", "]z1", "]e0"].contains(symbologyIdentifier) }
}
