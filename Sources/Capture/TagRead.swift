import Identifiers

/// One read of one RFID tag.
public struct TagRead: Hashable, Sendable {
    /// The longest EPC, in bytes: the most that a tag's protocol control word can announce (EPC Gen2, 6.3.2.1.2.2).
    public static let epcBytesMax = 62
    /// The longest tag identification memory, in bytes.
    public static let tidBytesMax = 64

    /// The content of the tag's EPC memory behind the protocol control word, as upper-case hexadecimal.
    public let epc: String
    /// The chip's own serial number, as upper-case hexadecimal.
    public let tid: String?
    /// The number of the reader's antenna.
    public let antenna: Int?
    /// How strong the tag answered, in dBm.
    public let rssi: Double?
    /// The reader's time of the read, in UTC microseconds.
    public let seenAt: Int64?
    /// What the reader calls itself.
    public let reader: String?

    /// The EPC, in hexadecimal, as a scan without a symbology.
    public var scan: Scan { Scan(bytes: Array(epc.utf8)) }
}
