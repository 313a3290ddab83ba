/// A Sparkplug B host application (Sparkplug 3.0 section 5): knows from the births of nodes and devices what their data
/// means. Pure: it reads messages in the order of their arrival and says what to ask for, and sends nothing itself.
///
/// A value: whoever could not keep what a message said puts the host from before it back, and takes the message again.
public struct SparkplugHost: Sendable {
    /// What to subscribe to.
    public static let topicFilter = "\(SparkplugTopic.namespace)/#"

    /// The most nodes that are known at a time. One that is not alive gives way to a new one.
    public static let nodesMax = 1_024

    /// The most devices that one node may have at a time.
    public static let devicesMax = 1_024

    /// The most metrics that are remembered of the births of all nodes and devices together.
    public static let metricsMax = 262_144

    /// For how long a node that was asked for its births is not asked again.
    public static let rebirthSeconds: Int64 = 5

    /// How many topics are kept as they were read.
    static let topicsMax = 8_192

    private var topics: [String: SparkplugTopic] = [:]
    private var sessions: [SparkplugSession] = []
    private var places: [SparkplugNode: Int] = [:]
    private var metricsCount = 0
    private let metricsMax: Int

    /// A host that has seen nothing yet.
    public init() {
        self.init(metricsMax: SparkplugHost.metricsMax)
    }

    init(metricsMax: Int) {
        self.metricsMax = metricsMax
    }

    /// Takes one message. Never fails: what cannot be read is named in the outcome, and a bad message of one node harms
    /// no other.
    ///
    /// A node whose messages have a hole, or whose data cannot be understood, is named to be asked for its births;
    /// until they have come its further messages name it again, though not within `rebirthSeconds`.
    /// - Parameters:
    ///   - payload: the message as received.
    ///   - topic: what it was published to.
    ///   - receivedAt: when, UTC microseconds since 1970; the time of what says none itself.
    public mutating func take(_ payload: [UInt8], topic: String, receivedAt: Int64) -> SparkplugOutcome {
        do throws(TelemetryError) {
            guard let topic = try read(topic), !topic.kind.isCommand else { return SparkplugOutcome() }
            return try take(payload, topic, receivedAt)
        } catch {
            return SparkplugOutcome(refusal: error)
        }
    }

    /// Learns a birth again that an earlier run of this host took: what its aliases mean. Births must come in the order
    /// of their arrival. Nothing is said to have happened, and whatever message comes next leaves no hole.
    public mutating func recall(_ birth: [UInt8], topic: String) {
        guard let parsed = try? SparkplugTopic(topic), parsed.kind.isBirth else { return }
        _ = take(birth, topic: topic, receivedAt: 0)
        if let place = places[parsed.node] { sessions[place].settle() }
    }

    private mutating func take(
        _ payload: [UInt8],
        _ topic: SparkplugTopic,
        _ receivedAt: Int64
    ) throws(TelemetryError) -> SparkplugOutcome {
        let message = SparkplugMessage(
            topic: topic, payload: try read(payload, topic), receivedAt: receivedAt)
        let place = try place(of: topic.node)
        metricsCount -= sessions[place].metricsCount
        defer { metricsCount += sessions[place].metricsCount }
        let room = metricsMax - metricsCount - sessions[place].metricsCount
        return try sessions[place].take(message, room: room)
    }

    /// The same topics come again and again: reading one takes longer than reading a small payload.
    private mutating func read(_ topic: String) throws(TelemetryError) -> SparkplugTopic? {
        if let known = topics[topic] { return known }
        guard let parsed = try SparkplugTopic(topic) else { return nil }
        if topics.count == SparkplugHost.topicsMax { topics.removeAll(keepingCapacity: true) }
        topics[topic] = parsed
        return parsed
    }

    private mutating func read(_ payload: [UInt8], _ topic: SparkplugTopic) throws(TelemetryError) -> SparkplugPayload {
        do throws(TelemetryError) {
            return try SparkplugPayload(payload)
        } catch {
            if topic.kind.isBirth, let place = places[topic.node] {
                metricsCount -= sessions[place].metricsCount
                sessions[place].forget(topic)
                metricsCount += sessions[place].metricsCount
            }
            throw error
        }
    }

    /// Where the node is, with a place made for a new one.
    private mutating func place(of node: SparkplugNode) throws(TelemetryError) -> Int {
        if let place = places[node] { return place }
        let place = try freePlace()
        if place < sessions.count {
            places[sessions[place].node] = nil
            sessions[place] = SparkplugSession(node)
        } else {
            sessions.append(SparkplugSession(node))
        }
        places[node] = place
        return place
    }

    private func freePlace() throws(TelemetryError) -> Int {
        guard sessions.count == SparkplugHost.nodesMax else { return sessions.count }
        guard let place = sessions.firstIndex(where: { !$0.isAlive }) else {
            throw TelemetryError(.topicInvalid, "At most \(SparkplugHost.nodesMax) nodes are known at a time.")
        }
        return place
    }
}
