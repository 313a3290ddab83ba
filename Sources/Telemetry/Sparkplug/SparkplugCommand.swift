/// What a host application sends.
public enum SparkplugCommand {
    /// Asks a node to send its births again (Sparkplug 3.0 sections 5.9 and 6.4.23): publish with QoS 0, not retained.
    /// - Parameter time: UTC microseconds since 1970.
    public static func rebirth(of node: SparkplugNode, at time: Int64) -> (topic: String, payload: [UInt8]) {
        var metric: [UInt8] = []
        append(Array("Node Control/Rebirth".utf8), key: 0x0A, to: &metric)
        append(UInt64(SparkplugType.boolean.rawValue), key: 0x20, to: &metric)
        append(1, key: 0x70, to: &metric)
        var payload: [UInt8] = []
        append(milliseconds(time), key: 0x08, to: &payload)
        append(metric, key: 0x12, to: &payload)
        return ("\(SparkplugTopic.namespace)/\(node.group)/NCMD/\(node.edge)", payload)
    }

    /// Says that a host application is there, or, as its will, that it has gone (Sparkplug 3.0 section 6.4.27): publish
    /// with QoS 1, retained. Both must carry the time of the same connect.
    /// - Parameters:
    ///   - host: the host's own name: one level of a topic.
    ///   - time: UTC microseconds since 1970.
    public static func state(host: String, online: Bool, at time: Int64) -> (topic: String, payload: [UInt8]) {
        let payload = #"{"online":\#(online),"timestamp":\#(milliseconds(time))}"#
        return ("\(SparkplugTopic.namespace)/\(SparkplugTopic.state)/\(host)", Array(payload.utf8))
    }

    /// Sparkplug's times have no sign: before 1970 there is none.
    private static func milliseconds(_ time: Int64) -> UInt64 {
        UInt64(max(0, time) / 1_000)
    }

    private static func append(_ number: UInt64, key: UInt8, to payload: inout [UInt8]) {
        payload.append(key)
        appendVarint(number, to: &payload)
    }

    private static func append(_ bytes: [UInt8], key: UInt8, to payload: inout [UInt8]) {
        payload.append(key)
        appendVarint(UInt64(bytes.count), to: &payload)
        payload += bytes
    }

    private static func appendVarint(_ number: UInt64, to payload: inout [UInt8]) {
        var rest = number
        while rest >= 0x80 {
            payload.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        payload.append(UInt8(rest))
    }
}
