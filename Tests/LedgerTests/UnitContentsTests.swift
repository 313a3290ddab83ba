import Ledger
import Testing

@Suite struct UnitContentsTests {
    private static let pallet = "https://id.gs1.org/00/095060001343520024"
    private static let first = "https://id.gs1.org/00/095060001343520017"
    private static let device = "https://id.gs1.org/01/09506000134352/21/A1"
    private static let other = "https://id.gs1.org/01/09506000134352/21/A2"

    private static func move(_ step: String, _ things: [String], at minute: Int64, hash: UInt8 = 0) -> UnitContents.Move
    {
        let none = Hash.sha256([])
        let update = Update(
            order: "o", step: step, parents: [], consortium: none, contract: none, subjects: [pallet] + things,
            source: Source(.scan))
        let reference = Reference(
            origin: "logistics/gw", index: UInt64(minute), leafHash: Hash.sha256([hash, UInt8(minute)]))
        return UnitContents.Move(update, at: reference, recordedAt: minute * 60_000_000)
    }

    private static let history = [
        move("unit.begun", [], at: 0), move("packed", [first, device], at: 1), move("packed", [other], at: 2),
        move("unpacked", [device], at: 3), move("packed", [device], at: 4),
    ]

    @Test func whatWentInAndDidNotComeOutIsInIt() {
        let contents = UnitContents(Self.history)
        #expect(contents.unit == Self.pallet)
        #expect(contents.items == [Self.first, Self.other, Self.device])
        #expect(contents.holds(Self.device))
        #expect(!contents.holds(Self.pallet))
        let stays = contents.stays.filter { $0.subject == Self.device }
        #expect(stays.map(\.from) == [60_000_000, 240_000_000])
        #expect(stays.map(\.until) == [180_000_000, nil])
    }

    /// Members hear of updates in different orders.
    @Test(arguments: 0..<24) func everybodySeesTheSameContents(seed: Int) {
        var moves = Self.history
        moves.swapAt(seed % 5, (seed / 5) % 5)
        moves.reverse()
        #expect(UnitContents(moves).stays == UnitContents(Self.history).stays)
    }

    @Test func anUnpackingThatNamesNothingEmptiesTheUnit() {
        let contents = UnitContents(Self.history + [Self.move("unpacked", [], at: 9)])
        #expect(contents.items.isEmpty)
        #expect(contents.stays.allSatisfy { $0.until != nil })
    }

    @Test func whatIsPackedTwiceIsInItOnce() {
        let contents = UnitContents(Self.history + [Self.move("packed", [Self.other], at: 5)])
        #expect(contents.items.filter { $0 == Self.other }.count == 1)
    }

    @Test func whatNeverWentInCannotComeOut() {
        let contents = UnitContents([Self.move("unit.begun", [], at: 0), Self.move("unpacked", [Self.device], at: 1)])
        #expect(contents.stays.isEmpty)
    }
}
