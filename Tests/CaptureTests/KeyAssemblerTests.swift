import Glibc
import Identifiers
import Rig
import Testing

@testable import Capture

@Suite struct KeyAssemblerTests {
    @Test func writesEveryPrintableCharacterOfAUSKeyboard() {
        var written: Set<UInt8> = []
        for key in UInt16(1)...127 {
            for isShifted in [false, true] {
                KeyLayout.character(key, isShifted: isShifted).map { _ = written.insert($0) }
            }
        }
        #expect(written == Set(0x20...0x7E))
    }

    @Test(
        arguments: [
            (2, "1", "!"), (11, "0", ")"), (12, "-", "_"), (16, "q", "Q"), (27, "]", "}"), (30, "a", "A"),
            (40, "'", "\""),
            (41, "`", "~"), (43, "\\", "|"), (44, "z", "Z"), (53, "/", "?"), (57, " ", " "), (71, "7", "7"),
            (98, "/", "/"),
        ] as [(UInt16, String, String)])
    func writesWhatTheKeyShows(key: UInt16, plain: String, shifted: String) {
        #expect(Keys.scans(Keys.tap(key) + Keys.shift(Keys.tap(key)) + Keys.enter) == [plain + shifted])
    }

    @Test(
        arguments: [
            ("Ctrl+]", Keys.control(Keys.tap(27)), 0x1D), ("Ctrl+\\", Keys.control(Keys.tap(43)), 0x1C),
            ("Ctrl+^", Keys.control(Keys.shift(Keys.tap(7))), 0x1E), ("Ctrl+6", Keys.control(Keys.tap(7)), 0x1E),
            ("Ctrl+_", Keys.control(Keys.shift(Keys.tap(12))), 0x1F), ("Ctrl+D", Keys.control(Keys.tap(32)), 0x04),
            ("Alt+0029", Keys.alt([82, 82, 80, 73].flatMap { Keys.tap($0) }), 0x1D),
            ("Alt+29", Keys.alt([80, 73].flatMap { Keys.tap($0) }), 0x1D),
            ("Alt+065", Keys.alt([82, 77, 76].flatMap { Keys.tap($0) }), 0x41), ("F8", Keys.tap(66), 0x1D),
        ] as [(String, [Keys.Stroke], UInt8)])
    func writesControlCharactersInTheWaysThatScannersSendThem(chord: String, strokes: [Keys.Stroke], byte: UInt8) {
        let items = Keys.items(Keys.tap(30) + strokes + Keys.tap(48) + Keys.enter)
        #expect(items == [.scan(Scan(bytes: [0x61, byte, 0x62]))], "\(chord)")
    }

    @Test func takesF8ForUnknownWhereItIsNotTheSeparator() {
        let strokes = Keys.tap(30) + Keys.tap(66) + Keys.tap(48) + Keys.enter
        #expect(Keys.items(strokes, readsF8AsSeparator: false) == [.lost(.keyUnknown(66))])
    }

    @Test func splitsOffTheSymbologyIdentifier() {
        let strokes = Keys.tap(27) + Keys.shift(Keys.tap(46)) + Keys.tap(2) + Keys.tap(11) + Keys.tap(2) + Keys.enter
        #expect(Keys.items(strokes) == [.scan(Scan(bytes: Array("01".utf8), symbologyIdentifier: "]C1"))])
    }

    @Test func turnsCaseRoundUnderCapsLockForLettersAlone() {
        let strokes = Keys.tap(58) + Keys.tap(30) + Keys.shift(Keys.tap(30)) + Keys.tap(2) + Keys.tap(58) + Keys.tap(30)
        #expect(Keys.scans(strokes + Keys.enter) == ["Aa1a"])
    }

    @Test(arguments: [[28], [96], [15]] as [[UInt16]])
    func endsALineAtEnterAndTab(keys: [UInt16]) {
        let end = keys.flatMap { Keys.tap($0) }
        #expect(Keys.scans(Keys.tap(2) + end + end + Keys.tap(3) + end + Keys.tap(4)) == ["1", "2"])
        #expect(Keys.scans(Keys.tap(2) + Keys.control(Keys.tap(50))) == ["1"])
    }

    @Test func takesAKeyThatRepeatsForOneCharacter() {
        let repeated = [Keys.Stroke(key: 2, value: 1), Keys.Stroke(key: 2, value: 2), Keys.Stroke(key: 2, value: 0)]
        #expect(Keys.scans(repeated + Keys.enter) == ["1"])
    }

    @Test(arguments: [(-1, true), (0, true), (1, false)] as [(Int64, Bool)])
    func dropsALineWithAPauseSuchAsPeopleMake(offset: Int64, isAllowed: Bool) {
        var slow = Keys.tap(3)
        // The release of the key before comes in between.
        slow[0].pause = KeyAssembler.pauseMax + offset - Keys.tap(2)[1].pause
        let items = Keys.items(Keys.tap(2) + slow + Keys.tap(4) + Keys.enter + Keys.tap(5) + Keys.enter)
        let scan = KeyAssembler.Item.scan(Scan(bytes: Array("4".utf8)))
        #expect(items == [isAllowed ? .scan(Scan(bytes: Array("123".utf8))) : .lost(.paused), scan])
    }

    @Test func waitsAnyTimeBetweenLines() {
        var late = Keys.tap(3)
        late[0].pause = 86_400_000_000
        #expect(Keys.scans(Keys.tap(2) + Keys.enter + late + Keys.enter) == ["1", "2"])
    }

    @Test func dropsALineOfWhichTheKernelLostEvents() {
        let dropped = Keys.Stroke(type: 0, key: 3, value: 0)
        let shiftThatIsNeverReleased = Keys.Stroke(key: 42, value: 1)
        let strokes = Keys.tap(2) + [shiftThatIsNeverReleased, dropped] + Keys.tap(3) + Keys.enter
        #expect(
            Keys.items(strokes + Keys.tap(4) + Keys.enter)
                == [.lost(.eventsDropped), .scan(Scan(bytes: Array("3".utf8)))])
    }

    @Test(
        arguments: [
            (Keys.tap(59), 59), (Keys.alt(Keys.tap(30)), 30), (Keys.control(Keys.tap(3 + 1)), 4),
            (Keys.alt([72, 71, 71].flatMap { Keys.tap($0) }), 56), (Keys.tap(9_999), 9_999),
        ] as [([Keys.Stroke], UInt16)])
    func dropsALineWithAKeyThatStandsForNothing(strokes: [Keys.Stroke], key: UInt16) {
        #expect(Keys.items(Keys.tap(2) + strokes + Keys.tap(3) + Keys.enter) == [.lost(.keyUnknown(key))])
    }

    @Test(arguments: [(-1, true), (0, true), (1, false)])
    func limitsTheLine(offset: Int, isAllowed: Bool) {
        let count = KeyAssembler.lineBytesMax + offset
        let items = Keys.items((0..<count).flatMap { _ in Keys.tap(2) } + Keys.enter)
        let scan = Scan(bytes: [UInt8](repeating: 0x31, count: count))
        #expect(items == [isAllowed ? .scan(scan) : .lost(.tooLong)])
    }

    @Test func readsEventsThatAreCutAnywhere() {
        let bytes = Keys.bytes(Keys.tap(2) + Keys.control(Keys.tap(27)) + Keys.shift(Keys.tap(30)) + Keys.enter)
        let whole = [KeyAssembler.Item.scan(Scan(bytes: [0x31, 0x1D, 0x41]))]
        for size in 1...bytes.count {
            var assembler = KeyAssembler()
            let parts = stride(from: 0, to: bytes.count, by: size).map { bytes[$0..<min($0 + size, bytes.count)] }
            let items = parts.flatMap { assembler.append($0) }
            #expect(items == whole)
        }
    }

    @Test func neverTrapsOnHostileEvents() {
        var noise = SeededRandom(seed: 9)
        var assembler = KeyAssembler()
        for _ in 0..<5_000 {
            _ = assembler.append((0..<Int(noise.next() % 100)).map { _ in UInt8(truncatingIfNeeded: noise.next()) })
        }
        var known = KeyAssembler()
        for _ in 0..<20_000 {
            let stroke = Keys.Stroke(key: UInt16(noise.next() % 128), value: Int32(noise.next() % 3))
            _ = known.append(Keys.bytes([stroke]))
        }
    }
}

/// Key events as the kernel sends them.
enum Keys {
    struct Stroke: Sendable {
        var type: UInt16 = 1
        let key: UInt16
        let value: Int32
        /// Since the stroke before, in microseconds.
        var pause: Int64 = 1_000
    }

    static let enter = tap(28)

    static func tap(_ key: UInt16) -> [Stroke] {
        [Stroke(key: key, value: 1), Stroke(key: key, value: 0)]
    }

    static func shift(_ strokes: [Stroke]) -> [Stroke] { hold(54, strokes) }

    static func control(_ strokes: [Stroke]) -> [Stroke] { hold(29, strokes) }

    static func alt(_ strokes: [Stroke]) -> [Stroke] { hold(56, strokes) }

    private static func hold(_ key: UInt16, _ strokes: [Stroke]) -> [Stroke] {
        [Stroke(key: key, value: 1)] + strokes + [Stroke(key: key, value: 0)]
    }

    /// Each followed by the event that ends a group.
    static func bytes(_ strokes: [Stroke]) -> [UInt8] {
        var time: Int64 = 1_767_366_000_999_000
        return strokes.flatMap { stroke in
            time += stroke.pause
            return event(time, stroke.type, stroke.key, stroke.value) + event(time, 0, 0, 0)
        }
    }

    private static func event(_ time: Int64, _ type: UInt16, _ code: UInt16, _ value: Int32) -> [UInt8] {
        let seconds = timeval(tv_sec: Int(time / 1_000_000), tv_usec: Int(time % 1_000_000))
        return withUnsafeBytes(of: seconds, Array.init) + withUnsafeBytes(of: type, Array.init)
            + withUnsafeBytes(of: code, Array.init) + withUnsafeBytes(of: value, Array.init)
    }

    static func items(_ strokes: [Stroke], readsF8AsSeparator: Bool = true) -> [KeyAssembler.Item] {
        var assembler = KeyAssembler(readsF8AsSeparator: readsF8AsSeparator)
        return assembler.append(bytes(strokes))
    }

    /// The scans' text, where nothing was lost.
    static func scans(_ strokes: [Stroke]) -> [String]? {
        let items = items(strokes)
        let texts = items.compactMap { item in
            if case .scan(let scan) = item { String(decoding: scan.bytes, as: UTF8.self) } else { nil }
        }
        return texts.count == items.count ? texts : nil
    }
}
