/// One message as a broker delivered it, with what it was understood to say.
public struct InboundMessage: Sendable, Hashable {
    /// The largest payload that is looked at, in bytes.
    public static let payloadBytesMax = 262_144

    /// The most readings that one payload may hold.
    public static let readingsMax = 4_096

    /// What the payload says.
    public enum Content: Sendable, Hashable {
        /// The readings in the payload's own order; an empty list is a message without news.
        case readings([Reading])

        /// What a Sparkplug host makes of the message: a part of it may have been read.
        case sparkplug(SparkplugOutcome)

        /// Scans for a station: an image, tags or a line of a scanner. It is kept until the station has taken it.
        case delivery(station: String)

        /// The payload says nothing that we read. It is kept all the same: the broker will not send it again.
        case undecodable(reason: TelemetryError)
    }

    /// The topic that it was published to.
    public let topic: String

    /// The payload as received.
    public let payload: [UInt8]

    /// When this gateway received it, UTC microseconds since 1970.
    public let receivedAt: Int64

    /// What the payload says.
    public let content: Content

    /// Makes a message whose content somebody has already read.
    public init(topic: String, payload: [UInt8], receivedAt: Int64, content: Content) {
        self.topic = topic
        self.payload = payload
        self.receivedAt = receivedAt
        self.content = content
    }

    /// Reads a JSON payload; never fails, because what cannot be read must be kept too.
    public init(json payload: [UInt8], topic: String, pattern: TopicPattern?, receivedAt: Int64) {
        let content: Content
        do {
            content = .readings(try decodeJSONReadings(payload, topic: topic, pattern: pattern))
        } catch {
            content = .undecodable(reason: error)
        }
        self.init(topic: topic, payload: payload, receivedAt: receivedAt, content: content)
    }
}
