import Foundation
import Glibc
import Rig
import Synchronization
import Testing

/// A network between a gateway and its broker, or a peer, that can be cut, slowed down and made to err: forwards connections
/// from a port of its own.
final class Relay: Sendable {
    /// Two sockets, and what passes between them.
    private struct Link {
        let gateway: Int32
        let broker: Int32
        var count = AcknowledgementCount()

        func close() {
            for socket in [gateway, broker] {
                // A program that was started meanwhile may hold a copy.
                shutdown(socket, Int32(SHUT_RDWR))
                Glibc.close(socket)
            }
        }
    }

    private struct State {
        var isStopped = false
        var isCut = false
        /// After so many more bytes towards the gateway the network is cut, in the middle of whatever it is.
        var allowance = Int.max
        var cuts = 0
        var passed = 0
        var acknowledgements = 0
        /// One byte is changed whenever so many have passed, in either direction.
        var flipEvery = Int.max
        var sinceFlip = 0
        var flips = 0
        /// How long everything is held back.
        var delay: Duration = .zero
        /// What passed on each connection, as far as it is kept.
        var heard: [Int32: Heard] = [:]
        var past: [Heard] = []
    }

    /// The bytes of one connection.
    struct Heard {
        /// Bytes that are kept of each direction.
        static let bytesMax = 1 << 20

        var fromGateway: [UInt8] = []
        var fromBroker: [UInt8] = []
    }

    let port: Int
    private let listener: Int32
    private let target: Int
    private let state = Mutex(State())

    init(to target: Int) throws {
        self.target = target
        port = try Loopback.freePort()
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var isOn: Int32 = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &isOn, socklen_t(MemoryLayout<Int32>.size))
        try #require(Self.withAddress(port) { bind(listener, $0, $1) } == 0 && listen(listener, 8) == 0)
        Thread.detachNewThread { [self] in forward() }
    }

    /// How often the network was cut.
    var cuts: Int { state.withLock { $0.cuts } }

    /// Bytes that came through towards the gateway.
    var passed: Int { state.withLock { $0.passed } }

    /// How many PUBACK packets the gateway has written.
    var acknowledgements: Int { state.withLock { $0.acknowledgements } }

    /// How many bytes were changed.
    var flips: Int { state.withLock { $0.flips } }

    /// All connections so far.
    var heard: [Heard] { state.withLock { $0.past + $0.heard.values } }

    /// Changes a byte whenever so many have passed.
    func flip(every bytes: Int) { state.withLock { $0.flipEvery = bytes } }

    func delay(by time: Duration) { state.withLock { $0.delay = time } }

    func cut(after bytes: Int) { state.withLock { $0.allowance = bytes } }

    /// Mends the network.
    func mend() {
        state.withLock { state in
            state.isCut = false
            state.allowance = .max
            state.flipEvery = .max
            state.delay = .zero
        }
    }

    func stop() { state.withLock { $0.isStopped = true } }

    private func forward() {
        var links: [Link] = []
        while !state.withLock({ $0.isStopped }) {
            awaitBytes(links)
            if let link = accept() { links.append(link) }
            links = links.compactMap(pass)
            let delay = state.withLock { $0.delay }
            if delay > .zero { usleep(UInt32(delay / .microseconds(1))) }
            guard state.withLock({ $0.isCut }) else { continue }
            for link in links { end(link) }
            links = []
        }
        for link in links { link.close() }
        close(listener)
    }

    private func awaitBytes(_ links: [Link]) {
        var waiting = ([listener] + links.flatMap { [$0.gateway, $0.broker] }).map {
            pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
        }
        _ = poll(&waiting, nfds_t(waiting.count), 5)
    }

    private func accept() -> Link? {
        guard Self.isReadable(listener) else { return nil }
        let gateway = Glibc.accept(listener, nil, nil)
        _ = fcntl(gateway, F_SETFD, FD_CLOEXEC)
        let broker = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        let link = Link(gateway: gateway, broker: broker)
        guard !state.withLock({ $0.isCut }), Self.withAddress(target, { connect(broker, $0, $1) }) == 0 else {
            link.close()
            return nil
        }
        return link
    }

    /// - Returns: the link, nil once an end has closed it.
    private func pass(_ link: Link) -> Link? {
        var link = link
        guard passToGateway(link), passToBroker(&link) else {
            end(link)
            return nil
        }
        return link
    }

    private func end(_ link: Link) {
        state.withLock { state in
            if let heard = state.heard.removeValue(forKey: link.gateway) { state.past.append(heard) }
        }
        link.close()
    }

    /// What comes out at the other end.
    private func spoilt(_ bytes: [UInt8]) -> [UInt8] {
        state.withLock { state in
            guard state.flipEvery < .max else { return bytes }
            var bytes = bytes
            state.sinceFlip += bytes.count
            if state.sinceFlip >= state.flipEvery, !bytes.isEmpty {
                bytes[bytes.count / 2] ^= 0x10
                state.sinceFlip = 0
                state.flips += 1
            }
            return bytes
        }
    }

    private func keep(_ bytes: [UInt8], of link: Link, _ direction: WritableKeyPath<Heard, [UInt8]>) {
        guard !bytes.isEmpty else { return }
        state.withLock { state in
            let known = state.heard[link.gateway, default: Heard()][keyPath: direction].count
            state.heard[link.gateway, default: Heard()][keyPath: direction] += bytes.prefix(Heard.bytesMax - known)
        }
    }

    private func passToGateway(_ link: Link) -> Bool {
        guard let read = Self.bytes(from: link.broker) else { return false }
        keep(read, of: link, \.fromBroker)
        let bytes = spoilt(read)
        let allowed = state.withLock { state in
            let allowed = min(bytes.count, state.allowance)
            state.allowance -= state.allowance == .max ? 0 : allowed
            state.passed += allowed
            if state.allowance == 0, !state.isCut {
                state.isCut = true
                state.cuts += 1
            }
            return allowed
        }
        // A connection that has lost bytes ends here, however soon the network is mended.
        return Self.write(bytes.prefix(allowed), to: link.gateway) && allowed == bytes.count
    }

    private func passToBroker(_ link: inout Link) -> Bool {
        guard let read = Self.bytes(from: link.gateway) else { return false }
        keep(read, of: link, \.fromGateway)
        let bytes = spoilt(read)
        let before = link.count.total
        link.count.take(bytes)
        let new = link.count.total - before
        // What the gateway wrote after the cut has not come through.
        guard !state.withLock({ $0.isCut }) else { return false }
        state.withLock { $0.acknowledgements += new }
        return Self.write(bytes[...], to: link.broker)
    }

    private static func isReadable(_ socket: Int32) -> Bool {
        var readable = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        return poll(&readable, 1, 0) > 0
    }

    /// What is there now; nil at the end.
    private static func bytes(from socket: Int32) -> [UInt8]? {
        guard isReadable(socket) else { return [] }
        var chunk = [UInt8](repeating: 0, count: 16_384)
        let got = recv(socket, &chunk, chunk.count, Int32(MSG_DONTWAIT))
        return got > 0 ? Array(chunk.prefix(got)) : nil
    }

    private static func write(_ bytes: ArraySlice<UInt8>, to socket: Int32) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes { send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard sent > 0 else { return false }
            rest = rest.dropFirst(sent)
        }
        return true
    }

    private static func withAddress<Result>(
        _ port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        var address = Loopback.address(port)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
