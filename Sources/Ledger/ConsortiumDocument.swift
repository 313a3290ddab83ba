/// Who is a member, which contracts hold, and whose cosignatures confirm: one numbered version of it, as a signed note.
///
/// A class, because every verdict looks at it and nobody changes it.
public final class ConsortiumDocument: Hashable, Sendable {
    public static let languageMax = 1
    public static let organisationsMax = 1_024

    public struct Organisation: Hashable, Sendable {
        public let id: String
        public let name: String
        public let role: Role
        /// PEM of the CA that admits the organisation's gateways.
        public let certificate: String
        /// Signs consortium documents.
        public let key: VerifierKey
        /// Of the organisation's one cosigner.
        public let cosigner: VerifierKey
        /// What private facts are sealed to; nil for an organisation that can be sent none.
        public let readingKey: ReadingKey?

        public init(
            id: String, name: String, role: Role, certificate: String, key: VerifierKey, cosigner: VerifierKey,
            readingKey: ReadingKey? = nil
        ) {
            self.id = id
            self.name = name
            self.role = role
            self.certificate = certificate
            self.key = key
            self.cosigner = cosigner
            self.readingKey = readingKey
        }
    }

    public struct ContractInForce: Hashable, Sendable {
        public let name: String
        public let version: Int
        public let hash: Hash

        public init(name: String, version: Int, hash: Hash) {
            self.name = name
            self.version = version
            self.hash = hash
        }
    }

    public let name: String
    public let version: Int
    /// Hash of the version before; nil for version 1.
    public let previous: Hash?
    public let organisations: [Organisation]
    public let contracts: [ContractInForce]
    /// Revoked logs with the last index that counts.
    public let revoked: [String: UInt64]
    /// Lines of a C2SP tlog-policy: groups and the quorum, over the organisations' ids as witness names.
    public let quorum: String
    /// The same for changing the document when the quorum of organisations cannot be had.
    public let recovery: String
    /// The signed text.
    public let text: String
    /// SHA-256 of the text: what updates name.
    public let hash: Hash
    private let places: [String: Int]
    private let inForce: Set<Hash>

    private init(
        name: String, version: Int, previous: Hash?, organisations: [Organisation], contracts: [ContractInForce],
        revoked: [String: UInt64], quorum: String, recovery: String, text: String, hash: Hash, places: [String: Int],
        inForce: Set<Hash>
    ) {
        self.name = name
        self.version = version
        self.previous = previous
        self.organisations = organisations
        self.contracts = contracts
        self.revoked = revoked
        self.quorum = quorum
        self.recovery = recovery
        self.text = text
        self.hash = hash
        self.places = places
        self.inForce = inForce
    }

    public func organisation(_ id: String) -> Organisation? { places[id].map { organisations[$0] } }

    /// The organisations' ids by one of their keys.
    public func ids(by key: KeyPath<Organisation, VerifierKey>) -> [VerifierKey: String] {
        Dictionary(organisations.map { ($0[keyPath: key], $0.id) }, uniquingKeysWith: { first, _ in first })
    }

    /// What a member is; nil for everybody else.
    public func role(of id: String) -> Role? { places[id].map { organisations[$0].role } }

    /// The organisation part of an origin, `<organisation>/<gateway>`.
    public static func organisation(ofOrigin origin: String) -> String {
        guard let slash = origin.utf8.firstIndex(of: UInt8(ascii: "/")) else { return origin }
        return String(origin[..<slash])
    }

    public func holds(_ contract: Hash) -> Bool { inForce.contains(contract) }

    public static func == (left: ConsortiumDocument, right: ConsortiumDocument) -> Bool { left.hash == right.hash }

    public func hash(into hasher: inout Hasher) { hasher.combine(hash) }
}

extension ConsortiumDocument {
    /// Reads the text of a document.
    /// - Throws: `CustodyError` with code `yaml-malformed` or `document-malformed`.
    public convenience init(text: String, file: String = "consortium document") throws {
        let root = try YAMLReader(text: text, file: file)
        let keys = try root.mapping(known: [
            "custody-consortium", "name", "version", "previous", "organisations", "contracts", "revoked", "quorum",
            "recovery",
        ])
        let language = try keys.required("custody-consortium", of: root).number()
        guard (1...Self.languageMax).contains(language) else {
            throw root.failure("the document's language \(language) is unknown", remedy: "install a newer release")
        }
        let organisations = try keys.required("organisations", of: root).list().map { try Organisation(reader: $0) }
        try Limit.check(organisations.count, max: Self.organisationsMax, "a consortium", unit: "organisations")
        let contracts = try keys["contracts"]?.list().map { try ContractInForce(reader: $0) } ?? []
        self.init(
            name: try keys.required("name", of: root).text(), version: try keys.required("version", of: root).number(),
            previous: try keys["previous"]?.hash(), organisations: organisations, contracts: contracts,
            revoked: try Self.revoked(keys["revoked"]), quorum: try keys.required("quorum", of: root).text(),
            recovery: try keys.required("recovery", of: root).text(), text: text,
            hash: Hash.sha256(Array(text.utf8)),
            places: try Self.places(organisations, root: root), inForce: Set(contracts.map(\.hash)))
        // Names and ids stand in lines of the policy file, where another line would be another rule.
        guard ([name] + organisations.map(\.name)).allSatisfy(Self.isOneLine) else {
            throw root.failure("a name is one line of text")
        }
        guard organisations.allSatisfy({ Self.isPlain($0.id) }) else {
            throw root.failure("an organisation's id has 1 to 63 of the characters a-z, 0-9 and -")
        }
        guard [quorum, recovery].allSatisfy(Self.isRule) else {
            throw root.failure("quorum and recovery hold lines of groups and one quorum, and nothing else")
        }
        for rule in [quorum, recovery] { _ = try WitnessPolicy(text: policyText(logs: [], rule: rule)) }
    }

    /// Another log or witness in the policy would be another member.
    private static func isRule(_ text: String) -> Bool {
        text.split(separator: "\n").allSatisfy { line in
            let first = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).first
            return first == nil || first == "group" || first == "quorum"
        }
    }

    private static func isOneLine(_ name: String) -> Bool {
        !name.isEmpty
            && name.unicodeScalars.allSatisfy {
                ![.control, .format, .lineSeparator, .paragraphSeparator].contains($0.properties.generalCategory)
            }
    }

    private static func isPlain(_ id: String) -> Bool {
        (1...63).contains(id.utf8.count)
            && id.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D }
    }

    private static func places(_ organisations: [Organisation], root: YAMLReader) throws -> [String: Int] {
        var places: [String: Int] = [:]
        for (place, organisation) in organisations.enumerated() {
            guard places.updateValue(place, forKey: organisation.id) == nil else {
                throw root.failure("the organisation '\(organisation.id)' stands here twice")
            }
        }
        return places
    }

    private static func revoked(_ reader: YAMLReader?) throws -> [String: UInt64] {
        guard let reader else { return [:] }
        var revoked: [String: UInt64] = [:]
        for (origin, last) in try reader.pairs() {
            guard let last = UInt64(exactly: try last.number()) else { throw last.failure("an index is not negative") }
            revoked[origin] = last
        }
        return revoked
    }

    /// The C2SP policy by which checkpoints of `logs` are confirmed.
    public func policy(logs: [VerifierKey]) throws -> WitnessPolicy {
        try WitnessPolicy(text: policyText(logs: logs))
    }

    /// The policy as a file that any C2SP tool reads; a comment pins the document for those that recompute verdicts.
    public func policyText(logs: [VerifierKey]) -> String { policyText(logs: logs, rule: quorum) }

    /// - Parameter rule: lines of groups and a quorum.
    func policyText(logs: [VerifierKey], rule: String) -> String {
        var lines = ["# consortium \(name), version \(version)", "\(Self.policyPin)\(hash.hex)"]
        lines += logs.map { "log \($0.vkey)" }
        lines += organisations.map { "witness \($0.id) \($0.cosigner.vkey)" }
        return (lines + [rule]).joined(separator: "\n") + (rule.hasSuffix("\n") ? "" : "\n")
    }

    static let policyPin = "# custody-document "

    /// The document hash that a policy file pins, if it does.
    public static func pinned(inPolicy text: String) -> Hash? {
        for line in text.split(separator: "\n") where line.hasPrefix(policyPin) {
            return Hash(hex: String(line.dropFirst(policyPin.count)))
        }
        return nil
    }

    /// Which organisations signed a note that carries this document.
    public func signers(of note: SignedNote) throws -> Set<String> {
        let keys = ids(by: \.key)
        return Set(try note.verified(by: Array(keys.keys)).compactMap { keys[$0.key] })
    }

    /// Version 1 counts when every organisation that it lists has signed it.
    /// - Throws: `CustodyError` with code `document-unsigned`, naming who has not.
    public static func founding(_ note: SignedNote, file: String) throws -> ConsortiumDocument {
        let document = try ConsortiumDocument(text: note.text, file: file)
        guard document.version == 1 else {
            throw CustodyError(.documentUnsigned, "version \(document.version) does not found a consortium", at: file)
        }
        let missing = Set(document.organisations.map(\.id)).subtracting(try document.signers(of: note))
        guard missing.isEmpty else {
            throw CustodyError(
                .documentUnsigned, "not signed yet by \(missing.sorted().joined(separator: ", "))", at: file,
                remedy: "each of them runs: custody consortium sign")
        }
        return document
    }
}

extension ConsortiumDocument.Organisation {
    /// Reads an organisation's row in a document, which is also its public part.
    /// - Throws: `CustodyError` with code `yaml-malformed`, `key-malformed`.
    public init(reader: YAMLReader) throws {
        let keys = try reader.mapping(known: ["id", "name", "role", "certificate", "key", "cosigner", "reading-key"])
        let role = try keys.required("role", of: reader)
        guard let known = Role(rawValue: try role.text()) else { throw role.failure("this role is not known") }
        self.init(
            id: try keys.required("id", of: reader).text(), name: try keys.required("name", of: reader).text(),
            role: known, certificate: try keys.required("certificate", of: reader).text(),
            key: try VerifierKey(vkey: try keys.required("key", of: reader).text()),
            cosigner: try VerifierKey(vkey: try keys.required("cosigner", of: reader).text()),
            readingKey: try keys["reading-key"].map { try ReadingKey(encoded: try $0.text()) })
    }
}

extension ConsortiumDocument.ContractInForce {
    init(reader: YAMLReader) throws {
        let keys = try reader.mapping(known: ["name", "version", "sha256"])
        self.init(
            name: try keys.required("name", of: reader).text(),
            version: try keys.required("version", of: reader).number(),
            hash: try keys.required("sha256", of: reader).hash())
    }
}

extension YAMLReader {
    func hash() throws -> Hash {
        guard let hash = Hash(hex: try text()) else { throw failure("64 hexadecimal digits are expected here") }
        return hash
    }
}

extension CustodyError.Code {
    public static let documentUnsigned: Self = "document-unsigned"
}
