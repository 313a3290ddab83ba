import ArgumentParser
import Rig

/// `firmware-sim broker`
struct BrokerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "broker", abstract: "Run a mosquitto broker for simulated devices until it is stopped.",
        discussion: """
            Prints the port and the folder of the password files, then runs until SIGINT or SIGTERM. A device may \
            write below sensors/<its login>/ only.
            """)

    @Option(help: "Where configuration, passwords and sessions live.")
    var folder: String

    @Option(help: "The loopback port; a free one if not given.")
    var port: Int?

    @Option(help: "A device's login. Can be given many times.")
    var device: [String] = ["truck-7"]

    @Option(help: "A login that may read everything. Can be given many times.")
    var reader: [String] = ["gateway"]

    @Option(help: "Makes the passwords repeatable, for tests only.")
    var seed: UInt64?

    func validate() throws {
        guard port.map({ (1...65_535).contains($0) }) ?? true else { throw ValidationError("There is no such --port.") }
        guard device.count + reader.count <= Broker.loginsMax else {
            throw ValidationError("There are more than \(Broker.loginsMax) logins.")
        }
    }

    func run() async throws {
        let broker = try await makeBroker()
        try await broker.start()
        StandardOutput.line("broker at 127.0.0.1:\(broker.port), passwords in \(folder)/passwords")
        try? await Task.sleep(for: .seconds(86_400 * 365))
        await broker.stop()
    }

    private func makeBroker() async throws -> Broker {
        if let seed {
            var random = SeededRandom(seed: seed)
            return try await Broker(folder: folder, port: port, devices: device, readers: reader, random: &random)
        }
        var random = SystemRandomNumberGenerator()
        return try await Broker(folder: folder, port: port, devices: device, readers: reader, random: &random)
    }
}
