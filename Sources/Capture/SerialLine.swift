import Glibc
import Ledger

/// An open serial device or pseudo-terminal, raw: bytes pass both ways as they are.
final class SerialLine: Sendable {
    private let descriptor: Int32

    /// Throws `scanner-not-opened`, `baud-rate-unknown`.
    init(_ path: String, baudRate: Int) throws {
        let speed = try SerialLine.speed(baudRate)
        descriptor = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0, SerialLine.makeRaw(descriptor, speed) else {
            let reason = systemMessage()
            if descriptor >= 0 { close(descriptor) }
            throw CustodyError(
                "scanner-not-opened", "The scanner cannot be opened: \(reason)", at: path,
                remedy: "Check the cable, the device's name and its permissions (group dialout).")
        }
    }

    deinit {
        close(descriptor)
    }

    /// Blocks until bytes came (maybe none, when `waker` was woken). Throws `scanner-gone`.
    func read(_ waker: Waker) throws -> [UInt8] {
        var descriptors = [
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: waker.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        _ = poll(&descriptors, nfds_t(descriptors.count), -1)
        waker.drain()
        guard descriptors[0].revents != 0 else { return [] }
        var bytes = [UInt8](repeating: 0, count: LineScanner.lineBytesMax)
        let got = Glibc.read(descriptor, &bytes, bytes.count)
        if got < 0 && (errno == EAGAIN || errno == EINTR) { return [] }
        guard got > 0 else { throw SerialLine.gone }
        return Array(bytes.prefix(got))
    }

    /// Blocks at most a second for a device that takes nothing. Throws `scanner-gone`.
    func write(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let wrote = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if wrote > 0 {
                rest = rest.dropFirst(wrote)
                continue
            }
            var writable = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            guard errno == EAGAIN || errno == EINTR, poll(&writable, 1, 1000) > 0 else { throw SerialLine.gone }
        }
    }

    /// 8 data bits, no parity, 1 stop bit, nothing interpreted, no echo, no modem lines.
    private static func makeRaw(_ descriptor: Int32, _ speed: speed_t) -> Bool {
        var settings = termios()
        guard tcgetattr(descriptor, &settings) == 0 else { return false }
        cfmakeraw(&settings)
        settings.c_cflag &= ~(tcflag_t(CSTOPB) | tcflag_t(CRTSCTS))
        settings.c_cflag |= tcflag_t(CLOCAL) | tcflag_t(CREAD)
        cfsetispeed(&settings, speed)
        cfsetospeed(&settings, speed)
        return tcsetattr(descriptor, TCSANOW, &settings) == 0
    }

    private static func speed(_ baudRate: Int) throws -> speed_t {
        let speeds: [Int: Int32] = [
            1200: B1200, 2400: B2400, 4800: B4800, 9600: B9600, 19_200: B19200, 38_400: B38400, 57_600: B57600,
            115_200: B115200, 230_400: B230400,
        ]
        guard let speed = speeds[baudRate] else {
            throw CustodyError(
                "baud-rate-unknown", "No serial line runs at \(baudRate) baud",
                remedy: "Use one of \(speeds.keys.sorted().map(String.init).joined(separator: ", ")).")
        }
        return speed_t(speed)
    }

    private static let gone = CustodyError("scanner-gone", "The scanner was unplugged or switched off")
}
