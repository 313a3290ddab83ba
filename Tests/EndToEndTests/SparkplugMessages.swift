/// What a Sparkplug B node publishes (Sparkplug 3.0 section 6.4), byte by byte. Times are UTC milliseconds.
struct SparkplugMessages {
    private static let double: UInt64 = 10
    private static let int64: UInt64 = 4

    let group: String
    let node: String

    /// The birth of the node itself, which has no metrics but its connection's number.
    func nodeBirth(at time: UInt64) -> (topic: String, payload: [UInt8]) {
        var metric = ProtobufBytes()
        metric.text(1, "bdSeq")
        metric.number(3, time)
        metric.number(4, Self.int64)
        metric.number(11, 0)
        return ("spBv1.0/\(group)/NBIRTH/\(node)", payload([metric], sequence: 0, time))
    }

    /// The birth of a device with one metric, which tells its alias.
    func deviceBirth(
        _ device: String, _ metric: String, alias: UInt64, value: Double, sequence: UInt64, at time: UInt64
    ) -> (topic: String, payload: [UInt8]) {
        var born = ProtobufBytes()
        born.text(1, metric)
        born.number(2, alias)
        born.number(3, time)
        born.number(4, Self.double)
        born.double(13, value)
        return ("spBv1.0/\(group)/DBIRTH/\(node)/\(device)", payload([born], sequence: sequence, time))
    }

    /// A device's value under its alias alone.
    func deviceData(
        _ device: String, alias: UInt64, value: Double, sequence: UInt64, at time: UInt64
    ) -> (topic: String, payload: [UInt8]) {
        var metric = ProtobufBytes()
        metric.number(2, alias)
        metric.number(3, time)
        metric.double(13, value)
        return ("spBv1.0/\(group)/DDATA/\(node)/\(device)", payload([metric], sequence: sequence, time))
    }

    private func payload(_ metrics: [ProtobufBytes], sequence: UInt64, _ time: UInt64) -> [UInt8] {
        var payload = ProtobufBytes()
        payload.number(1, time)
        for metric in metrics { payload.message(2, metric) }
        payload.number(3, sequence)
        return payload.bytes
    }
}
