import Testing

@testable import Capture

@Suite struct FramePaceTests {
    private static func step(after milliseconds: [Int]) -> Int {
        var pace = FramePace()
        for time in milliseconds { pace.took(.milliseconds(time)) }
        return pace.step
    }

    @Test(arguments: [
        ([], 4), ([10], 4), ([11], 8), ([11, 11], 16), ([11, 11, 11], 16), ([11, 4], 8), ([11, 3], 4), ([3], 4),
        ([11, 11, 3], 8),
    ])
    func leavesOutMoreRowsOnlyAsLongAsFramesAreSlow(times: [Int], step: Int) {
        #expect(Self.step(after: times) == step)
    }
}
