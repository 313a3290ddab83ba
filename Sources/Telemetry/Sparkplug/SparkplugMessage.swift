/// One message of a node, as far as it can be read without knowing what came before it.
struct SparkplugMessage {
    let topic: SparkplugTopic
    let payload: SparkplugPayload
    let receivedAt: Int64

    /// When it was sent, as it says, or else when it was received; UTC microseconds since 1970.
    var time: Int64 { payload.sentAt(or: receivedAt) }

    /// Tells a message that is delivered again from another one under the same count. Not for anybody's trust: only the
    /// node itself could make two messages alike.
    var fingerprint: UInt64 {
        var hash = UInt64(payload.bytes.count) ^ UInt64(truncatingIfNeeded: topic.device?.hashValue ?? 0)
        hash ^= UInt64(topic.kind.rawValue) << 56
        payload.bytes.withUnsafeBytes { buffer in
            var start = 0
            while start + 8 <= buffer.count {
                hash = SparkplugMessage.mix(hash, buffer.loadUnaligned(fromByteOffset: start, as: UInt64.self))
                start += 8
            }
            var rest: UInt64 = 0
            while start < buffer.count {
                rest = rest << 8 | UInt64(buffer[start])
                start += 1
            }
            hash = SparkplugMessage.mix(hash, rest)
        }
        return hash
    }

    private static func mix(_ hash: UInt64, _ word: UInt64) -> UInt64 {
        let product = (hash ^ word) &* 0x9E37_79B9_7F4A_7C15
        return product ^ product >> 29
    }
}
