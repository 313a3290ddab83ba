/// When a read is believed: a wrong read is worse than none.
///
/// The numbers are measured: they refuse the wrong reads of the drawn and spoiled pictures that `DecodePlan` was
/// measured on.
enum TrustRule {
    /// Agreeing scan lines of an EAN or UPC that zbar alone read twice.
    static let retailLinesMinTwice = 16

    static func trusts(_ candidate: Candidate, among all: [Candidate]) -> Bool {
        guard !candidate.read.bytes.isEmpty else { return false }
        // Matrix symbols correct their errors and tell what is beyond that.
        guard candidate.read.symbology.isLinear else { return true }
        guard !all.contains(where: { contradicts($0, candidate) }) else { return false }
        return isConfirmed(candidate) || isStrong(candidate)
    }

    /// A blurred EAN or UPC is misread in the same way in every version of the image: there, one decoder's reads confirm
    /// each other only where many lines agreed.
    private static func isConfirmed(_ candidate: Candidate) -> Bool {
        candidate.wasReadByBoth
            || candidate.wasReadTwice
                && (!candidate.read.symbology.isRetail || candidate.zbarLines >= retailLinesMinTwice)
    }

    /// What one decoder's one look needs to be believed. zxing counts no more than the two lines that it asks for.
    private static func isStrong(_ candidate: Candidate) -> Bool {
        let (zbar, zxing) = (candidate.zbarLines, candidate.zxingLines)
        let count = candidate.read.bytes.count
        return switch candidate.read.symbology {
        // One check digit, and every second blurred digit looks like another.
        case .ean8, .ean13, .upcA, .upcE: zbar >= 30
        // No check at all, and any piece of it is a whole symbol.
        case .interleaved2of5: zbar >= 10 || zxing >= 2 && count >= 12
        case .codabar: zbar >= 5 || zxing >= 2 && count >= 8
        case .code39: zbar >= 3 || zxing >= 2
        case .code93, .code128: zbar >= 2 || zxing >= 2
        // The halves of two symbols may be taken for one.
        case .dataBar: zbar >= 6
        case .dataBarExpanded: zbar >= 3 || zxing >= 1
        default: true
        }
    }

    /// A piece of an ITF gives way to the whole, and a weak read to another of its kind that is many times as strong.
    private static func contradicts(_ other: Candidate, _ candidate: Candidate) -> Bool {
        guard other.read.symbology.isSameKind(as: candidate.read.symbology), other.read.bytes != candidate.read.bytes
        else { return false }
        switch candidate.read.symbology {
        case .interleaved2of5 where other.read.bytes.contains(candidate.read.bytes): return true
        case .ean8, .ean13, .upcA, .upcE, .interleaved2of5, .dataBar:
            return isConfirmed(other) && candidate.zbarLines * 8 < other.zbarLines
        default: return false
        }
    }
}

extension Symbology {
    func isSameKind(as other: Symbology) -> Bool { self == other || isRetail && other.isRetail }
}
