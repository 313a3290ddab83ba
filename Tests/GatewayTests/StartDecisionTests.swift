import Gateway
import Ledger
import Store
import Testing

/// What follows from each thing that a gateway can find when it starts.
@Suite struct StartDecisionTests {
    private static let old = "hospital/main"
    private static let new = "hospital/main.20261123125642317"
    private static let root = Hash.leaf([1])

    private static func head(_ size: UInt64, _ origin: String = old, root: Hash = root) -> Head {
        Head(origin: origin, size: size, root: root)
    }

    private static func file(
        _ size: UInt64, _ origin: String = old, root: Hash = root, here: Hash? = root, machine: String = "m",
        born: Int64? = 7
    ) -> StartFindings.File {
        .head(KeptHead(head(size, origin, root: root), machine: machine, born: born), rootHere: here)
    }

    private static func own(
        _ size: UInt64 = 10, origin: String = old, earlier: [Head] = [], born: Int64? = 7, doubt: Doubt? = nil,
        isHeadKept: Bool = true, hasKey: Bool = true
    ) -> StartFindings.Own {
        .init(
            head: head(size, origin), earlier: earlier, born: born, doubt: doubt, isHeadKept: isHeadKept, hasKey: hasKey
        )
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let own: StartFindings.Own?
        var head = StartFindings.File.missing
        var copy = StartFindings.File.missing
        var keyName: String? = old
        let cause: Doubt.Cause?
        /// Of the predecessor.
        var size: UInt64 = 10
    }

    static let cases: [Case] = [
        // A lost power supply.
        Case(testDescription: "the head is as new as the database", own: own(), head: file(10), cause: nil),
        Case(testDescription: "the head is older", own: own(), head: file(3), copy: file(1), cause: nil),
        Case(testDescription: "the first head was not written yet", own: own(isHeadKept: false), cause: nil),
        Case(
            testDescription: "the first head is of an older release", own: own(isHeadKept: false),
            head: file(3, born: nil), cause: nil),
        Case(
            testDescription: "the file system keeps no times of birth", own: own(born: nil), head: file(10), cause: nil),
        Case(
            testDescription: "the head is of the generation before",
            own: own(1, origin: new, earlier: [head(9)], isHeadKept: false), head: file(9, here: nil), cause: nil),
        Case(
            testDescription: "nothing was known of the generation before",
            own: own(1, origin: new, earlier: [head(0)], isHeadKept: false), head: file(9, here: nil), cause: nil),
        Case(testDescription: "only the copy is left", own: own(), copy: file(10), cause: nil),
        // Everything else.
        Case(
            testDescription: "the database is behind", own: own(), head: file(11, here: nil), cause: .databaseBehind,
            size: 11),
        Case(
            testDescription: "the folder is behind its copy", own: own(), head: file(10), copy: file(12, here: nil),
            cause: .databaseBehind, size: 12),
        Case(
            testDescription: "the database is of the generation before", own: own(), head: file(3, new, here: nil),
            cause: .databaseBehind, size: 3),
        Case(
            testDescription: "the generation before went on",
            own: own(4, origin: new, earlier: [head(9)]), head: file(10, here: nil), cause: .databaseBehind, size: 4),
        Case(
            testDescription: "the database differs", own: own(), head: file(10, here: .emptyTree),
            cause: .databaseDiffers),
        Case(testDescription: "another machine", own: own(), head: file(10, machine: "other"), cause: .otherMachine),
        Case(testDescription: "a copied database", own: own(born: 8), head: file(10), cause: .databaseCopied),
        Case(testDescription: "a damaged head", own: own(), head: .unreadable, cause: .headLost),
        Case(testDescription: "no head", own: own(), cause: .headLost),
        Case(testDescription: "no key", own: own(hasKey: false), head: file(10), keyName: nil, cause: .keyLost),
        Case(
            testDescription: "a restored backup",
            own: own(doubt: Doubt(.backupRestored, origin: old), isHeadKept: false),
            cause: .backupRestored),
        Case(
            testDescription: "a restored backup beside a newer head",
            own: own(doubt: Doubt(.backupRestored, origin: old)), copy: file(15, here: nil), cause: .backupRestored,
            size: 15),
        Case(testDescription: "no database", own: nil, head: file(10, here: nil), cause: .databaseLost),
        Case(testDescription: "nothing but keys", own: nil, cause: .databaseLost, size: 0),
        Case(
            testDescription: "nothing but the copy", own: nil, copy: file(5, here: nil), keyName: nil,
            cause: .databaseLost, size: 5),
    ]

    @Test(arguments: cases)
    func decides(_ given: Case) {
        let decision = StartDecision(
            StartFindings(own: given.own, head: given.head, copy: given.copy, keyName: given.keyName, machine: "m"))
        switch decision {
        case .goOn: #expect(given.cause == nil)
        case .nothing: Issue.record("there is a gateway")
        case .open(let doubt, let predecessor):
            #expect(doubt.cause == given.cause)
            #expect(predecessor.size == given.size)
        }
    }

    @Test func citesTheNewestGenerationThatIsKnown() {
        let decision = StartDecision(
            StartFindings(
                own: Self.own(), head: Self.file(10), copy: Self.file(2, Self.new, here: nil), keyName: Self.old,
                machine: "m"))
        #expect(decision == .open(Doubt(.databaseBehind, origin: Self.old), predecessor: Self.head(2, Self.new)))
    }

    /// What was signed here beside that head is taken back.
    @Test(arguments: [(UInt64?.some(6), UInt64(8)), (nil, 10)])
    func citesTheHeadThatMembersHave(common: UInt64?, size: UInt64) throws {
        let key = try SigningKey.generate(name: Self.old, algorithm: .ed25519)
        let head = try Checkpoint(origin: Self.old, size: 8, root: Self.root).signed(by: key).encoded
        let doubt = Doubt(.knownElsewhere, origin: Self.old, head: head, common: common)
        let decision = StartDecision(
            StartFindings(
                own: Self.own(doubt: doubt), head: Self.file(10), copy: .missing, keyName: Self.old, machine: "m"))
        #expect(decision == .open(doubt, predecessor: Self.head(size)))
    }

    @Test func citesNoHeadOfAnotherGateway() {
        let decision = StartDecision(
            StartFindings(
                own: nil, head: Self.file(10, "hospital/other", here: nil), copy: .missing, keyName: Self.old,
                machine: "m"))
        #expect(
            decision == .open(Doubt(.databaseLost, origin: Self.old), predecessor: Self.head(0, root: .emptyTree)))
    }

    @Test func thereIsNoGatewayWithoutAnything() {
        #expect(
            StartDecision(
                StartFindings(own: nil, head: .missing, copy: .missing, keyName: nil, machine: "m")) == .nothing)
    }

    @Test(arguments: [Data("{}"), Data(""), Data(#"{"origin":"a/b","size":1,"root":"zz","machine":""}"#)])
    func takesADamagedHeadForNone(data: Data) { #expect(KeptHead(bytes: data.bytes) == nil) }

    struct Data: Sendable {
        let bytes: [UInt8]
        init(_ text: String) { bytes = Array(text.utf8) }
    }

    @Test func readsTheHeadOfAnOlderRelease() {
        let text = #"{"machine":"m","origin":"a/b","root":"\#(Self.root.hex)","size":3}"#
        let kept = KeptHead(bytes: Array(text.utf8))
        #expect(kept?.head == Head(origin: "a/b", size: 3, root: Self.root))
        #expect(kept?.born == nil)
        #expect(kept.map { KeptHead(bytes: $0.bytes) } == kept)
    }
}
