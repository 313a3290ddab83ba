import Testing

@testable import Labels

@Suite struct BitmapFontTests {
    private static let characters = (UInt8(0x21)...0x7E).map { Character(UnicodeScalar($0)) }

    @Test func drawsEachCharacterOnceAndInItsCell() {
        let drawings = Self.characters.map { BitmapFont.dots(of: $0).map { [$0.x, $0.y] } }
        #expect(Set(drawings).count == Self.characters.count)
        for dots in drawings {
            #expect(!dots.isEmpty)
            #expect(dots.allSatisfy { $0[0] < BitmapFont.width && $0[1] < BitmapFont.height })
        }
    }

    @Test(arguments: ["0O", "0o", "1I", "1l", "Il", "5S", "8B", "2Z", "QO", "6b", "9q"])
    func keepsLookalikesApart(pair: String) throws {
        let drawings = pair.map { Set(BitmapFont.dots(of: $0).map { [$0.x, $0.y] }) }
        let (one, other) = (try #require(drawings.first), try #require(drawings.last))
        #expect(one.symmetricDifference(other).count >= 3)
    }

    @Test(arguments: [" ", "Ä", "\n"] as [Character])
    func drawsNothingElse(character: Character) {
        #expect(BitmapFont.dots(of: character).isEmpty)
    }
}
