import Glibc
import Identifiers
import Ledger

/// Turns the key events of a scanner that poses as a US keyboard into scans: one line each, ended by Enter or Tab.
///
/// A line that may lack a character is dropped up to its end: a serial number without one of its digits is another
/// serial number.
struct KeyAssembler {
    enum Item: Equatable {
        case scan(Scan)
        case lost(Loss)
    }

    enum Loss: Equatable {
        case tooLong
        /// The kernel had no room for some of the events.
        case eventsDropped
        /// A pause such as only people make while typing, or the end of the line before did not come.
        case paused
        /// A key or chord that stands for no character.
        case keyUnknown(UInt16)
    }

    /// The longest line, in bytes without its end.
    static let lineBytesMax = Scan.bytesMax
    /// The longest pause inside a line, in microseconds. Scanners send a key every 1 to 50 ms.
    static let pauseMax: Int64 = 250_000
    /// The bytes of one event (`struct input_event` of linux/input.h): a time, two 16-bit and one 32-bit number.
    static let eventBytes = MemoryLayout<timeval>.size + 8

    /// Whether F8 stands for GS, as in the "function key" setting of some scanners.
    private let readsF8AsSeparator: Bool
    private var rest: [UInt8] = []
    private var line: [UInt8] = []
    /// Whether the line was given up; its remaining keys are passed over.
    private var isLost = false
    private var lastKeyTime: Int64?
    private var held: Set<UInt16> = []
    private var isCapsLocked = false
    /// What has been typed on the keypad while Alt is held.
    private var altCode: Int?

    init(readsF8AsSeparator: Bool = true) {
        self.readsF8AsSeparator = readsF8AsSeparator
    }

    /// What `bytes` complete, in order; events may be cut anywhere. Empty lines are none.
    mutating func append(_ bytes: some Sequence<UInt8>) -> [Item] {
        rest += bytes
        let whole = rest.count / KeyAssembler.eventBytes * KeyAssembler.eventBytes
        let items = stride(from: 0, to: whole, by: KeyAssembler.eventBytes).compactMap { start in
            take(Event(rest[start..<start + KeyAssembler.eventBytes]))
        }
        rest.removeFirst(whole)
        return items
    }

    // MARK: Events

    private struct Event {
        /// UTC microseconds.
        let time: Int64
        let type: UInt16
        let code: UInt16
        let value: Int32

        /// - Parameter bytes: `eventBytes` of them, in the machine's own order.
        init(_ bytes: ArraySlice<UInt8>) {
            let numbers = bytes.withUnsafeBytes { bytes in
                let time = bytes.loadUnaligned(as: timeval.self)
                let after = MemoryLayout<timeval>.size
                return (
                    Int64(time.tv_sec).multipliedReportingOverflow(by: 1_000_000).partialValue
                        .addingReportingOverflow(Int64(time.tv_usec)).partialValue,
                    bytes.loadUnaligned(fromByteOffset: after, as: UInt16.self),
                    bytes.loadUnaligned(fromByteOffset: after + 2, as: UInt16.self),
                    bytes.loadUnaligned(fromByteOffset: after + 4, as: Int32.self)
                )
            }
            (time, type, code, value) = numbers
        }
    }

    private mutating func take(_ event: Event) -> Item? {
        switch (event.type, event.code) {
        // SYN_DROPPED: keys went up and down that nobody told us of.
        case (0, 3):
            held = []
            altCode = nil
            return lose(.eventsDropped)
        case (1, _): return takeKey(event)
        default: return nil
        }
    }

    private mutating func takeKey(_ event: Event) -> Item? {
        switch event.value {
        case 0: return release(event.code)
        case 1:
            defer { lastKeyTime = event.time }
            let pause = isPaused(at: event.time) ? lose(.paused) : nil
            return pause ?? press(event.code)
        // A key that repeats because it is held down is one character.
        default: return nil
        }
    }

    private func isPaused(at time: Int64) -> Bool {
        guard let lastKeyTime, !line.isEmpty, !isLost else { return false }
        return time.subtractingReportingOverflow(lastKeyTime).partialValue > KeyAssembler.pauseMax
    }

    private func isHeld(_ keys: Set<UInt16>) -> Bool { !held.isDisjoint(with: keys) }

    private mutating func release(_ key: UInt16) -> Item? {
        held.remove(key)
        guard KeyLayout.alt.contains(key), let code = altCode else { return nil }
        altCode = nil
        guard let byte = UInt8(exactly: code), byte < 0x80 else { return lose(.keyUnknown(key)) }
        return write(byte)
    }

    private mutating func press(_ key: UInt16) -> Item? {
        switch key {
        case _ where (KeyLayout.shift.union(KeyLayout.control).union(KeyLayout.alt)).contains(key):
            held.insert(key)
            return nil
        case KeyLayout.capsLock:
            isCapsLocked.toggle()
            return nil
        case KeyLayout.numLock: return nil
        case _ where isHeld(KeyLayout.alt): return pressWithAlt(key)
        case _ where KeyLayout.enter.contains(key) || key == KeyLayout.tab: return end()
        case KeyLayout.f8 where readsF8AsSeparator: return write(0x1D)
        default: return pressCharacter(key)
        }
    }

    /// Alt and digits on the keypad: the character with that number, such as 0029 for GS.
    private mutating func pressWithAlt(_ key: UInt16) -> Item? {
        guard let digit = KeyLayout.keypadDigits[key] else { return lose(.keyUnknown(key)) }
        altCode = min((altCode ?? 0) * 10 + digit, 1_000)
        return nil
    }

    private mutating func pressCharacter(_ key: UInt16) -> Item? {
        let isShifted = isHeld(KeyLayout.shift)
        if isHeld(KeyLayout.control) {
            guard let byte = KeyLayout.control(key, isShifted: isShifted) else { return lose(.keyUnknown(key)) }
            // Tab, LF and CR by their chords.
            return [0x09, 0x0A, 0x0D].contains(byte) ? end() : write(byte)
        }
        let isUpper = isCapsLocked && KeyLayout.isLetter(key) ? !isShifted : isShifted
        guard let byte = KeyLayout.character(key, isShifted: isUpper) else { return lose(.keyUnknown(key)) }
        return write(byte)
    }

    // MARK: Lines

    private mutating func write(_ byte: UInt8) -> Item? {
        guard !isLost else { return nil }
        guard line.count < KeyAssembler.lineBytesMax else { return lose(.tooLong) }
        line.append(byte)
        return nil
    }

    /// Nil where the line has been given up before.
    private mutating func lose(_ loss: Loss) -> Item? {
        defer {
            isLost = true
            line.removeAll(keepingCapacity: true)
        }
        return isLost ? nil : .lost(loss)
    }

    private mutating func end() -> Item? {
        defer {
            isLost = false
            line.removeAll(keepingCapacity: true)
        }
        return line.isEmpty ? nil : .scan(LineAssembler.scan(line))
    }
}

extension KeyAssembler.Loss {
    var error: CustodyError {
        switch self {
        case .tooLong:
            CustodyError("scan-too-long", "The scan is longer than \(KeyAssembler.lineBytesMax) bytes")
        case .eventsDropped:
            CustodyError("scan-damaged", "Key presses of the scan were lost on a busy machine", remedy: "Scan again.")
        case .paused:
            CustodyError(
                "scan-cut-off", "The scan was not ended, or was typed by hand",
                remedy: "Scan again. If it stays, let the scanner end each scan with Enter.")
        case .keyUnknown(let key):
            CustodyError(
                "scan-damaged", "The scanner pressed the key \(key), which stands for no character",
                remedy: "Set the scanner to a US keyboard, and control characters to Ctrl and the key.")
        }
    }
}
