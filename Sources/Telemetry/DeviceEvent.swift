/// Something that happened to a device, as its messages tell or as their count betrays.
public struct DeviceEvent: Hashable, Sendable {
    /// What happened, in the kebab-case that reports print. A kind never changes its meaning.
    public enum Kind: String, Hashable, Sendable, Codable {
        /// The device said that it is there.
        case born
        /// The device, or the broker on its behalf, said that it has gone.
        case died
        /// Its count of messages has a hole: something that it sent has not come.
        case sequenceGap = "sequence-gap"
    }

    /// The device's name, as its readings carry it.
    public let device: String
    public let kind: Kind
    /// UTC microseconds since 1970: the message's own time, or its receipt where it has none.
    public let time: Int64
    /// One plain sentence; empty where the kind says all.
    public let detail: String

    public init(device: String, kind: Kind, time: Int64, detail: String = "") {
        self.device = device
        self.kind = kind
        self.time = time
        self.detail = detail
    }
}
