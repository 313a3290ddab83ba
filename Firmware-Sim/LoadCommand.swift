import ArgumentParser
import Capture
import FoundationEssentials
import Ledger

/// `firmware-sim load`
struct LoadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load", abstract: "Put a broker or a gateway under load, and measure.",
        discussion: "Prints one line of JSON: how many, how long, how many in a second.",
        subcommands: [LoadMQTTCommand.self, LoadScansCommand.self])
}

/// `firmware-sim load mqtt`
struct LoadMQTTCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mqtt", abstract: "Publish readings with QoS 1 as fast as the broker takes them.")

    @OptionGroup(title: "Broker")
    var broker: BrokerOptions

    @Option(help: "The device's name; topics are sensors/<device>/metric-<n>.")
    var device = "load"

    @Option(help: "How many messages to publish.")
    var messages = 100_000

    @Option(help: "Over how many topics to spread them.")
    var topics = 8

    @Option(help: "The most messages without acknowledgement.")
    var inflight = 1_000

    @Option(help: "Fill payloads up to this size.")
    var payloadBytes = 128

    @Option(help: "Seconds to wait for the broker's first answer.")
    var connectWithin = 10.0

    func validate() throws {
        guard (1...1_000_000_000).contains(messages), (1...100_000).contains(topics), (1...65_535).contains(inflight),
            (1...MQTTClient.payloadBytesMax).contains(payloadBytes), (0...3_600).contains(connectWithin)
        else {
            throw ValidationError(
                """
                --messages must be 1 to 1000000000, --topics 1 to 100000, --inflight 1 to 65535, \
                --payload-bytes 1 to \(MQTTClient.payloadBytesMax), --connect-within 0 to 3600.
                """)
        }
    }

    func run() async throws {
        try SensorReading.checkDevice(device)
        let load = MQTTLoad(
            device: device, messages: messages, topics: topics, inflightMax: inflight, payloadBytes: payloadBytes,
            startTime: Int64(Date().timeIntervalSince1970 * 1_000_000))
        let report = try await load.run(
            broker.configuration(device: device), connectWithin: .seconds(connectWithin))
        try StandardOutput.json(report)
        guard report.refused == 0 else {
            throw CustodyError("messages-refused", "The broker refused \(report.refused) messages")
        }
    }
}

/// `firmware-sim load scans`
struct LoadScansCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scans", abstract: "Scan labels through a pseudo-terminal as fast as the gateway beeps.")

    @Option(help: "Make a symbolic link to the scanner's line here.")
    var link: String?

    @Option(help: "How many units to scan, each with a serial number of its own.")
    var scans = 1_000

    @Option(help: "The GTIN-14 of the product.")
    var product = "04012345000016"

    @Option(help: "Seconds to wait for each answer.")
    var wait = 10.0

    func validate() throws {
        guard (1...1_000_000_000).contains(scans), (0.001...3_600).contains(wait) else {
            throw ValidationError("--scans must be 1 to 1000000000, --wait 0.001 to 3600.")
        }
    }

    func run() async throws {
        let scanner = try HandheldScanner(link: link)
        StandardError.line("scanner at \(link ?? scanner.path)")
        let report = try await ScanLoad(product: product, scans: scans).run(scanner, within: .seconds(wait))
        try StandardOutput.json(report)
        guard report.beeps == scans else {
            throw CustodyError("scan-without-beep", "\(scans - report.beeps) of \(scans) scans did not beep")
        }
    }
}
