import Identifiers
import Testing

/// A fixed stream of numbers (SplitMix64), so that a failure can be replayed.
private struct Noise {
    var state: UInt64

    mutating func next(below bound: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((mixed ^ (mixed >> 31)) % UInt64(bound))
    }
}

@Suite("Hostile scans")
struct HostileScanTests {
    private static let seeds = [
        "0104012345000016172612311021A\u{1D}21S1", "(01)04012345000016(10)A\\(21)(400)PO{GS}",
        "https://a.b/c/01/04012345000016/21/a%2Fb?17=261200&10=%4C", "]d2]C1", "(8003)04012345000115XYZ",
        "]E04012345000115|]e010A", "(8110)106141416543213150110120", "(8007)GB98MIDL07009312345678(415)4012345000115",
        "(4309)02790858483015297971(8013)1987654Ad4X4bL5ttr2310c2K", "https://a/414/4012345000115/254/x?10=a;11=260101",
        "00340123450000000017(7007)261231270101(423)276826",
    ]

    @Test func answersEveryMutationWithoutATrap() {
        var noise = Noise(state: 42)
        for round in 0..<20_000 {
            var bytes = Array(HostileScanTests.seeds[round % HostileScanTests.seeds.count].utf8)
            for _ in 0...noise.next(below: 6) { mutate(&bytes, with: &noise) }
            check(bytes)
        }
    }

    @Test func answersNoiseWithoutATrap() {
        var noise = Noise(state: 43)
        for _ in 0..<20_000 {
            check((0..<noise.next(below: 64)).map { _ in UInt8(noise.next(below: 256)) })
        }
    }

    private func mutate(_ bytes: inout [UInt8], with noise: inout Noise) {
        guard !bytes.isEmpty else { return }
        let index = noise.next(below: bytes.count)
        switch noise.next(below: 4) {
        case 0: bytes[index] = UInt8(noise.next(below: 256))
        case 1: bytes.remove(at: index)
        case 2: bytes.insert(UInt8(noise.next(below: 128)), at: index)
        default: bytes.removeLast(noise.next(below: bytes.count))
        }
    }

    /// What is taken must survive its own canonical form; what is refused must point into the scan.
    private func check(_ bytes: [UInt8]) {
        do throws(IdentifierError) {
            let identifier = try identify(Scan(bytes: bytes), year: 2026)
            var report: [UInt8] = []
            Identifier.report(for: bytes, year: 2026).appendJSON(to: &report)
            #expect(report.allSatisfy { $0 >= 0x20 }, "\(bytes)")
            guard let link = identifier.digitalLink else { return }
            let again = try? identify(Scan(bytes: Array(link.utf8)), year: 2026)
            #expect(again?.digitalLink == link, "\(bytes)")
        } catch {
            #expect((0...bytes.count).contains(error.position ?? 0), "\(bytes)")
        }
    }
}
