import ArgumentParser
import Capture
import FoundationEssentials
import Ledger

/// `firmware-sim fleet`
struct FleetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fleet", abstract: "Drive many trucks over a few connections, at a steady rate.",
        discussion: """
            Each truck <device>-<n> has a seed and topics of its own. Prints one line of JSON: how many readings and \
            messages, how many of these the broker acknowledged, how long it took, how many readings in a second. In \
            Sparkplug each connection is an edge node <device>-edge-<n>, whose devices are its trucks.
            """)

    @OptionGroup(title: "Broker")
    var broker: BrokerOptions

    @Option(help: "The beginning of the trucks' names; the login too, where there is a password file.")
    var device = "fleet"

    @Option(help: "How many trucks.")
    var trucks = 100

    @Option(help: "Over how many connections they publish.")
    var connections = 2

    @Option(help: "How readings are written.")
    var format: PayloadFormat = .json

    @Option(help: "The Sparkplug group.")
    var group = "trucks"

    @Option(help: "A sensor of each truck. Can be given many times.")
    var metric: [SensorReading.Metric] = [.temperature, .humidity]

    @Flag(help: "Read all sensors.")
    var allMetrics = false

    @Option(help: "How many readings in a second, of all trucks together.")
    var rate = 1_000.0

    @Option(help: "Publish for so many seconds.")
    var seconds = 60.0

    @Option(help: "Publish so many readings, rounded up to whole moments, instead of for --seconds.")
    var readings: Int?

    @Option(help: "Chooses all trips; each truck has the seed after that of the one before.")
    var seed: UInt64 = 1

    @Option(help: "Seconds of the trips in one second; the times of readings stay true.")
    var pace = 1.0

    @Option(help: "The most messages without acknowledgement, on each connection.")
    var inflight = 1_000

    @Option(help: "Seconds to wait for the broker's first answer.")
    var connectWithin = 10.0

    func validate() throws {
        guard (1...100_000).contains(trucks), (1...1_000).contains(connections), connections <= trucks else {
            throw ValidationError("--trucks must be 1 to 100000, --connections 1 to 1000 and not more than trucks.")
        }
        guard (0.001...1e7).contains(rate), (0.001...1e7).contains(seconds),
            (1...10_000_000_000).contains(readings ?? 1)
        else {
            throw ValidationError(
                "--rate and --seconds must be 0.001 to 10000000, --readings 1 to 10000000000.")
        }
        guard (1...65_535).contains(inflight), (0...3_600).contains(connectWithin), pace > 0, pace <= 1e6 else {
            throw ValidationError(
                "--inflight must be 1 to 65535, --connect-within 0 to 3600, --pace more than 0 and at most 1000000.")
        }
        guard !metric.isEmpty, Set(metric).count == metric.count else {
            throw ValidationError("A --metric is given twice.")
        }
    }

    func run() async throws {
        try SensorReading.checkDevice(group)
        let report = try await fleet.run(
            broker.configuration(device: device), connectWithin: .seconds(connectWithin))
        try StandardOutput.json(report)
        guard report.refused == 0 else {
            throw CustodyError("messages-refused", "The broker refused \(report.refused) messages")
        }
    }

    private var fleet: Fleet {
        Fleet(
            name: device, trucks: trucks, connections: connections, format: format, group: group,
            metrics: allMetrics ? SensorReading.Metric.allCases : metric, rate: rate,
            readings: readings ?? Int((rate * seconds).rounded(.up)), seed: seed, pace: pace, inflightMax: inflight,
            startTime: Int64(Date().timeIntervalSince1970 * 1_000_000))
    }
}
