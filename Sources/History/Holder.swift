import Ledger
import Store

/// Who has what an order is about, as far as the ledger tells.
public struct Holder: Encodable, Sendable, Hashable {
    /// What became of it last.
    public enum State: String, Encodable, Sendable {
        case held
        /// Sent, and not yet received.
        case inTransit = "in-transit"
        /// In or on a patient, or used up.
        case used
        case destroyed
    }

    /// How far that can be relied on, the surest first.
    public enum Certainty: String, Encodable, Sendable {
        /// The quorum has it.
        case confirmed
        /// It stands in the log of who recorded it, and nowhere else for certain.
        case recorded
        /// Branches of the order say different things.
        case disputed
        /// The log that says so is frozen or revoked.
        case doubtful
    }

    public let organisation: String
    public let state: State
    public let step: String
    /// Where: the station that scanned it, or what the update says.
    public let place: String?
    /// To whom it is on its way.
    public let to: String?
    public let since: String
    public let certainty: Certainty

    private static let states: [String: State] = [
        "shipped": .inTransit, "loaded": .inTransit, "installed": .used, "used": .used, "device.fitted": .used,
        "device.destroyed": .destroyed,
    ]

    /// Steps that say something of a thing without having it.
    private static let remote: Set = [
        "order.placed", "design.set", "materials.recorded", "compliance.approved", "compliance.rejected",
        "compliance.overdue", "after-sales.recorded", "followed-up", "recall.noticed", "recall.received",
        "order.resolved",
    ]

    /// Nil where nobody has had it yet.
    /// - Parameter dropped: updates that resolutions took out.
    init?(_ updates: [AppliedUpdate], without dropped: Set<Hash>, isDisputed: Bool, logs: [String: LogRecord]) {
        let handling = updates.last { applied in
            applied.verdict.isAccepted && !dropped.contains(applied.reference.leafHash)
                && ![.window, .rule].contains(applied.update.source.kind) && !Self.remote.contains(applied.update.step)
        }
        guard let handling else { return nil }
        let (update, reference) = (handling.update, handling.reference)
        let log = logs[reference.origin]
        organisation = ConsortiumDocument.organisation(ofOrigin: reference.origin)
        step = update.step
        state = Self.states[update.step] ?? .held
        place = update.source.station.isEmpty ? update.text(of: "location") : update.source.station
        to = state == .inTransit ? update.text(of: "ship-to") ?? update.text(of: "to") : nil
        since = UTCText.of(update.observedAt ?? handling.entry.recordedAt)
        let isDoubtful =
            log?.frozen(at: reference.index) != nil || log.map { reference.index > $0.lastCounted ?? .max } ?? true
        certainty =
            isDoubtful
            ? .doubtful : isDisputed ? .disputed : log?.isConfirmed(reference.index) == true ? .confirmed : .recorded
    }

    /// One line for a terminal.
    public var text: String {
        let location = place.map { " at \($0.onOneLine)" } ?? ""
        let what =
            switch state {
            case .held: "\(organisation)\(location)"
            case .inTransit: "on its way from \(organisation)\(location)" + (to.map { " to \($0.onOneLine)" } ?? "")
            case .used: "used by \(organisation)\(location)"
            case .destroyed: "destroyed by \(organisation)\(location)"
            }
        return "\(what), \(step) \(since), \(certainty.rawValue)"
    }
}
