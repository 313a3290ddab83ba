import Ledger
import Store

/// What a gateway finds when it starts, as far as it bears on whether it may continue its log.
public struct StartFindings: Sendable {
    /// The database's own log.
    public struct Own: Sendable {
        public let head: Head
        /// Earlier generations that its genesis and theirs name, each with the last head that was known of it.
        public let earlier: [Head]
        /// When the file was made, nanoseconds since 1970; nil if the file system does not know.
        public let born: Int64?
        /// A mark that the database carries.
        public let doubt: Doubt?
        /// Whether the newest head has been kept outside the database since the log began.
        public let isHeadKept: Bool
        /// Whether the log's private key is here.
        public let hasKey: Bool

        public init(
            head: Head, earlier: [Head] = [], born: Int64? = nil, doubt: Doubt? = nil, isHeadKept: Bool = false,
            hasKey: Bool = true
        ) {
            self.head = head
            self.earlier = earlier
            self.born = born
            self.doubt = doubt
            self.isHeadKept = isHeadKept
            self.hasKey = hasKey
        }
    }

    /// A file that holds the newest head.
    public enum File: Sendable {
        case missing
        case unreadable
        /// - Parameter rootHere: what the database's own log has as root at that size; nil if it is shorter.
        case head(KeptHead, rootHere: Hash?)
    }

    /// Nil if there is no database, or none with a log.
    public let own: Own?
    /// In the state directory.
    public let head: File
    /// Outside it.
    public let copy: File
    /// The origin that the private key of the log names; nil without one.
    public let keyName: String?
    /// Of this machine.
    public let machine: String

    public init(own: Own?, head: File, copy: File, keyName: String?, machine: String) {
        self.own = own
        self.head = head
        self.copy = copy
        self.keyName = keyName
        self.machine = machine
    }
}

/// Whether a gateway that starts continues its log, or opens the next generation, and why.
///
/// Of the two errors the worse one is to continue a log that has gone on elsewhere: its key then signs an index twice, and
/// every member freezes it as a liar's. A generation that was not needed costs a name. So whatever cannot be explained by a
/// lost power supply is a doubt; and because the head is written with fsync and rename, after the commit that it tells of,
/// a lost power supply leaves it older than the database, never newer, damaged or missing.
public enum StartDecision: Hashable, Sendable {
    case goOn
    /// - Parameter predecessor: the last head that is known of the log which must not be continued; of size 0 if none is.
    case open(Doubt, predecessor: Head)
    /// There is no gateway here.
    case nothing

    public init(_ findings: StartFindings) {
        let files = [findings.head, findings.copy]
        let heads = files.compactMap(\.kept)
        guard let own = findings.own else {
            self = Self.withoutDatabase(heads, keyName: findings.keyName)
            return
        }
        guard let doubt = own.doubt ?? Self.doubt(about: own, findings) else {
            self = .goOn
            return
        }
        // What follows the common entries here is taken back, and is no head of this log any more.
        if doubt.common != nil, let signed = doubt.signed {
            self = .open(doubt, predecessor: signed)
            return
        }
        let gateway = Generation.gateway(ofOrigin: own.head.origin)
        let known = [own.head, doubt.signed] + heads.map(\.head)
        self = .open(doubt, predecessor: Self.newest(known.compactMap { $0 }, of: gateway) ?? own.head)
    }

    private static func withoutDatabase(_ heads: [KeptHead], keyName: String?) -> StartDecision {
        let gateway = (keyName ?? heads.first?.origin).map { Generation.gateway(ofOrigin: $0) }
        guard let gateway, let origin = keyName ?? heads.first?.origin else { return .nothing }
        let known = newest(heads.compactMap(\.head), of: gateway)
        let head = known ?? Head(origin: origin, size: 0, root: .emptyTree)
        return .open(Doubt(.databaseLost, origin: head.origin), predecessor: head)
    }

    /// The head that was written last: of the newest generation, and there the largest.
    private static func newest(_ heads: [Head], of gateway: String) -> Head? {
        heads.filter { Generation.gateway(ofOrigin: $0.origin) == gateway }.max {
            (Generation.number(ofOrigin: $0.origin), $0.size) < (Generation.number(ofOrigin: $1.origin), $1.size)
        }
    }

    private static func doubt(about own: StartFindings.Own, _ findings: StartFindings) -> Doubt? {
        let causes = [findings.head, findings.copy].map { cause($0, own, findings.machine) }
        if let cause = causes.compactMap({ $0 }).first { return Doubt(cause, origin: own.head.origin) }
        if !own.hasKey { return Doubt(.keyLost, origin: own.head.origin) }
        let isHere = [findings.head, findings.copy].contains { $0.kept != nil }
        return own.isHeadKept && !isHere ? Doubt(.headLost, origin: own.head.origin) : nil
    }

    private static func cause(
        _ file: StartFindings.File, _ own: StartFindings.Own, _ machine: String
    ) -> Doubt.Cause? {
        guard case .head(let kept, let rootHere) = file else { return nil }
        if kept.origin != own.head.origin {
            let earlier = own.earlier.first { $0.origin == kept.origin }
            // Written before the present generation was opened, and the power failed before it was written again.
            if let earlier, kept.size <= earlier.size || earlier.size == 0 { return nil }
            return .databaseBehind
        }
        guard kept.size <= own.head.size else { return .databaseBehind }
        guard rootHere?.hex == kept.root else { return .databaseDiffers }
        guard kept.machine == machine else { return .otherMachine }
        if let born = kept.born, let now = own.born, born != now { return .databaseCopied }
        return nil
    }
}

extension StartFindings.File {
    var kept: KeptHead? {
        if case .head(let kept, _) = self { kept } else { nil }
    }
}

extension Doubt {
    /// The head that somebody else has.
    fileprivate var signed: Head? {
        guard let head, let note = try? SignedNote(encoded: head), let checkpoint = try? Checkpoint(text: note.text)
        else { return nil }
        return Head(origin: checkpoint.origin, size: checkpoint.size, root: checkpoint.root)
    }
}
