/// A changed copy of an image in which a decoder may find what it missed in the original.
enum Retouch: CaseIterable, Sendable {
    case none
    /// Twice the width and height: for modules of one or two pixels.
    case doubled
    /// Half the width and height: for large modules, and against noise.
    case halved
    /// Doubled, with edges drawn steeper: for a picture out of focus.
    case doubledAndSharpened
    /// Each pixel the mean of its neighbourhood: against noise.
    case softened
    /// By 45 degrees: for bars that no row or column of pixels crosses whole.
    case turned
    /// Light for dark: for symbols printed white on black.
    case inverted

    /// The pixels of the changed image, for one of this many.
    func pixelCount(_ count: Int) -> Int {
        switch self {
        case .none, .softened, .inverted: count
        case .doubled, .doubledAndSharpened: count * 4
        case .halved: count / 4
        case .turned: count * 2
        }
    }

    func applied(to image: LumaImage) -> LumaImage {
        switch self {
        case .none: image
        case .doubled: image.doubled()
        case .halved: image.halved()
        case .doubledAndSharpened: image.doubled().sharpened()
        case .softened: image.blurred(radius: 1)
        case .turned: image.turned()
        case .inverted: image.inverted()
        }
    }
}

extension LumaImage {
    /// Each output pixel lies a quarter of a pixel from its nearest neighbour: weights 9, 3, 3, 1 of 16.
    fileprivate func doubled() -> LumaImage {
        var mixed = [UInt16](repeating: 0, count: width)
        return drawn(width: width * 2, height: height * 2) { source, target in
            for y in 0..<height * 2 {
                let near = y / 2
                let far = min(max(y.isMultiple(of: 2) ? near - 1 : near + 1, 0), height - 1)
                for x in 0..<width {
                    mixed[x] = UInt16(source[near * width + x]) * 3 + UInt16(source[far * width + x])
                }
                LumaImage.double(mixed, into: target + y * width * 2)
            }
        }
    }

    private static func double(_ row: [UInt16], into target: UnsafeMutablePointer<UInt8>) {
        row.withUnsafeBufferPointer { row in
            let last = row.count - 1
            for x in 0...last {
                let near = row[x] * 3 + 8
                target[x * 2] = UInt8(truncatingIfNeeded: (near + row[max(x - 1, 0)]) >> 4)
                target[x * 2 + 1] = UInt8(truncatingIfNeeded: (near + row[min(x + 1, last)]) >> 4)
            }
        }
    }

    /// The mean of each square of four pixels. An image of a single row or column stays as it is.
    fileprivate func halved() -> LumaImage {
        guard width > 1, height > 1 else { return self }
        return drawn(width: width / 2, height: height / 2) { source, target in
            for y in 0..<height / 2 {
                let (upper, lower) = (source + y * 2 * width, source + (y * 2 + 1) * width)
                for x in 0..<width / 2 {
                    let sum =
                        UInt16(upper[x * 2]) + UInt16(upper[x * 2 + 1]) + UInt16(lower[x * 2])
                        + UInt16(lower[x * 2 + 1])
                    target[y * (width / 2) + x] = UInt8(truncatingIfNeeded: (sum + 2) >> 2)
                }
            }
        }
    }

    fileprivate func inverted() -> LumaImage {
        drawn(width: width, height: height) { source, target in
            for index in 0..<width * height { target[index] = ~source[index] }
        }
    }

    /// Adds one and a half times the difference from a blurred copy.
    fileprivate func sharpened() -> LumaImage {
        let blurred = blurred(radius: 3)
        return drawn(width: width, height: height) { source, target in
            for index in 0..<width * height {
                let difference = Int16(source[index]) - Int16(blurred.pixels[index])
                target[index] = UInt8(clamping: Int16(source[index]) + difference + difference / 2)
            }
        }
    }

    /// Two passes of a mean over `radius` pixels to each side, in each direction: near a Gaussian.
    fileprivate func blurred(radius: Int) -> LumaImage {
        var image = self
        for _ in 0..<2 { image = image.rowMeans(radius).columnMeans(radius) }
        return image
    }

    private func rowMeans(_ radius: Int) -> LumaImage {
        drawn(width: width, height: height) { source, target in
            for y in 0..<height {
                LumaImage.means(source + y * width, into: target + y * width, count: width, radius)
            }
        }
    }

    private static func means(
        _ source: UnsafePointer<UInt8>, into target: UnsafeMutablePointer<UInt8>, count: Int, _ radius: Int
    ) {
        func pixel(_ x: Int) -> UInt16 { UInt16(source[min(max(x, 0), count - 1)]) }
        let size = UInt16(radius * 2 + 1)
        var sum = (-radius..<radius).reduce(UInt16(0)) { $0 + pixel($1) }
        for x in 0..<count {
            sum += pixel(x + radius)
            target[x] = UInt8(truncatingIfNeeded: sum / size)
            sum -= pixel(x - radius)
        }
    }

    private func columnMeans(_ radius: Int) -> LumaImage {
        var sums = [UInt16](repeating: 0, count: width)
        let size = UInt16(radius * 2 + 1)
        return drawn(width: width, height: height) { source, target in
            func row(_ y: Int) -> UnsafePointer<UInt8> { source + min(max(y, 0), height - 1) * width }
            for y in -radius..<radius { for x in 0..<width { sums[x] += UInt16(row(y)[x]) } }
            for y in 0..<height {
                let (enters, leaves) = (row(y + radius), row(y - radius))
                for x in 0..<width {
                    sums[x] += UInt16(enters[x])
                    target[y * width + x] = UInt8(truncatingIfNeeded: sums[x] / size)
                    sums[x] -= UInt16(leaves[x])
                }
            }
        }
    }

    /// The picture turned by 45 degrees in a square that holds all of it; what was outside is a middle grey.
    fileprivate func turned() -> LumaImage {
        let side = Int((Double(width + height) * 0.707_11).rounded(.up)) + 1
        return drawn(width: side, height: side) { source, target in
            // Source coordinates in 1/65536 of a pixel; one step right or down is the same length along each diagonal.
            let step = 46_341
            for y in 0..<side {
                let (right, down) = (-side / 2, y - side / 2)
                var sourceX = (width << 15) + (right - down) * step
                var sourceY = (height << 15) + (right + down) * step
                for x in 0..<side {
                    target[y * side + x] = LumaImage.pixel(source, width, height, sourceX, sourceY)
                    sourceX += step
                    sourceY += step
                }
            }
        }
    }

    /// Between the four pixels around a place given in 1/65536 of a pixel.
    @inline(__always)
    private static func pixel(
        _ source: UnsafePointer<UInt8>, _ width: Int, _ height: Int, _ placeX: Int, _ placeY: Int
    ) -> UInt8 {
        let (x, y) = (placeX >> 16, placeY >> 16)
        guard x >= 0, y >= 0, x < width - 1, y < height - 1 else { return 128 }
        let (partX, partY) = (placeX >> 8 & 0xFF, placeY >> 8 & 0xFF)
        let corner = source + y * width + x
        let upper = Int(corner[0]) * (256 - partX) + Int(corner[1]) * partX
        let lower = Int(corner[width]) * (256 - partX) + Int(corner[width + 1]) * partX
        return UInt8(truncatingIfNeeded: (upper * (256 - partY) + lower * partY) >> 16)
    }

    /// A new image whose every pixel `draw` sets, from the pixels of this one.
    private func drawn(
        width: Int, height: Int, _ draw: (UnsafePointer<UInt8>, UnsafeMutablePointer<UInt8>) -> Void
    ) -> LumaImage {
        let drawn = [UInt8](unsafeUninitializedCapacity: width * height) { target, initialised in
            pixels.withUnsafeBufferPointer { source in
                guard let source = source.baseAddress, let target = target.baseAddress else { return }
                draw(source, target)
                initialised = width * height
            }
        }
        return LumaImage(width: width, height: height, pixels: drawn)
    }
}
