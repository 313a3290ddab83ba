import Ledger

/// Why a gateway must not continue its log: it may have gone on elsewhere. It opens the next generation instead (design:
/// section 5).
public struct Doubt: Codable, Hashable, Sendable {
    public enum Cause: String, Codable, Hashable, Sendable, CaseIterable {
        /// The database is gone, or holds no log of this gateway.
        case databaseLost = "database-lost"
        /// The database has less of the log than this gateway has written.
        case databaseBehind = "database-behind"
        /// The database has another log than the one that this gateway has written.
        case databaseDiffers = "database-differs"
        /// The state directory was written on another machine.
        case otherMachine = "other-machine"
        /// The database is not the file that this gateway has written: a copy of it.
        case databaseCopied = "database-copied"
        /// What this gateway wrote of its newest head is missing or damaged.
        case headLost = "head-lost"
        /// The private key of the log is gone.
        case keyLost = "key-lost"
        /// The database came out of a backup.
        case backupRestored = "backup-restored"
        /// A member has more of the log, or another one, signed with its key.
        case knownElsewhere = "known-elsewhere"
        /// Two heads of the log contradict each other.
        case forked = "log-forked"
        /// An entry of the log does not carry the hash of the entry before it.
        case broken = "log-broken"

        /// A sentence that a user understands.
        public var message: String {
            switch self {
            case .databaseLost: "the database is gone"
            case .databaseBehind: "the database has less of the log than this gateway has written"
            case .databaseDiffers: "the database has another log than the one that this gateway has written"
            case .otherMachine: "the state directory was written on another machine"
            case .databaseCopied: "the database is a copy of the file that this gateway has written"
            case .headLost: "what this gateway wrote of its newest head is missing or damaged"
            case .keyLost: "the private key of the log is gone"
            case .backupRestored: "the database came out of a backup"
            case .knownElsewhere: "a member has more of this log, or another one, signed with its key"
            case .forked: "two heads of this log contradict each other"
            case .broken: "an entry of this log does not carry the hash of the entry before it"
            }
        }
    }

    public let cause: Cause
    /// The log that must not be continued.
    public let origin: String
    /// Its newest head that somebody else has, a signed note; nil where nobody was asked.
    public let head: String?
    /// So many entries stand in the log as that head has it; what follows them here must be taken back. Nil if not known.
    public let common: UInt64?

    public init(_ cause: Cause, origin: String, head: String? = nil, common: UInt64? = nil) {
        self.cause = cause
        self.origin = origin
        self.head = head
        self.common = common
    }
}
