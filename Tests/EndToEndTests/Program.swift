import Foundation
import Glibc
import Testing

/// A program that this process started, with its output; killed and reaped with the last reference at the latest.
final class Program {
    struct NotStarted: Error {
        let failure: Int32
    }

    let id: pid_t
    private let output: Int32
    private var rest: [UInt8] = []
    private var status: Int32?

    /// - Parameter input: read as standard input; nil = nothing.
    init(_ executable: String, _ arguments: [String], input: String = "/dev/null", errors: String = "/dev/null") throws
    {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { close(ends[1]) }
        output = ends[0]
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, input, O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, errors, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        var attributes = posix_spawnattr_t()
        Self.unblockSignals(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        let argv = ([executable] + arguments).map { strdup($0) } + [nil]
        defer { for text in argv { free(text) } }
        var process: pid_t = 0
        let failure = posix_spawn(&process, executable, &actions, &attributes, argv, environ)
        guard failure == 0 else {
            close(ends[0])
            throw NotStarted(failure: failure)
        }
        id = process
    }

    deinit {
        if status == nil {
            send(SIGKILL)
            _ = wait()
        }
        close(output)
    }

    /// The threads of a pool block signals, and a child would inherit that and never hear SIGTERM.
    private static func unblockSignals(_ attributes: inout posix_spawnattr_t) {
        posix_spawnattr_init(&attributes)
        var defaults = sigset_t()
        sigemptyset(&defaults)
        for signal in [SIGPIPE, SIGINT, SIGTERM] { sigaddset(&defaults, signal) }
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        var blocked = sigset_t()
        sigemptyset(&blocked)
        posix_spawnattr_setsigmask(&attributes, &blocked)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
    }

    func send(_ signal: Int32) { kill(id, signal) }

    /// The exit code, 128 and the signal where one ended it. Blocks.
    func wait() -> Int32 {
        var status: Int32 = 0
        if let known = self.status {
            status = known
        } else {
            while waitpid(id, &status, 0) < 0 && errno == EINTR {}
            self.status = status
        }
        return status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + status & 0x7F
    }

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
