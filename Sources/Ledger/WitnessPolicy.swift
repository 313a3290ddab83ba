/// Whose signatures make a checkpoint valid: logs, witnesses, and the quorum of witnesses (C2SP tlog-policy).
public struct WitnessPolicy: Hashable, Sendable {
    public static let bytesMax = 1 << 20
    public static let logsMax = 1024
    public static let witnessesMax = 1024
    public static let groupsMax = 1024

    /// A log whose checkpoints are accepted: the key's name is the origin.
    public struct Log: Hashable, Sendable {
        public let key: VerifierKey
        public let url: Word?

        public init(key: VerifierKey, url: Word? = nil) {
            self.key = key
            self.url = url
        }
    }

    /// A cosigner, under the name that groups and the quorum use.
    public struct Witness: Hashable, Sendable {
        public let name: Word
        public let key: VerifierKey
        public let url: Word?

        public init(name: Word, key: VerifierKey, url: Word? = nil) {
            self.name = name
            self.key = key
            self.url = url
        }
    }

    /// Witnesses and groups, of which at least `threshold` must have witnessed a checkpoint.
    public struct Group: Hashable, Sendable {
        public let name: Word
        public let threshold: Int
        public let members: [Word]

        public init(name: Word, threshold: Int, members: [Word]) {
            self.name = name
            self.threshold = threshold
            self.members = members
        }
    }

    public let logs: [Log]
    public let witnesses: [Witness]
    public let groups: [Group]
    /// The witness or group that must have witnessed a checkpoint; nil if none need have.
    public let quorum: Word?

    /// - Throws: `policy-malformed`, `policy-too-large`.
    public init(logs: [Log], witnesses: [Witness], groups: [Group], quorum: Word?) throws {
        var draft = PolicyDraft()
        for log in logs { try draft.add(log) }
        for witness in witnesses { try draft.add(witness) }
        for group in groups { try draft.add(group) }
        try draft.setQuorum(quorum)
        try self.init(draft)
        guard bytes.count <= Self.bytesMax else { throw CustodyError.policyTooLarge("\(Self.bytesMax) bytes") }
    }

    /// The policy in a file's text.
    ///
    /// - Throws: `policy-malformed`, `policy-too-large`, `key-malformed`, `key-algorithm-unsupported`; the place is the
    ///   line.
    public init(text: String) throws {
        try self.init(bytes: text.utf8)
    }

    /// The policy in a file's bytes, which need not be UTF-8.
    ///
    /// - Throws: as `init(text:)`.
    public init(bytes: some Collection<UInt8>) throws {
        guard bytes.count <= Self.bytesMax else { throw CustodyError.policyTooLarge("\(Self.bytesMax) bytes") }
        var draft = PolicyDraft()
        for (index, line) in Lines(bytes).enumerated() {
            do {
                try draft.add(line: line)
            } catch let error as CustodyError {
                throw error.inside("line \(index + 1)")
            }
        }
        try self.init(draft)
    }

    private init(_ draft: PolicyDraft) throws {
        guard draft.hasQuorum else { throw CustodyError.malformedPolicy("it has no quorum line") }
        logs = draft.logs
        witnesses = draft.witnesses
        groups = draft.groups
        quorum = draft.quorum
    }

    /// The policy file, without the comments of the one that was read.
    public var bytes: [UInt8] {
        let quorumLine: [Word] = ["quorum", quorum ?? .nobody]
        let lines = logs.map(\.line) + witnesses.map(\.line) + groups.map(\.line) + [quorumLine]
        return lines.flatMap { $0.map(\.bytes).joined(separator: [0x20]) + [0x0A] }
    }

    /// `bytes` as text: exact if every name and URL is UTF-8.
    public var text: String { String(decoding: bytes, as: UTF8.self) }
}

extension WitnessPolicy {
    /// An item of a policy line: opaque bytes other than white space and control characters.
    public struct Word: Hashable, Sendable {
        /// The quorum that needs nobody; no witness and no group may have this name.
        public static let nobody: Word = "none"

        public let bytes: [UInt8]

        /// nil unless the bytes are allowed in a word.
        public init?(bytes: some Collection<UInt8>) {
            guard !bytes.isEmpty, bytes.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else { return nil }
            self.bytes = Array(bytes)
        }

        /// nil unless the text is allowed in a word.
        public init?(_ text: String) {
            self.init(bytes: text.utf8)
        }
    }
}

extension WitnessPolicy.Word: ExpressibleByStringLiteral, CustomStringConvertible {
    public init(stringLiteral text: String) {
        guard let word = Self(bytes: text.utf8) else { preconditionFailure("a policy word has no white space") }
        self = word
    }

    public var description: String { String(decoding: bytes, as: UTF8.self) }
}

// MARK: Evaluating

/// What a policy says of a checkpoint whose log signature is right.
public struct PolicyResult: Hashable, Sendable {
    public let checkpoint: Checkpoint
    /// The log that signed it.
    public let log: VerifierKey
    /// The policy's witnesses that cosigned it, each with its time in seconds since 1970.
    public let cosigners: [VerifierKey: UInt64]
    /// Whether the cosigners make up the quorum.
    public let isConfirmed: Bool
}

extension WitnessPolicy {
    /// Whether these cosigners make up the quorum.
    public func isSatisfied(by cosigners: Set<VerifierKey>) -> Bool {
        guard let quorum else { return true }
        var witnessed = Set(witnesses.filter { cosigners.contains($0.key) }.map(\.name))
        // Groups name only what stands before them, so one pass in their order is enough.
        for group in groups where group.members.count(where: witnessed.contains) >= group.threshold {
            witnessed.insert(group.name)
        }
        return witnessed.contains(quorum)
    }

    /// Checks the signatures of a checkpoint against this policy.
    ///
    /// - Throws: `note-signature-wrong`, `checkpoint-malformed`, `policy-log-unknown` if no log of the policy has the
    ///   checkpoint's origin, `checkpoint-unsigned` if that log has not signed it.
    public func evaluate(_ note: SignedNote) throws -> PolicyResult {
        let verified = try note.verified(by: logs.map(\.key) + witnesses.map(\.key))
        let checkpoint = try Checkpoint(text: note.text)
        let known = logs.map(\.key).filter { NoteText.areSame($0.name, checkpoint.origin) }
        guard !known.isEmpty else { throw CustodyError.unknownLog(checkpoint.origin) }
        guard let log = verified.map(\.key).first(where: known.contains) else {
            throw CustodyError.unsignedCheckpoint(checkpoint.origin)
        }
        let times = verified.compactMap { signature in signature.time.map { (signature.key, $0) } }
        let cosigners = Dictionary(times) { first, _ in first }
        return PolicyResult(
            checkpoint: checkpoint, log: log, cosigners: cosigners, isConfirmed: isSatisfied(by: Set(cosigners.keys)))
    }
}

// MARK: Writing

extension WitnessPolicy.Log {
    fileprivate var line: [WitnessPolicy.Word] { ["log"] + key.words + (url.map { [$0] } ?? []) }
}

extension WitnessPolicy.Witness {
    fileprivate var line: [WitnessPolicy.Word] { ["witness", name] + key.words + (url.map { [$0] } ?? []) }
}

extension WitnessPolicy.Group {
    fileprivate var line: [WitnessPolicy.Word] { ["group", name] + rule + members }

    private var rule: [WitnessPolicy.Word] {
        switch threshold {
        case members.count: ["all"]
        case 1: ["any"]
        default: WitnessPolicy.Word(String(threshold)).map { [$0] } ?? []
        }
    }
}

extension VerifierKey {
    /// The key as one word; none if its name has a character that policies do not allow.
    fileprivate var words: [WitnessPolicy.Word] { WitnessPolicy.Word(vkey).map { [$0] } ?? [] }
}

// MARK: Reading

/// A policy while its lines are added, one after the other.
private struct PolicyDraft {
    private(set) var logs: [WitnessPolicy.Log] = []
    private(set) var witnesses: [WitnessPolicy.Witness] = []
    private(set) var groups: [WitnessPolicy.Group] = []
    private(set) var quorum: WitnessPolicy.Word?
    private(set) var hasQuorum = false
    private var names: Set<WitnessPolicy.Word> = []
    private var members: Set<WitnessPolicy.Word> = []
    private var logKeys: Set<[UInt8]> = []
    private var witnessKeys: Set<[UInt8]> = []

    mutating func add(line: ArraySlice<UInt8>) throws {
        guard line.allSatisfy({ $0 == 0x09 || $0 >= 0x20 && $0 != 0x7F }) else {
            throw CustodyError.malformedPolicy("control characters, such as Windows line ends, are not allowed")
        }
        let words = line.split { $0 == 0x20 || $0 == 0x09 }.compactMap { WitnessPolicy.Word(bytes: $0) }
        guard let keyword = words.first, keyword.bytes.first != UInt8(ascii: "#") else { return }
        let items = Array(words.dropFirst())
        switch keyword {
        case "log": try addLog(items)
        case "witness": try addWitness(items)
        case "group": try addGroup(items)
        case "quorum": try addQuorum(items)
        default: throw CustodyError.malformedPolicy("a line begins log, witness, group or quorum, not “\(keyword)”")
        }
    }

    private mutating func addLog(_ items: [WitnessPolicy.Word]) throws {
        guard (1...2).contains(items.count) else { throw CustodyError.malformedPolicy("write: log <vkey> [<url>]") }
        try add(WitnessPolicy.Log(key: Self.key(items[0]), url: items.dropFirst().first))
    }

    private mutating func addWitness(_ items: [WitnessPolicy.Word]) throws {
        guard (2...3).contains(items.count) else {
            throw CustodyError.malformedPolicy("write: witness <name> <vkey> [<url>]")
        }
        try add(WitnessPolicy.Witness(name: items[0], key: Self.key(items[1]), url: items.dropFirst(2).first))
    }

    private mutating func addGroup(_ items: [WitnessPolicy.Word]) throws {
        guard items.count >= 3 else {
            throw CustodyError.malformedPolicy("write: group <name> all|any|<number> <name>...")
        }
        let members = Array(items.dropFirst(2))
        let threshold = try Self.threshold(items[1], of: members.count)
        try add(WitnessPolicy.Group(name: items[0], threshold: threshold, members: members))
    }

    private mutating func addQuorum(_ items: [WitnessPolicy.Word]) throws {
        guard items.count == 1 else { throw CustodyError.malformedPolicy("write: quorum <name>|none") }
        try setQuorum(items[0] == .nobody ? nil : items[0])
    }

    private static func key(_ word: WitnessPolicy.Word) throws -> VerifierKey {
        guard let text = String(validating: word.bytes, as: UTF8.self) else {
            throw CustodyError.malformedKey("its name is not UTF-8")
        }
        return try VerifierKey(vkey: text)
    }

    private static func threshold(_ word: WitnessPolicy.Word, of count: Int) throws -> Int {
        switch word {
        case "all": return count
        case "any": return 1
        default:
            guard let number = NoteText.decimal(word.bytes) else {
                throw CustodyError.malformedPolicy("a group needs all, any or a number, not “\(word)”")
            }
            return Int(number)
        }
    }
}

extension PolicyDraft {
    mutating func add(_ log: WitnessPolicy.Log) throws {
        guard logs.count < WitnessPolicy.logsMax else {
            throw CustodyError.policyTooLarge("\(WitnessPolicy.logsMax) logs")
        }
        try require(log.key, is: .ed25519, for: "log")
        guard logKeys.insert(log.key.publicKey).inserted else {
            throw CustodyError.malformedPolicy("two logs have the same public key")
        }
        logs.append(log)
    }

    mutating func add(_ witness: WitnessPolicy.Witness) throws {
        guard witnesses.count < WitnessPolicy.witnessesMax else {
            throw CustodyError.policyTooLarge("\(WitnessPolicy.witnessesMax) witnesses")
        }
        try require(witness.key, is: .cosignature, for: "witness")
        guard witnessKeys.insert(witness.key.publicKey).inserted else {
            throw CustodyError.malformedPolicy("two witnesses have the same public key")
        }
        try define(witness.name)
        witnesses.append(witness)
    }

    mutating func add(_ group: WitnessPolicy.Group) throws {
        guard groups.count < WitnessPolicy.groupsMax else {
            throw CustodyError.policyTooLarge("\(WitnessPolicy.groupsMax) groups")
        }
        guard group.threshold >= 1, group.threshold <= group.members.count else {
            throw CustodyError.malformedPolicy("group “\(group.name)” needs 1 to \(group.members.count) of its members")
        }
        for member in group.members {
            try require(defined: member)
            guard members.insert(member).inserted else {
                throw CustodyError.malformedPolicy("“\(member)” is a group member twice")
            }
        }
        // Last, so that no group can be a member of itself.
        try define(group.name)
        groups.append(group)
    }

    mutating func setQuorum(_ name: WitnessPolicy.Word?) throws {
        guard !hasQuorum else { throw CustodyError.malformedPolicy("there are two quorum lines") }
        if let name { try require(defined: name) }
        quorum = name
        hasQuorum = true
    }

    private mutating func define(_ name: WitnessPolicy.Word) throws {
        guard name != .nobody else { throw CustodyError.malformedPolicy("the name “none” is taken") }
        guard names.insert(name).inserted else {
            throw CustodyError.malformedPolicy("the name “\(name)” is taken")
        }
    }

    private func require(defined name: WitnessPolicy.Word) throws {
        guard names.contains(name) else {
            throw CustodyError.malformedPolicy("“\(name)” is no witness or group of a line above")
        }
    }

    private func require(_ key: VerifierKey, is algorithm: KeyAlgorithm, for role: String) throws {
        guard key.algorithm == algorithm else {
            throw CustodyError.malformedPolicy("the key of a \(role) has type \(algorithm.rawValue)")
        }
        guard WitnessPolicy.Word(key.vkey) != nil else {
            throw CustodyError.malformedPolicy("the name of a key has a control character")
        }
    }
}

extension CustodyError.Code {
    /// Text that is not a witness policy.
    public static let policyMalformed: Self = "policy-malformed"
    /// A policy beyond one of the limits of `WitnessPolicy`.
    public static let policyTooLarge: Self = "policy-too-large"
    /// A checkpoint of a log that the policy does not list.
    public static let policyLogUnknown: Self = "policy-log-unknown"
}

extension CustodyError {
    fileprivate static func malformedPolicy(_ reason: String) -> CustodyError {
        CustodyError(.policyMalformed, "This policy is not valid: \(reason)", remedy: "Correct the policy file.")
    }

    fileprivate static func policyTooLarge(_ limit: String) -> CustodyError {
        CustodyError(.policyTooLarge, "A policy has at most \(limit)")
    }

    fileprivate static func unknownLog(_ origin: String) -> CustodyError {
        CustodyError(
            .policyLogUnknown, "The policy does not list this log", at: origin,
            remedy: "Use the policy of the consortium that the log belongs to.")
    }

    /// The same error with its place inside a larger one.
    fileprivate func inside(_ outer: String) -> CustodyError {
        CustodyError(code, message, at: place.map { "\(outer), \($0)" } ?? outer, remedy: remedy)
    }
}
