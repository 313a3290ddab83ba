import Identifiers
import Ledger

/// Reads the scans in what a device sends whole: a photograph, a line, the tags that a reader saw.
public struct PayloadReader: Sendable {
    /// What a station's devices send.
    public enum Kind: Hashable, Sendable {
        /// A PNG or JPEG image of labels.
        case image
        /// One scan a line, as a line scanner sends them.
        case text
        /// What an RFID reader says it saw.
        case tags(TagReads.Format)
        /// An NFC tag's content.
        case ndef
    }

    private let kind: Kind
    private let decoder: DecodeClient

    public init(kind: Kind, decoder: DecodeClient) {
        self.kind = kind
        self.decoder = decoder
    }

    /// - Throws: `CustodyError` with the codes of `DecodeClient`, `TagReads` and `NDEFMessage`, and
    ///   `payload-without-scan` where there is nothing in it.
    public func scans(in payload: [UInt8]) async throws -> [Scan] {
        let scans = try await read(payload)
        guard !scans.isEmpty || repeats else {
            throw CustodyError(
                "payload-without-scan", "No bar code, tag or text was found in it",
                remedy: "Take the picture closer, sharper and with more light.")
        }
        return scans
    }

    /// Whether a device says again and again what it sees.
    public var repeats: Bool {
        if case .tags = kind { true } else { false }
    }

    private func read(_ payload: [UInt8]) async throws -> [Scan] {
        switch kind {
        case .image: return try await decoder.decode(payload).map(\.scan)
        case .text: return try lines(payload)
        case .tags(let format): return try TagReads(payload, format: format).reads.map(\.scan)
        case .ndef: return try NDEFMessage(payload).scans
        }
    }

    private func lines(_ payload: [UInt8]) throws -> [Scan] {
        var assembler = LineAssembler()
        return try assembler.append(payload + [0x0A]).map { line in
            switch line {
            case .scan(let scan): scan
            case .tooLong: throw LineScanner.tooLong
            }
        }
    }
}
