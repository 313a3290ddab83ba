import ArgumentParser
import Foundation
import Gateway
import History
import Ledger
import Store
import Telemetry

/// `custody telemetry`: what sensors say.
struct TelemetryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "telemetry", abstract: "Read what sensors say.", subcommands: [Decode.self, Unread.self])

    struct Decode: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the readings of a payload as JSON lines.",
            discussion: "Exit status 1 if the payload, or a part of it, could not be read.")

        @Argument(help: "The payload, - for standard input.")
        var file: String
        @Option(help: "\(TelemetryFormat.names.joined(separator: ", ")).")
        var format = "json"
        @Option(help: "A YAML file as 'map' of a topic in gateway.yaml: where readings stand in any JSON.")
        var map: String?
        @Option(help: "The topic that the payload was published to; for Sparkplug it says what the payload is.")
        var topic: String?
        @Option(help: "The topic's pattern with {device} and {metric}.")
        var pattern: String?

        func run() async throws {
            let reader = MessageReader(topics: [
                try TelemetryTopic(pattern: try TopicPattern(pattern ?? "#"), format: try chosen)
            ])
            let bytes = try NamedFile.bytes(file)
            let message = await Self.read(bytes, reader, topic: topic ?? usualTopic, at: Instruments.system().now())
            try show(message.content)
        }

        private static func read(
            _ bytes: [UInt8], _ reader: MessageReader, topic: String, at time: Int64
        ) async -> InboundMessage {
            var reader = reader
            return reader.read(bytes, topic: topic, receivedAt: time)
        }

        private var chosen: TelemetryFormat {
            get throws {
                if let map { return .mapped(try ReadingMap(try YAMLReader(text: try NamedFile.text(map), file: map))) }
                guard let format = TelemetryFormat(name: format) else {
                    throw ValidationError("formats are: \(TelemetryFormat.names.joined(separator: ", "))")
                }
                return format
            }
        }

        private var usualTopic: String { format == "sparkplug" ? "spBv1.0/group/NBIRTH/node" : "topic" }

        private func show(_ content: InboundMessage.Content) throws {
            switch content {
            case .readings(let readings): try readings.forEach(show)
            case .sparkplug(let outcome):
                try outcome.readings.forEach(show)
                if let refusal = outcome.refusal { throw CheckFailed(message: refusal.description) }
            case .undecodable(let reason): throw CheckFailed(message: reason.description)
            case .delivery: break
            }
        }

        private func show(_ reading: Reading) throws { print(try OutputOptions.encode(ShownReading(reading))) }
    }
}

extension TelemetryCommand {
    struct Unread: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the payloads that could not be read: they are kept, with the reason.")

        @Option(help: "At most so many, the newest first.")
        var limit: Int = 20
        @OptionGroup var state: StateOptions
        @OptionGroup var output: OutputOptions

        struct Listed: Encodable {
            let count: Int
            let payloads: [Row]
        }

        struct Row: Encodable {
            let receivedAt: String
            let topic: String
            let reason: String
            let bytes: Int
            /// The beginning in hexadecimal.
            let hex: String
            /// The same, readable.
            let text: String
        }

        func run() async throws {
            let intake = try state.intake()
            let listed = Listed(
                count: try intake.undecodableCount(),
                payloads: try intake.undecodable(limit: max(0, limit)).map { kept in
                    let beginning = Array(kept.payload.prefix(256))
                    return Row(
                        receivedAt: UTCText.of(kept.receivedAt), topic: kept.topic, reason: kept.reason,
                        bytes: kept.payload.count, hex: ScannedBytes.hex(beginning),
                        text: ScannedBytes.readable(beginning))
                })
            let rows = listed.payloads.map {
                "\($0.receivedAt)  \($0.topic)  \($0.bytes) bytes\n    \($0.reason)\n    \($0.text)"
            }
            try output.print(
                listed, text: (["\(listed.count) payloads could not be read"] + rows).joined(separator: "\n"))
        }
    }
}

/// A reading as programs read it; what is not there is left out.
struct ShownReading: Encodable {
    let device: String
    let metric: String
    let value: Value
    let unit: String
    let time: String
    let seq: UInt64?
    let session: String?

    enum Value: Encodable {
        case number(Double)
        case flag(Bool)
        case text(String)

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .number(let number): try container.encode(number)
            case .flag(let flag): try container.encode(flag)
            case .text(let text): try container.encode(text)
            }
        }
    }

    init(_ reading: Reading) {
        device = reading.device
        metric = reading.metric
        value =
            switch reading.value {
            case .number(let number): .number(number)
            case .flag(let flag): .flag(flag)
            case .text(let text): .text(text)
            case .data(let data): .text(Data(data).base64EncodedString())
            }
        unit = reading.unit
        time = WindowSummary.timeText(reading.time)
        seq = reading.sequence
        session = reading.session
    }
}
