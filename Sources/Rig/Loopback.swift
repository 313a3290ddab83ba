import Glibc
import Ledger

/// The address of this machine that only this machine reaches.
public enum Loopback {
    /// Ports that were free a moment ago, no two the same: all are held until the last is found.
    ///
    /// Throws `loopback-port-missing`.
    public static func freePorts(_ count: Int) throws -> [Int] {
        var held: [Int32] = []
        defer { for descriptor in held { close(descriptor) } }
        return try (0..<count).map { _ in
            let descriptor = try openSocket()
            held.append(descriptor)
            return try bindToFreePort(descriptor)
        }
    }

    /// Throws `loopback-port-missing`.
    public static func freePort() throws -> Int {
        let descriptor = try openSocket()
        defer { close(descriptor) }
        return try bindToFreePort(descriptor)
    }

    /// This port there.
    public static func address(_ port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(truncatingIfNeeded: port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }

    private static func openSocket() throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw noPort() }
        return descriptor
    }

    private static func bindToFreePort(_ descriptor: Int32) throws -> Int {
        var address = Loopback.address(0)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutableBytes(of: &address) { bytes -> Int32 in
            guard let place = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self) else { return -1 }
            return bind(descriptor, place, size) | getsockname(descriptor, place, &size)
        }
        guard status == 0 else { throw noPort() }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    private static func noPort() -> CustodyError {
        CustodyError("loopback-port-missing", "There is no free port: \(String(cString: strerror(errno)))")
    }
}
