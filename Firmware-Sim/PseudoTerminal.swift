import Glibc
import Ledger

/// The device's end of a serial line: what is written here is read by whoever opens `path`, and the other way round.
final class PseudoTerminal {
    /// The other end, such as `/dev/pts/3`.
    let path: String
    /// A symbolic link to it whose name stays the same, where one was asked for.
    let link: String?
    private let descriptor: Int32
    /// Kept open, so that a gateway which comes and goes is no hang-up of this end.
    private let otherEnd: Int32

    /// Throws `terminal-not-opened`, `terminal-link-not-made`.
    init(link: String?) throws {
        var (descriptor, otherEnd): (Int32, Int32) = (-1, -1)
        guard openpty(&descriptor, &otherEnd, nil, nil, nil) == 0 else { throw PseudoTerminal.notOpened() }
        (self.descriptor, self.otherEnd, self.link) = (descriptor, otherEnd, link)
        // From here on a throw runs `deinit`, which closes both ends.
        path = PseudoTerminal.path(of: otherEnd) ?? ""
        guard !path.isEmpty, PseudoTerminal.prepare(descriptor, otherEnd) else { throw PseudoTerminal.notOpened() }
        if let link { try PseudoTerminal.makeLink(link, to: path) }
    }

    deinit {
        if let link, PseudoTerminal.target(of: link) == path { unlink(link) }
        close(otherEnd)
        close(descriptor)
    }

    /// Blocks until all is taken; false when the deadline came first.
    func write(_ bytes: [UInt8], until deadline: ContinuousClock.Instant) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let wrote = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if wrote > 0 {
                rest = rest.dropFirst(wrote)
            } else if !wait(for: POLLOUT, until: deadline) {
                return false
            }
        }
        return true
    }

    /// Blocks until bytes came; nil when the deadline came first.
    func read(until deadline: ContinuousClock.Instant) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 1_024)
        while true {
            let got = Glibc.read(descriptor, &bytes, bytes.count)
            if got > 0 { return Array(bytes.prefix(got)) }
            guard wait(for: POLLIN, until: deadline) else { return nil }
        }
    }

    /// Drops what came in and was not read.
    func discardInput() {
        let past = ContinuousClock.now
        while read(until: past) != nil {}
    }

    /// In short waits, because a cancelled task must not sit here until the deadline.
    private func wait(for events: Int32, until deadline: ContinuousClock.Instant) -> Bool {
        while !Task.isCancelled {
            let left = ContinuousClock.now.duration(to: deadline)
            guard left > .zero else { return false }
            var interest = pollfd(fd: descriptor, events: Int16(events), revents: 0)
            let milliseconds = (min(left, .milliseconds(100)) / .milliseconds(1)).rounded(.up)
            if poll(&interest, 1, Int32(milliseconds)) > 0 { return true }
        }
        return false
    }
}

// MARK: Setting up

extension PseudoTerminal {
    private static func path(of descriptor: Int32) -> String? {
        var name = [CChar](repeating: 0, count: 128)
        guard ttyname_r(descriptor, &name, name.count) == 0 else { return nil }
        return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    private static func prepare(_ descriptor: Int32, _ otherEnd: Int32) -> Bool {
        fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0 && fcntl(otherEnd, F_SETFD, FD_CLOEXEC) == 0
            && fcntl(descriptor, F_SETFL, O_NONBLOCK) == 0 && makeRaw(otherEnd)
    }

    /// Nothing interpreted, no echo: a scan must not come back as the gateway's answer.
    private static func makeRaw(_ descriptor: Int32) -> Bool {
        var settings = termios()
        guard tcgetattr(descriptor, &settings) == 0 else { return false }
        cfmakeraw(&settings)
        return tcsetattr(descriptor, TCSANOW, &settings) == 0
    }

    /// Replaces an older link in one step, and nothing but a link.
    private static func makeLink(_ link: String, to path: String) throws {
        let fresh = "\(link).\(getpid())"
        guard access(link, F_OK) != 0 || target(of: link) != nil else {
            throw linkNotMade("there is a file that is no link", link)
        }
        unlink(fresh)
        guard symlink(path, fresh) == 0, rename(fresh, link) == 0 else {
            let reason = systemMessage()
            unlink(fresh)
            throw linkNotMade(reason, link)
        }
    }

    private static func target(of link: String) -> String? {
        var bytes = [UInt8](repeating: 0, count: 4_096)
        let count = bytes.withUnsafeMutableBytes { bytes in
            bytes.baseAddress.map { readlink(link, $0, bytes.count) } ?? -1
        }
        return count >= 0 ? String(decoding: bytes.prefix(count), as: UTF8.self) : nil
    }

    private static func notOpened() -> CustodyError {
        CustodyError("terminal-not-opened", "No pseudo-terminal can be opened: \(systemMessage())")
    }

    private static func linkNotMade(_ reason: String, _ link: String) -> CustodyError {
        CustodyError(
            "terminal-link-not-made", "The link to the scanner's line cannot be made: \(reason)", at: link,
            remedy: "Choose another path for the link.")
    }
}
