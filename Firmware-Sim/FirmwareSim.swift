import ArgumentParser
import Dispatch
import Glibc
import Logging

/// Simulated devices: what stands around a gateway in a hospital, a dock or a truck, without the hardware.
@main
struct FirmwareSim: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "firmware-sim",
        abstract: "Simulated devices for a Custody gateway.",
        discussion: """
            Each subcommand is one device: it prints real label images, scans through a pseudo-terminal, or publishes \
            sensor readings to a real MQTT broker; `fleet` is many trucks, and `demo` plays all devices around five \
            gateways. Exit codes: 0 done, 1 failed, 2 wrong arguments.
            """,
        subcommands: [
            DemoCommand.self, LabelCommand.self, ScannerCommand.self, TruckCommand.self, FleetCommand.self,
            BrokerCommand.self, LoadCommand.self,
        ])

    static func main() async {
        signal(SIGPIPE, SIG_IGN)
        LoggingSystem.bootstrap { StreamLogHandler.standardError(label: $0) }
        let work = Task { try await execute() }
        let stops = [SIGINT, SIGTERM].map { cancel(work, on: $0) }
        do {
            try await work.value
        } catch {
            fail(error)
        }
        withExtendedLifetime(stops) {}
    }

    private static func execute() async throws {
        var command = try await asyncParseAsRoot()
        if var command = command as? any AsyncParsableCommand {
            try await command.run()
        } else {
            try command.run()
        }
    }

    /// A stop is a cancellation: each command ends what it has begun, and tells what it did.
    private static func cancel(_ work: Task<Void, any Error>, on number: Int32) -> any DispatchSourceSignal {
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        source.setEventHandler { work.cancel() }
        source.resume()
        return source
    }

    private static func fail(_ error: any Error) -> Never {
        let code = exitCode(for: error)
        let message = error is CancellationError ? "Stopped before it was done." : fullMessage(for: error)
        if code.isSuccess {
            StandardOutput.line(message)
            Glibc.exit(0)
        }
        StandardError.line(message)
        Glibc.exit(code == .validationFailure ? 2 : 1)
    }
}
