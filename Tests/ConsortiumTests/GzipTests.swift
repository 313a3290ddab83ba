import Ledger
import Testing

@testable import Consortium

@Suite struct GzipTests {
    private static func inflated(_ bytes: [UInt8], pieces: Int) throws -> [UInt8] {
        let inflater = try Gzip.Inflater()
        var output: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: pieces) {
            inflater.feed(Array(bytes[start..<min(start + pieces, bytes.count)]))
            while let piece = try inflater.next() {
                #expect(piece.count <= Gzip.Inflater.pieceBytes)
                output += piece
            }
        }
        #expect(inflater.isAtEnd)
        return output
    }

    @Test(arguments: [0, 1, 1_000, 65_536, 1_000_000], [1, 100, 1 << 20])
    func whatIsCompressedComesBackFromPiecesOfAnySize(count: Int, pieces: Int) throws {
        guard count <= 65_536 || pieces > 1 else { return }
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * $0 >> 3) }
        let small = try #require(Gzip.compress(bytes))
        #expect(try Self.inflated(small, pieces: pieces) == bytes)
        #expect(try Gzip.decompress(small, bytesMax: count) == bytes)
    }

    @Test(arguments: [(-1, true), (0, true), (1, false)])
    func holdsAtMostItsBytes(step: (offset: Int, fits: Bool)) throws {
        let small = try #require(Gzip.compress([UInt8](repeating: 7, count: 1_000_000 + step.offset)))
        let code: CustodyError.Code? = {
            do { return try Gzip.decompress(small, bytesMax: 1_000_000).isEmpty ? "empty" : nil } catch {
                return (error as? CustodyError)?.code
            }
        }()
        #expect(code == (step.fits ? nil : .gzipMalformed))
    }

    @Test func refusesWhatIsDamagedCutOffOrFollowed() throws {
        let small = try #require(Gzip.compress(Array("entries".utf8)))
        var damaged = small
        damaged[12] ^= 0xFF
        for wrong in [damaged, Array(small.dropLast()), small + [0], Array("entries".utf8), []] {
            #expect(throws: CustodyError(.gzipMalformed, "")) { try Gzip.decompress(wrong, bytesMax: 100) }
        }
    }
}
