import CZBar
import Glibc
import Ledger

/// A child process with a socket as its standard input and output, and nowhere to write errors to; ended and reaped when the last reference goes.
final class HelperProcess: Sendable {
    let process: pid_t
    private let socket: Int32

    /// Throws `decode-worker-not-started`.
    init(executable: String, arguments: [String]) throws {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
            throw HelperProcess.notStarted(executable, systemMessage())
        }
        // The libraries write what only their makers can use, such as failed assertions.
        let nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC)
        defer {
            close(ends[1])
            close(nowhere)
        }
        do {
            let descriptors = [(from: ends[1], to: Int32(0)), (from: ends[1], to: 1), (from: nowhere, to: 2)]
            process = try spawnProcess(executable, arguments, HelperProcess.environment(), descriptors)
        } catch {
            close(ends[0])
            throw HelperProcess.notStarted(executable, error.reason)
        }
        socket = ends[0]
        _ = fcntl(socket, F_SETFL, O_NONBLOCK)
    }

    deinit {
        close(socket)
        kill(process, SIGKILL)
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 && errno == EINTR {}
    }

    /// Whether the process still lives. It stays to be reaped by `deinit` if not.
    var isRunning: Bool {
        var information = siginfo_t()
        return waitid(P_PID, id_t(process), &information, WEXITED | WNOHANG | WNOWAIT) == 0
            && information.si_signo == 0
    }

    /// Throws `decode-worker-died`, `decode-worker-too-slow`.
    func send(_ bytes: [UInt8], until deadline: ContinuousClock.Instant) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes {
                Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if sent > 0 {
                rest = rest.dropFirst(sent)
            } else {
                try wait(for: POLLOUT, until: deadline)
            }
        }
    }

    /// Exactly `count` bytes, which the caller has checked against a limit. Throws as `send`.
    func receive(_ count: Int, until deadline: ContinuousClock.Instant) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: min(count, 65_536))
        while bytes.count < count {
            let got = recv(socket, &chunk, min(chunk.count, count - bytes.count), 0)
            if got == 0 { throw HelperProcess.died }
            if got > 0 {
                bytes += chunk.prefix(got)
            } else {
                try wait(for: POLLIN, until: deadline)
            }
        }
        return bytes
    }

    /// Called after a system call failed, with its `errno`.
    private func wait(for events: Int32, until deadline: ContinuousClock.Instant) throws {
        guard errno == EAGAIN || errno == EINTR else { throw HelperProcess.died }
        let left = ContinuousClock.now.duration(to: deadline)
        guard left > .zero else { throw HelperProcess.tooSlow }
        var descriptor = pollfd(fd: socket, events: Int16(events), revents: 0)
        _ = poll(&descriptor, 1, left.pollMilliseconds)
    }

    /// Only what a program needs to find its libraries: the helper must not see secrets.
    private static func environment() -> [String] {
        ["LD_LIBRARY_PATH", "LD_PRELOAD", "ASAN_OPTIONS", "TSAN_OPTIONS"].compactMap { (name: String) in
            getenv(name).map { "\(name)=" + String(cString: $0) }
        }
    }

    private static func notStarted(_ executable: String, _ reason: String) -> CustodyError {
        CustodyError(
            "decode-worker-not-started", "The image decoder cannot be started: \(reason)", at: executable,
            remedy: "Check that the program is there and may be executed.")
    }

    private static let died = CustodyError(
        "decode-worker-died", "The image decoder died over this image",
        remedy: "Look at the image by hand; it may be built to attack the decoder.")

    private static let tooSlow = CustodyError(
        "decode-worker-too-slow", "The image decoder was stopped because this image took too long",
        remedy: "Take the picture with a lower resolution, or cut out the label.")
}

/// The system's words for why a program was not started.
struct SpawnFailure: Error {
    let reason: String
}

/// Starts a program that has only these descriptors, numbered 0 to 2, and every signal unblocked.
///
/// A library's socket that is not closed on exec would else live on in the child, out of our hands. And the calling
/// thread may belong to a queue, which blocks all signals: a child would inherit that and survive what should end it.
func spawnProcess(
    _ executable: String, _ arguments: [String], _ environment: [String], _ descriptors: [(from: Int32, to: Int32)]
) throws(SpawnFailure) -> pid_t {
    var (actions, attributes, signals) = (posix_spawn_file_actions_t(), posix_spawnattr_t(), sigset_t())
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
        posix_spawn_file_actions_destroy(&actions)
        posix_spawnattr_destroy(&attributes)
    }
    for (from, to) in descriptors { posix_spawn_file_actions_adddup2(&actions, from, to) }
    custody_close_from(&actions, 3)
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    let argv = ([executable] + arguments).map { strdup($0) } + [nil]
    let envp = environment.map { strdup($0) } + [nil]
    defer { (argv + envp).forEach { free($0) } }
    var process: pid_t = 0
    let failure = posix_spawn(&process, executable, &actions, &attributes, argv, envp)
    guard failure == 0 else { throw SpawnFailure(reason: systemMessage(failure)) }
    return process
}

extension Duration {
    /// For `poll`: rounded up, so that a wait never spins through its last millisecond.
    var pollMilliseconds: Int32 {
        let (seconds, attoseconds) = components
        return Int32(clamping: seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}
