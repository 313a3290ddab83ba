import Testing

@testable import Capture

@Suite struct RetouchTests {
    private static func image(width: Int, height: Int, _ pixel: (Int, Int) -> UInt8) -> LumaImage {
        LumaImage(
            width: width, height: height,
            pixels: (0..<width * height).map { pixel($0 % width, $0 / width) })
    }

    @Test(arguments: Retouch.allCases.filter { $0 != .turned && $0 != .inverted }, [(1, 1), (2, 3), (7, 5), (1, 9)])
    func keepsAnEvenGrey(retouch: Retouch, size: (Int, Int)) {
        let changed = retouch.applied(to: Self.image(width: size.0, height: size.1) { _, _ in 77 })
        #expect(changed.pixels.count == changed.width * changed.height)
        #expect(changed.pixels.allSatisfy { $0 == 77 })
    }

    @Test(arguments: [
        (Retouch.none, 6, 4), (.doubled, 12, 8), (.halved, 3, 2), (.doubledAndSharpened, 12, 8), (.softened, 6, 4),
        (.inverted, 6, 4), (.turned, 9, 9),
    ])
    func changesTheSize(retouch: Retouch, width: Int, height: Int) {
        let changed = retouch.applied(to: Self.image(width: 6, height: 4) { _, _ in 0 })
        #expect(changed.width == width && changed.height == height)
        #expect(changed.pixels.count == width * height)
    }

    @Test func turnsDarkToLight() {
        let image = Self.image(width: 2, height: 1) { x, _ in x == 0 ? 0 : 200 }
        #expect(Retouch.inverted.applied(to: image).pixels == [255, 55])
    }

    @Test func halvesToTheMeanOfFour() {
        let image = Self.image(width: 2, height: 2) { x, y in UInt8(x * 100 + y * 10) }
        #expect(Retouch.halved.applied(to: image).pixels == [55])
    }

    @Test func doublesWithoutMovingAnEdge() {
        let image = Self.image(width: 4, height: 1) { x, _ in x < 2 ? 0 : 160 }
        #expect(Retouch.doubled.applied(to: image).pixels.prefix(8) == [0, 0, 0, 40, 120, 160, 160, 160])
    }

    @Test func drawsEdgesSteeper() {
        let image = Self.image(width: 12, height: 3) { x, _ in x < 6 ? 100 : 150 }
        let row = Retouch.doubledAndSharpened.applied(to: image).pixels.prefix(24)
        #expect(row.min().map { $0 < 100 } == true && row.max().map { $0 > 150 } == true)
    }

    /// A vertical edge becomes a diagonal one.
    @Test func turnsByHalfARightAngle() throws {
        let turned = Retouch.turned.applied(to: Self.image(width: 40, height: 40) { x, _ in x < 20 ? 0 : 255 })
        let middle = turned.width / 2
        func pixel(_ x: Int, _ y: Int) -> UInt8 { turned.pixels[y * turned.width + x] }
        #expect(pixel(middle - 10, middle) < 20 && pixel(middle + 10, middle) > 235)
        #expect(pixel(middle, middle - 10) != pixel(middle, middle + 10))
    }

    @Test func findsTheBusyPartOfAPicture() throws {
        let image = Self.image(width: 400, height: 300) { x, y in
            (320..<360).contains(x) && (20..<60).contains(y) && (x / 4 + y / 4) % 2 == 0 ? 0 : 255
        }
        let region = try #require(BusyRegion.all(in: image).first)
        #expect(region.x <= 320 && region.x + region.width >= 360 && region.y <= 20 && region.y + region.height >= 60)
        #expect(region.width < 120 && region.height < 120)
        #expect(image.cut(region).pixels.count == region.width * region.height)
    }

    @Test(arguments: [(1, 1), (23, 24), (24, 23), (24, 24), (25, 31)])
    func findsNoBusyPartInAPlainPictureOfAnySize(width: Int, height: Int) {
        #expect(BusyRegion.all(in: Self.image(width: width, height: height) { _, _ in 9 }).isEmpty)
    }

    @Test func looksAtNoMoreThanSomeRegions() {
        let image = Self.image(width: 640, height: 480) { x, y in
            x % 80 < 40 && y % 80 < 40 && (x / 4 + y / 4) % 2 == 0 ? 0 : 255
        }
        #expect(BusyRegion.all(in: image).count == BusyRegion.countMax)
    }
}
