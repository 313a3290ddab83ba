/// A set of steps of one contract, by their numbers: one bit for each of the most that a contract may have.
struct StepSet: Hashable, Sendable {
    private var words = SIMD4<UInt64>()

    init() {}

    init(_ steps: some Sequence<Int>) {
        for step in steps { insert(step) }
    }

    func contains(_ step: Int) -> Bool { words[step >> 6] >> UInt64(step & 63) & 1 == 1 }

    func isSubset(of other: StepSet) -> Bool { words & ~other.words == SIMD4() }

    func isDisjoint(with other: StepSet) -> Bool { words & other.words == SIMD4() }

    mutating func insert(_ step: Int) { words[step >> 6] |= 1 << UInt64(step & 63) }

    mutating func formUnion(_ other: StepSet) { words |= other.words }
}
