/// What is in a logistic unit, such as a case or a pallet.
///
/// The unit has an order of its own. Each update of it names the unit's SSCC and, beside it, what went in or came out; an
/// unpacking that names nothing empties the unit. What follows is the same for everybody, because updates are taken in the
/// order of their entries' times, those of one time by leaf hash.
public struct UnitContents: Sendable {
    /// The steps of contract `packing`.
    public static let beginning = "unit.begun"
    public static let packing = "packed"
    public static let unpacking = "unpacked"

    /// An accepted update of the unit's order.
    public struct Move: Sendable {
        public let reference: Reference
        public let step: String
        public let subjects: [String]
        /// UTC microseconds.
        public let recordedAt: Int64

        public init(_ update: Update, at reference: Reference, recordedAt: Int64) {
            self.reference = reference
            step = update.step
            subjects = update.subjects
            self.recordedAt = recordedAt
        }
    }

    /// How long something was in the unit.
    public struct Stay: Hashable, Sendable {
        public let subject: String
        public let packed: Reference
        /// UTC microseconds.
        public let from: Int64
        /// Nil while it is in.
        public fileprivate(set) var unpacked: Reference?
        public fileprivate(set) var until: Int64?
    }

    /// The unit's SSCC as a subject; nil where no update names one.
    public let unit: String?
    /// In the order in which things went in.
    public private(set) var stays: [Stay] = []
    private var open: [String: Int] = [:]

    public init(_ moves: [Move]) {
        let moves = moves.sorted { ($0.recordedAt, $0.reference.leafHash) < ($1.recordedAt, $1.reference.leafHash) }
        unit = moves.lazy.compactMap { $0.subjects.first(where: Self.isUnit) }.first
        for move in moves {
            let things = move.subjects.filter { $0 != unit }
            switch move.step {
            case Self.packing: for thing in things { put(thing, by: move) }
            case Self.unpacking: for thing in things.isEmpty ? items : things { take(thing, by: move) }
            default: break
            }
        }
    }

    /// Of the accepted updates of a unit's order.
    public init(_ thread: OrderThread) {
        self.init(
            thread.nodes.filter(\.verdict.isAccepted).map {
                Move($0.update, at: $0.reference, recordedAt: $0.recordedAt)
            })
    }

    /// Whether a subject is a logistic unit.
    public static func isUnit(_ subject: String) -> Bool { ScannedThing(subject)?.kind == .sscc }

    /// What is in the unit now, in the order in which it went in.
    public var items: [String] { stays.filter { $0.until == nil }.map(\.subject) }

    public func holds(_ subject: String) -> Bool { open[subject] != nil }

    private mutating func put(_ thing: String, by move: Move) {
        guard open[thing] == nil else { return }
        open[thing] = stays.count
        stays.append(Stay(subject: thing, packed: move.reference, from: move.recordedAt))
    }

    private mutating func take(_ thing: String, by move: Move) {
        guard let place = open.removeValue(forKey: thing) else { return }
        stays[place].unpacked = move.reference
        stays[place].until = move.recordedAt
    }
}
