import Ledger
import Testing

@testable import Consortium

@Suite struct MirrorUploadTests {
    static let header = MirrorUpload.Header(origin: "supplier/gw", start: 250, end: 300)

    /// Six entries to the edge of a tile, 44 behind it.
    static let packages = [
        MirrorUpload.Package(
            start: 250, entries: (0..<6).map { [UInt8](repeating: UInt8($0), count: $0 * 300) },
            proof: [Hash.sha256([1]), Hash.sha256([2])]),
        MirrorUpload.Package(start: 256, entries: (0..<44).map { [UInt8($0)] }, proof: []),
    ]

    static var body: [UInt8] { MirrorUpload.header(header) + packages.flatMap(\.bytes) }

    /// All parts that the reader finds when the body comes in pieces of a size.
    private func parts(of body: [UInt8], pieces: Int) -> [MirrorUpload.Reader.Part] {
        var reader = MirrorUpload.Reader()
        var parts: [MirrorUpload.Reader.Part] = []
        for start in stride(from: 0, to: body.count, by: pieces) {
            reader.feed(body[start..<min(start + pieces, body.count)])
            while true {
                let part = reader.take()
                if part == .more { break }
                parts.append(part)
                if Self.isRefused(part) { return parts }
            }
        }
        return parts
    }

    @Test(arguments: [1, 2, 7, 255, 65_536, 1 << 20])
    func readsTheSameInPiecesOfAnySize(pieces: Int) {
        #expect(parts(of: Self.body, pieces: pieces) == [.header(Self.header)] + Self.packages.map { .package($0) })
    }

    @Test func aTornBodyGivesOnlyItsWholeParts() {
        let whole = parts(of: Self.body, pieces: 1 << 20)
        for count in 0..<Self.body.count {
            let cut = parts(of: Array(Self.body.prefix(count)), pieces: 1 << 20)
            #expect(cut.count < whole.count)
            #expect(cut == Array(whole.prefix(cut.count)))
        }
    }

    @Test func refusesBytesBehindTheEnd() {
        let last = parts(of: Self.body + [0], pieces: 1 << 20).last
        #expect(last == .oversized("bytes follow the last package"))
    }

    @Test(arguments: [(62, true), (63, true), (64, false), (255, false)])
    func aProofHasAtMostItsHashes(count: Int, fits: Bool) {
        let header = MirrorUpload.Header(origin: "o", start: 0, end: 1)
        let proof = (0..<count).map { Hash.sha256([UInt8($0)]) }
        let package = MirrorUpload.Package(start: 0, entries: [[1]], proof: proof)
        let last = parts(of: MirrorUpload.header(header) + package.bytes, pieces: 1 << 20).last
        if fits { #expect(last == .package(package)) } else { #expect(last.map(Self.isRefused) == true) }
    }

    @Test(arguments: [(-1, true), (0, true), (1, false)])
    func anOriginHasAtMostItsBytes(step: (offset: Int, fits: Bool)) {
        let origin = String(repeating: "x", count: MirrorUpload.Reader.originBytesMax + step.offset)
        let header = MirrorUpload.Header(origin: origin, start: 0, end: 0)
        let first = parts(of: MirrorUpload.header(header), pieces: 1 << 20).first
        if step.fits { #expect(first == .header(header)) } else { #expect(first.map(Self.isRefused) == true) }
    }

    @Test(arguments: [(-1, true), (0, true), (1, false)])
    func aTicketHasAtMostItsBytes(step: (offset: Int, fits: Bool)) {
        let count = MirrorUpload.Reader.ticketBytesMax + step.offset
        let header = MirrorUpload.Header(origin: "o", start: 0, end: 0)
        let ticket = [UInt8(count >> 8), UInt8(count & 0xFF)] + [UInt8](repeating: 1, count: count)
        let first = parts(of: MirrorUpload.header(header).dropLast(2) + ticket, pieces: 1 << 20).first
        let known = MirrorUpload.Header(origin: "o", start: 0, end: 0, ticket: Array(ticket.dropFirst(2)))
        #expect(parts(of: MirrorUpload.header(known), pieces: 1 << 20).first == first)
        if step.fits { #expect(first == .header(known)) } else { #expect(first.map(Self.isRefused) == true) }
    }

    @Test(arguments: [
        MirrorUpload.header(MirrorUpload.Header(origin: "o", start: 5, end: 4)),
        MirrorUpload.header(MirrorUpload.Header(origin: "o", start: 0, end: .max)),
        [0, 1, 0xFF] + [UInt8](repeating: 0, count: 18),
    ])
    func refusesAHeaderThatCannotBe(body: [UInt8]) {
        #expect(parts(of: body, pieces: 1 << 20).first.map(Self.isRefused) == true)
    }

    private static func isRefused(_ part: MirrorUpload.Reader.Part) -> Bool {
        switch part {
        case .malformed, .oversized: true
        case .header, .package, .more: false
        }
    }

    @Test func aBundleIsExactlyItsEntries() {
        let entries: [[UInt8]] = [[], [1], [UInt8](repeating: 2, count: 65_535)]
        let bundle = MirrorUpload.bundle(entries)
        #expect(MirrorUpload.entries(inBundle: bundle, count: 3) == entries)
        #expect(MirrorUpload.entries(inBundle: bundle, count: 2) == nil)
        #expect(MirrorUpload.entries(inBundle: bundle, count: 4) == nil)
        #expect(MirrorUpload.entries(inBundle: bundle.dropLast(), count: 3) == nil)
        #expect(MirrorUpload.entries(inBundle: bundle + [0], count: 3) == nil)
    }
}
