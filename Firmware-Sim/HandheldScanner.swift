import Ledger

/// A handheld scanner on a serial line: sends each scan as one line and waits for the gateway's answer.
///
/// ACK (0x06) makes it beep; NAK (0x15) and a line of text show an error; silence is one too.
actor HandheldScanner {
    /// How the scanner answers the person who pulled its trigger.
    enum Answer: Hashable, Sendable {
        case beep
        /// The gateway's reason.
        case refusal(String)
        /// No answer before the deadline: the scan may or may not have been recorded.
        case silence
    }

    /// The longest reason that is shown, in bytes.
    static let reasonBytesMax = 256

    /// Where a gateway opens the line.
    nonisolated let path: String
    private let terminal: PseudoTerminal
    private let executor = BlockingExecutor("firmware-sim.scanner")

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// - Parameter link: where to make a symbolic link to the line; removed with the scanner.
    ///
    /// Throws `terminal-not-opened`, `terminal-link-not-made`.
    init(link: String? = nil) throws {
        terminal = try PseudoTerminal(link: link)
        path = terminal.path
    }

    /// Sends one scan and waits at most `limit` for its answer.
    func scan(_ label: Label, within limit: Duration = .seconds(5)) -> Answer {
        send(label.line, within: limit)
    }

    /// Sends bytes as they are, also such as no scanner would send.
    func send(_ line: [UInt8], within limit: Duration) -> Answer {
        let deadline = ContinuousClock.now + limit
        terminal.discardInput()
        guard terminal.write(line, until: deadline) else { return .silence }
        var reply: [UInt8] = []
        while let bytes = terminal.read(until: deadline) {
            reply += bytes
            if let answer = HandheldScanner.answer(in: reply) { return answer }
        }
        return .silence
    }

    /// Nil while the reply is not whole. What comes before ACK or NAK is noise on the line.
    static func answer(in reply: [UInt8]) -> Answer? {
        guard let start = reply.firstIndex(where: { $0 == 0x06 || $0 == 0x15 }) else { return nil }
        guard reply[start] == 0x15 else { return .beep }
        let text = reply[(start + 1)...]
        let reason = text.prefix { $0 != 0x0D && $0 != 0x0A }
        guard reason.count < text.count || reason.count >= reasonBytesMax else { return nil }
        return .refusal(String(decoding: reason.prefix(reasonBytesMax), as: UTF8.self))
    }
}
