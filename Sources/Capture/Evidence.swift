/// What decoders have read of one image so far.
struct Evidence {
    private let earlier: [SymbolRead]
    private var candidates: [Candidate] = []

    /// - Parameter earlier: what was read of the frame before and not believed.
    init(earlier: [SymbolRead] = []) {
        self.earlier = earlier
    }

    mutating func add(_ reads: [SymbolRead], from retouch: Retouch) {
        for read in reads {
            if let index = candidates.firstIndex(where: { $0.isSame(as: read) }) {
                candidates[index].add(read, from: retouch)
            } else {
                var candidate = Candidate(read, from: retouch)
                candidate.wasReadBefore = earlier.contains { candidate.isSame(as: $0) }
                candidates.append(candidate)
            }
        }
    }

    /// What is believed, once each, in the order found.
    var trusted: [SymbolRead] {
        candidates.filter { TrustRule.trusts($0, among: candidates) }.map(\.read)
    }

    /// What is not believed yet.
    var doubtful: [SymbolRead] {
        candidates.filter { !TrustRule.trusts($0, among: candidates) }.map(\.read)
    }

    /// Whether something was read and nothing of it is in doubt.
    var isSettled: Bool {
        !candidates.isEmpty && candidates.allSatisfy { TrustRule.trusts($0, among: candidates) }
    }
}

/// One content that was read at least once, with what speaks for it.
struct Candidate {
    private(set) var read: SymbolRead
    /// The most scan lines that agreed in one look, 0 where the decoder did not read it.
    private(set) var zbarLines = 0
    private(set) var zxingLines = 0
    private var retouches: Set<Retouch> = []
    /// In the frame before this one.
    var wasReadBefore = false

    init(_ read: SymbolRead, from retouch: Retouch) {
        self.read = read
        add(read, from: retouch)
    }

    var wasReadByBoth: Bool { zbarLines > 0 && zxingLines > 0 }

    /// In two versions of the image or in two frames.
    var wasReadTwice: Bool { retouches.count > 1 || wasReadBefore }

    /// The same 13 digits are the same GTIN, whatever symbol carried them. And zbar's bytes of a QR Code that names a
    /// character set are UTF-8, so there the texts count.
    func isSame(as other: SymbolRead) -> Bool {
        guard read.symbology.isSameKind(as: other.symbology) else { return false }
        return read.bytes == other.bytes || read.symbology == .qrCode && read.text != nil && read.text == other.text
    }

    mutating func add(_ other: SymbolRead, from retouch: Retouch) {
        retouches.insert(retouch)
        switch other.decoder {
        case .zbar: zbarLines = max(zbarLines, other.lines)
        case .zxing:
            zxingLines = max(zxingLines, other.lines)
            // Only zxing's bytes of a matrix symbol are as they were printed.
            if !other.symbology.isLinear { read = other }
        }
    }
}
