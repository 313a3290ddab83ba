import Glibc
import Ledger
import Synchronization

/// A program that this process started and will end; killed and reaped with the last reference at the latest.
public final class ChildProcess: Sendable {
    /// Where a program's output goes.
    public enum Output: Sendable {
        /// Appended to this file.
        case file(String)
        /// Written to a descriptor, of which the program gets a copy.
        case descriptor(Int32)
    }

    public let id: pid_t
    /// The wait status, once the process was reaped.
    private let ended = Mutex<Int32?>(nil)

    /// Starts a program in a process group of its own, so that a terminal's Ctrl-C leaves its end to us.
    ///
    /// - Parameters:
    ///   - executable: its path.
    ///   - environment: added to what a program needs to find its files.
    ///   - input: the file that it reads as standard input.
    ///   - errors: a file to which its error output is appended; nil sends it where the output goes.
    /// - Throws: `CustodyError` with code `program-not-started`.
    public init(
        _ executable: String, _ arguments: [String], environment: [String: String] = [:], input: String = "/dev/null",
        output: Output, errors: String? = nil
    ) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, input, O_RDONLY, 0)
        let appending = O_WRONLY | O_CREAT | O_APPEND
        switch output {
        case .file(let path): posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, path, appending, 0o644)
        case .descriptor(let end): posix_spawn_file_actions_adddup2(&actions, end, STDOUT_FILENO)
        }
        if let errors {
            posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, errors, appending, 0o644)
        } else {
            posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
        }
        var attributes = posix_spawnattr_t()
        ChildProcess.setAttributes(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        let argv = ([executable] + arguments).map { strdup($0) } + [nil]
        let variables = ChildProcess.environment(adding: environment).map { strdup($0) } + [nil]
        defer { for text in argv + variables { free(text) } }
        var process: pid_t = 0
        let failure = posix_spawn(&process, executable, &actions, &attributes, argv, variables)
        guard failure == 0 else {
            throw CustodyError(
                "program-not-started", "The program cannot be started: \(String(cString: strerror(failure)))",
                at: executable)
        }
        id = process
    }

    deinit {
        guard isRunning else { return }
        kill(id, SIGKILL)
        _ = wait()
    }

    public var isRunning: Bool {
        ended.withLock { ended in
            guard ended == nil else { return false }
            var status: Int32 = 0
            guard waitpid(id, &status, WNOHANG) != 0 else { return true }
            ended = status
            return false
        }
    }

    /// The exit code once it has ended, 128 and the signal where one ended it.
    public var exitCode: Int32? {
        guard !isRunning, let status = ended.withLock({ $0 }) else { return nil }
        return status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + status & 0x7F
    }

    /// Blocks until it has ended.
    /// - Returns: the exit code, 128 and the signal where one ended it.
    public func wait() -> Int32 {
        ended.withLock { ended in
            var status: Int32 = 0
            guard ended == nil else { return }
            while waitpid(id, &status, 0) < 0 && errno == EINTR {}
            ended = status
        }
        return exitCode ?? -1
    }

    /// Waits for its end; nil when it still runs after `limit`.
    public func wait(within limit: Duration) async -> Int32? {
        let deadline = ContinuousClock.now + limit
        while isRunning, ContinuousClock.now < deadline {
            // A cancelled task waits on: whoever stops a program must know that it has stopped.
            await Task { try? await Task.sleep(for: .milliseconds(10)) }.value
        }
        return exitCode
    }

    /// Sends a signal to this process alone, by its id.
    public func send(_ signal: Int32) {
        guard isRunning else { return }
        kill(id, signal)
    }

    /// Asks it to end, and kills it when it has not after `limit`.
    public func stop(within limit: Duration = .seconds(10)) async {
        send(SIGTERM)
        guard await wait(within: limit) == nil else { return }
        send(SIGKILL)
        _ = await wait(within: .seconds(10))
    }

    private static func setAttributes(_ attributes: inout posix_spawnattr_t) {
        posix_spawnattr_init(&attributes)
        var defaults = sigset_t()
        sigemptyset(&defaults)
        for signal in [SIGPIPE, SIGINT, SIGTERM] { sigaddset(&defaults, signal) }
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        // The threads of a pool block signals, and a child would inherit that and never hear SIGTERM.
        var blocked = sigset_t()
        sigemptyset(&blocked)
        posix_spawnattr_setsigmask(&attributes, &blocked)
        posix_spawnattr_setpgroup(&attributes, 0)
        let flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP
        posix_spawnattr_setflags(&attributes, Int16(flags))
    }

    private static func environment(adding more: [String: String]) -> [String] {
        let names = ["PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH", "ASAN_OPTIONS", "TSAN_OPTIONS"]
        let inherited = names.compactMap { (name: String) in getenv(name).map { (name, String(cString: $0)) } }
        let all = Dictionary(inherited, uniquingKeysWith: { first, _ in first }).merging(more) { $1 }
        return all.map { "\($0.key)=\($0.value)" }.sorted()
    }
}
