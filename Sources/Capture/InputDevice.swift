import Glibc
import Ledger

/// An open device that is only read, such as `/dev/hidraw0`, or a pipe in its place.
final class InputDevice: Sendable {
    enum Input: Equatable {
        /// What one read gave: one report, or several events.
        case bytes([UInt8])
        /// Nothing came in time.
        case quiet
        /// The waker was woken, or a signal came.
        case woken
    }

    let descriptor: Int32
    private let path: String

    /// - Parameter group: the group that may read such devices.
    /// - Throws: `CustodyError` with code `scanner-not-opened`.
    init(_ path: String, group: String) throws {
        self.path = path
        descriptor = open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw CustodyError(
                "scanner-not-opened", "The scanner cannot be opened: \(systemMessage())", at: path,
                remedy: "Check the cable, the device's name and its permissions (group \(group)).")
        }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Blocks until something came, `waker` was woken, or `limit` has passed (nil: no limit).
    ///
    /// - Throws: `CustodyError` with code `scanner-gone`.
    func read(upTo count: Int, within limit: Duration?, _ waker: Waker) throws -> Input {
        var descriptors = [
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: waker.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        let ready = poll(&descriptors, nfds_t(descriptors.count), limit.map(\.milliseconds) ?? -1)
        guard ready != 0 else { return .quiet }
        guard ready > 0 else { return .woken }
        waker.drain()
        guard descriptors[0].revents != 0 else { return .woken }
        var bytes = [UInt8](repeating: 0, count: count)
        let got = Glibc.read(descriptor, &bytes, bytes.count)
        if got < 0 && (errno == EAGAIN || errno == EINTR) { return .woken }
        guard got > 0 else { throw gone }
        return .bytes(Array(bytes.prefix(got)))
    }

    /// Calls `ioctl`, and tries again when a signal interrupts it.
    /// - Returns: what the call returned, negative with `errno` set when it failed.
    func control(_ request: ControlRequest, _ argument: UnsafeMutableRawPointer) -> Int32 {
        while true {
            let result = ioctl(descriptor, request.number, argument)
            if result >= 0 || errno != EINTR { return result }
        }
    }

    /// The same for a request that takes its number by value.
    func control(_ request: ControlRequest, _ argument: Int32) -> Int32 {
        while true {
            let result = ioctl(descriptor, request.number, argument)
            if result >= 0 || errno != EINTR { return result }
        }
    }

    private var gone: CustodyError {
        CustodyError("scanner-gone", "The scanner was unplugged or switched off", at: path)
    }
}

/// The number of an `ioctl` request, as the kernel's `_IOR` and `_IOW` make it from what is asked (asm-generic/ioctl.h,
/// which x86, ARM and RISC-V share). The C macros themselves are casts that Swift does not import.
struct ControlRequest: Equatable {
    enum Direction: UInt {
        case write = 1
        case read = 2
    }

    let number: UInt

    init(_ direction: Direction, _ type: Character, _ number: UInt, argumentBytes: Int) {
        let type = UInt(type.asciiValue ?? 0)
        self.number = direction.rawValue << 30 | UInt(argumentBytes) << 16 | type << 8 | number
    }
}

extension Duration {
    /// Whole milliseconds for `poll`, at least 1 and at most a day.
    fileprivate var milliseconds: Int32 {
        let (seconds, attoseconds) = components
        return Int32(min(86_400, max(0, seconds)) * 1000 + max(1, attoseconds / 1_000_000_000_000_000))
    }
}
