import Glibc
import Rig
import Testing

/// A program with its standard output; killed and reaped with the last reference at the latest.
final class Program {
    private let process: ChildProcess
    private let output: Int32
    private var rest: [UInt8] = []

    var id: pid_t { process.id }

    init(_ executable: String, _ arguments: [String], input: String = "/dev/null", errors: String = "/dev/null") throws
    {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        output = ends[0]
        defer { close(ends[1]) }
        process = try ChildProcess(
            executable, arguments, input: input, output: .descriptor(ends[1]), errors: errors)
    }

    deinit { close(output) }

    func send(_ signal: Int32) { process.send(signal) }

    /// The exit code, 128 and the signal where one ended it. Blocks.
    func wait() -> Int32 { process.wait() }

    /// The next line of standard output without its end; nil at the end of it, or after `limit` without a byte.
    func line(within limit: Duration = .seconds(30)) -> String? {
        while true {
            if let end = rest.firstIndex(of: 0x0A) {
                defer { rest.removeSubrange(...end) }
                return String(decoding: rest[..<end], as: UTF8.self)
            }
            guard fill(within: limit) else { return nil }
        }
    }

    /// All whole lines that are left.
    func lines() -> [String] {
        while fill(within: .seconds(30)) {}
        var lines = String(decoding: rest, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        lines.removeLast()
        rest.removeAll()
        return lines.map(String.init)
    }

    private func fill(within limit: Duration) -> Bool {
        var readable = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
        guard poll(&readable, 1, Int32(limit.components.seconds) * 1_000) > 0 else { return false }
        var chunk = [UInt8](repeating: 0, count: 65_536)
        let got = read(output, &chunk, chunk.count)
        guard got > 0 else { return false }
        rest += chunk.prefix(got)
        return true
    }
}
