import ArgumentParser
import Foundation
import Gateway
import Ledger
import Logging
import ServiceLifecycle
import Store
import UnixSignals

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run the gateway until it is told to stop (SIGTERM, SIGINT).",
        discussion: "Prints one line of JSON to standard output when it is ready; logs go to standard error.")

    @OptionGroup var state: StateOptions
    @Option(help: "trace, debug, info, notice, warning, error or critical.")
    var logLevel: Logger.Level = .info

    func run() async throws {
        let directory = state.directory
        let lock = try directory.lock()
        defer { withExtendedLifetime(lock) {} }
        let again = StartingAgain()
        var logger = Logger(label: "custody", factory: { StreamLogHandler.standardError(label: $0) })
        logger.logLevel = logLevel
        let asked = try await GatewayStart(state: directory, instruments: .system()).askMembers()
        let graph = try buildGateway(
            state: directory, instruments: .system(), asked: asked, logger: logger,
            onReady: { port in
                print("{\"ready\":true,\"port\":\(port),\"pid\":\(ProcessInfo.processInfo.processIdentifier)}")
                fflush(nil)
            },
            stop: { [logger] error in
                logger.critical("stopping at once", metadata: ["error": "\(error)"])
                _exit(ExitStatus.checkFailed)
            },
            onDoubt: { [logger] doubt in
                logger.critical("this log is not continued", metadata: ["why": "\(doubt.cause.message)"])
                again.ask()
            })
        try await serve(graph, again: again, logger: logger)
        do { try graph.close() } catch { logger.info("left open", metadata: ["error": "\(error)"]) }
        if again.isAsked { try StartingAgain.start() }
    }

    private func serve(_ graph: GatewayGraph, again: StartingAgain, logger: Logger) async throws {
        var configuration = ServiceGroupConfiguration(
            services: graph.services.map {
                .init(service: $0, failureTerminationBehavior: .gracefullyShutdownGroup)
            }, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        configuration.maximumGracefulShutdownDuration = .seconds(10)
        configuration.maximumCancellationDuration = .seconds(5)
        let group = ServiceGroup(configuration: configuration)
        let asked = Task {
            await again.asked()
            await group.triggerGracefulShutdown()
        }
        defer { asked.cancel() }
        try await group.run()
    }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}
