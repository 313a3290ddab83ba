import Ledger
import X509

/// A version of a consortium document before anyone has signed it: the first, or a change of the one in force.
public struct ConsortiumDraft: Sendable {
    /// Bytes of a consortium's name.
    public static let nameMax = 255

    public let name: String
    public let version: Int
    /// Hash of the version before; nil for version 1.
    public let previous: Hash?
    public let organisations: [ConsortiumDocument.Organisation]
    public let contracts: [ConsortiumDocument.ContractInForce]
    /// Revoked logs with the last index that counts.
    public let revoked: [String: UInt64]
    /// Lines of a C2SP tlog-policy that confirm an entry.
    public let quorum: String
    /// The same for changing the document when the quorum cannot be had.
    public let recovery: String

    /// Version 1.
    /// - Parameters:
    ///   - k: how many of the organisations other than regulators must cosign; nil = their majority.
    ///   - quorum: lines of a C2SP tlog-policy over the organisations' ids, instead of the usual ones.
    /// - Throws: `CustodyError` with code `document-malformed` for a draft that no consortium can have, and those of
    ///   `ConsortiumDocument.init(text:file:)` for a quorum that is none.
    public init(
        name: String, organisations: [ConsortiumDocument.Organisation], contracts: [Contract], k: Int? = nil,
        quorum: String? = nil
    ) throws {
        try self.init(
            name: name, after: nil, organisations: organisations, contracts: contracts.map(\.inForce), revoked: [:],
            quorum: try quorum ?? Self.usualQuorum(organisations, k: k))
    }

    /// The version that follows the one in force.
    /// - Parameter change: applied in this order: those who leave, those who come or get other keys, contracts that end
    ///   and begin, logs that are revoked.
    /// - Throws: as above, and `organisation-unknown` or `contract-unknown` for what is not there to be taken away.
    public init(after current: ConsortiumDocument, change: ConsortiumChange) throws {
        let organisations = try change.applied(to: current.organisations, of: current)
        try self.init(
            name: current.name, after: current, organisations: organisations,
            contracts: try change.applied(to: current.contracts, of: current),
            revoked: current.revoked.merging(change.revoked) { min($0, $1) },
            quorum: try change.quorum ?? Self.quorum(of: organisations, after: current))
    }

    /// A quorum that somebody has written stays; the usual one follows the members.
    private static func quorum(
        of organisations: [ConsortiumDocument.Organisation], after current: ConsortiumDocument
    ) throws -> String {
        let isUsual = try current.quorum == usualQuorum(current.organisations, k: nil)
        return isUsual ? try usualQuorum(organisations, k: nil) : current.quorum
    }

    private init(
        name: String, after current: ConsortiumDocument?, organisations: [ConsortiumDocument.Organisation],
        contracts: [ConsortiumDocument.ContractInForce], revoked: [String: UInt64], quorum: String
    ) throws {
        // The name stands in a line of the policy file, where another line would be another rule.
        guard (1...Self.nameMax).contains(name.utf8.count), name.unicodeScalars.allSatisfy(Self.isInLine) else {
            throw CustodyError.malformedDraft("it needs a name of one line, 1 to \(Self.nameMax) bytes")
        }
        guard !organisations.isEmpty else { throw CustodyError.malformedDraft("it has no organisations") }
        for organisation in organisations { try organisation.check() }
        self.name = name
        self.organisations = organisations
        self.contracts = contracts
        self.revoked = revoked
        version = (current?.version ?? 0) + 1
        previous = current?.hash
        self.quorum = try Self.lines(of: quorum)
        recovery = Self.allButOne(organisations)
        _ = try WitnessPolicy(text: witnesses + recovery)
        _ = try WitnessPolicy(text: witnesses + self.quorum)
        _ = try ConsortiumDocument(text: text, file: "draft of \(name)")
    }

    /// What all organisations sign.
    public var text: String {
        var lines = [
            "custody-consortium: \(ConsortiumDocument.languageMax)", "name: \(name.quoted)", "version: \(version)",
        ]
        if let previous { lines.append("previous: \(previous.hex.quoted)") }
        lines.append("organisations:")
        for organisation in organisations { lines += organisation.yaml.asListItem }
        lines.append(contracts.isEmpty ? "contracts: []" : "contracts:")
        for contract in contracts {
            lines +=
                [
                    "name: \(contract.name.quoted)", "version: \(contract.version)",
                    "sha256: \(contract.hash.hex.quoted)",
                ].asListItem
        }
        if !revoked.isEmpty { lines.append("revoked:") }
        lines += revoked.sorted { $0.key < $1.key }.map { "  \($0.key.quoted): \($0.value)" }
        lines += ["quorum: |2"] + quorum.indentedLines + ["recovery: |2"] + recovery.indentedLines
        return lines.joined(separator: "\n") + "\n"
    }

    private var witnesses: String {
        organisations.map { "witness \($0.id) \($0.cosigner.vkey)\n" }.joined()
    }

    private static func usualQuorum(_ organisations: [ConsortiumDocument.Organisation], k: Int?) throws -> String {
        let regulators = organisations.filter { $0.role == .regulator }.map(\.id)
        let others = organisations.filter { $0.role != .regulator }.map(\.id)
        let needed = k ?? majority(of: others.count)
        guard others.isEmpty ? k == nil : (1...others.count).contains(needed) else {
            throw CustodyError.malformedDraft("\(needed) of \(others.count) organisations cannot be a quorum")
        }
        var lines: [String] = []
        if !regulators.isEmpty { lines.append(group("regulators", "any", regulators)) }
        if !others.isEmpty { lines.append(group("others", "\(needed)", others)) }
        switch (regulators.isEmpty, others.isEmpty) {
        case (false, false): lines += [group("members", "all", ["regulators", "others"]), "quorum members"]
        case (false, true): lines.append("quorum regulators")
        default: lines.append("quorum others")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Survives the loss of any one organisation's key, a regulator's too, and is as hard to get as that allows.
    private static func allButOne(_ organisations: [ConsortiumDocument.Organisation]) -> String {
        let needed = max(organisations.count - 1, majority(of: organisations.count))
        return group("everyone", "\(needed)", organisations.map(\.id)) + "\nquorum everyone\n"
    }

    private static func group(_ name: String, _ threshold: String, _ members: [String]) -> String {
        "group \(name) \(threshold) \(members.joined(separator: " "))"
    }

    private static func majority(of count: Int) -> Int { count / 2 + 1 }

    private static func isInLine(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: false
        default: true
        }
    }

    /// Indentation would change how YAML reads the block, and a policy does not need it.
    private static func lines(of text: String) throws -> String {
        let lines = text.split(whereSeparator: \.isNewline).map { $0.split(separator: " ").joined(separator: " ") }
        let kept = lines.filter { !$0.isEmpty }
        guard kept.allSatisfy({ $0.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value < 0x7F } }) else {
            throw CustodyError.malformedDraft("its quorum has characters other than plain ASCII")
        }
        return kept.joined(separator: "\n") + "\n"
    }
}

extension OrganisationFolder {
    /// The first signature under the text of a document.
    ///
    /// - Throws: as `sign(_:)`.
    public func sign(text: String) throws -> SignedNote {
        let document = try ConsortiumDocument(text: text)
        try remember(document)
        return try SignedNote(text: text, signatures: [key.sign(text)])
    }

    /// Adds the organisation's signature to a document, after noting durably that this version is signed.
    ///
    /// One folder serves one consortium: for each version number it signs one document, ever.
    ///
    /// - Throws: `CustodyError` with code `document-already-signed` if it signed another document of this version,
    ///   `organisation-not-listed` if the document does not list this organisation with these keys and this CA.
    public func sign(_ note: SignedNote) throws -> SignedNote {
        let document = try ConsortiumDocument(text: note.text)
        // A note with a wrong signature of a member would make every reader refuse it, this signature and all.
        _ = try document.signers(of: note)
        try remember(document)
        return try note.adding([key.sign(note.text)])
    }

    private func remember(_ document: ConsortiumDocument) throws {
        // A later version may take away an organisation or its keys, and wants the signature of those who have them now.
        if document.version == 1 { try checkListed(in: document) }
        try rememberSigned(document)
    }

    private func checkListed(in document: ConsortiumDocument) throws {
        guard let listed = document.organisation(organisation.id), listed.key == key.verifierKey,
            listed.cosigner == cosigner.verifierKey, listed.readingKey == organisation.readingKey,
            (try? Certificate(authorityPEM: listed.certificate, of: listed.id)) == authority.certificate
        else {
            throw CustodyError(
                .organisationNotListed, "the document does not list \(organisation.id) with its CA and its keys",
                at: document.name, remedy: "give \(Self.publicFile) of this folder to whoever drafts the document")
        }
    }

    private func rememberSigned(_ document: ConsortiumDocument) throws {
        let path = "\(directory)/signed-\(document.version).sha256"
        do {
            try PrivateFile.create(path, bytes: Array("\(document.hash.hex)\n".utf8))
        } catch let error as CustodyError where error.code == .fileExists {
            let signed = String(decoding: try PrivateFile.read(path).prefix { $0 != 0x0A }, as: UTF8.self)
            guard Hash(hex: signed) == document.hash else {
                throw CustodyError(
                    .documentAlreadySigned, "\(organisation.id) signed another document of version \(document.version)",
                    at: path, remedy: "give the changed document the next version number")
            }
        }
    }
}

extension ConsortiumDocument.Organisation {
    /// The row of a document, line by line; also the organisation's public part.
    var yaml: [String] {
        [
            "id: \(id.quoted)", "name: \(name.quoted)", "role: \(role.rawValue)", "key: \(key.vkey.quoted)",
            "cosigner: \(cosigner.vkey.quoted)",
        ] + (readingKey.map { ["reading-key: \($0.encoded.quoted)"] } ?? []) + ["certificate: |2"]
            + certificate.indentedLines
    }
}

extension String {
    /// A double-quoted YAML scalar (YAML 1.2 section 7.3.1) that is safe for any text.
    fileprivate var quoted: String {
        "\"" + unicodeScalars.map(Self.escaped).joined() + "\""
    }

    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\"": "\\\""
        case "\\": "\\\\"
        case _ where scalar.value < 0x20 || (0x7F...0xA0).contains(scalar.value): code(scalar)
        case _ where scalar.properties.generalCategory == .format: code(scalar)
        case "\u{2028}", "\u{2029}", "\u{FFFE}", "\u{FFFF}": code(scalar)
        default: String(Character(scalar))
        }
    }

    private static func code(_ scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16)
        return "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
    }

    fileprivate var indentedLines: [String] {
        split(whereSeparator: \.isNewline).map { "  \($0)" }
    }
}

extension [String] {
    fileprivate var asListItem: [String] {
        enumerated().map { ($0 == 0 ? "  - " : "    ") + $1 }
    }
}

extension CustodyError.Code {
    /// A draft that no consortium can have.
    public static let documentMalformed: Self = "document-malformed"
    /// Another document of the same version bears this organisation's signature.
    public static let documentAlreadySigned: Self = "document-already-signed"
    /// A document without this organisation, or with other keys for it.
    public static let organisationNotListed: Self = "organisation-not-listed"
}

extension CustodyError {
    fileprivate static func malformedDraft(_ reason: String) -> CustodyError {
        CustodyError(.documentMalformed, "this is no consortium document: \(reason)")
    }
}
