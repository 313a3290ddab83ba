/// What a truck gives its uplink: a payload with the readings that it carries.
struct OutgoingMessage: Hashable, Sendable {
    let topic: String
    let payload: [UInt8]
    var qos: Int32 = 1
    /// The readings' orders in the device's buffer, which may forget them when the broker has the message.
    var orders: [UInt64] = []
}
