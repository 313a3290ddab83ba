import Foundation
import Glibc
import Ledger
import Store

/// Lets this process end its work and begin again from the start, in place: so there is one way into the next generation,
/// and it needs nobody to start the gateway again.
final class StartingAgain: Sendable {
    private let signal = ChangeSignal()

    func ask() { signal.notify() }

    var isAsked: Bool { signal.count > 0 }

    /// Returns when it is asked for, or the task is cancelled.
    func asked() async {
        let news = signal.follow()
        if isAsked { return }
        for await _ in news { return }
    }

    /// Runs this program again with the same arguments, in the place of this process. The lock of the state directory and
    /// all other files are let go by that.
    /// - Throws: `CustodyError` with code `restart-failed`; otherwise it does not return.
    static func start() throws {
        let open = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        for file in open.compactMap({ Int32($0) }) where file > STDERR_FILENO { _ = fcntl(file, F_SETFD, FD_CLOEXEC) }
        for number in [SIGTERM, SIGINT] { Glibc.signal(number, SIG_DFL) }
        var none = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, nil)
        var arguments: [UnsafeMutablePointer<CChar>?] = CommandLine.arguments.map { strdup($0) }
        arguments.append(nil)
        execv("/proc/self/exe", arguments)
        throw CustodyError(
            "restart-failed", "the gateway cannot start itself again: \(String(cString: strerror(errno)))",
            remedy: "start it again: it will open the next generation of its log")
    }
}
