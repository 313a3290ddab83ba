/// What the signatures under a document say of it as the successor of the version in force.
///
/// Version n+1 counts when organisations of version n have signed it that make up version n's quorum, or its recovery
/// quorum where the usual one cannot be had.
public struct DocumentSuccession: Sendable {
    /// The version that is to come.
    public let document: ConsortiumDocument
    /// Organisations of the version before that have signed it.
    public let signers: Set<String>
    /// Whether they are enough.
    public let counts: Bool
    /// The document with the signatures of those organisations alone.
    public let note: SignedNote

    /// - Throws: `CustodyError` with code `document-out-of-order` unless it is the next version of that consortium,
    ///   `document-unsigned` if no member has signed it, `note-signature-wrong` for a wrong signature of a member, or what its text is refused for.
    public init(of note: SignedNote, after current: ConsortiumDocument) throws {
        document = try ConsortiumDocument(text: note.text)
        guard document.version == current.version + 1, document.previous == current.hash, document.name == current.name
        else {
            throw CustodyError(
                .documentOutOfOrder,
                "version \(document.version) of \(document.name) does not follow version \(current.version) of "
                    + current.name, at: document.hash.hex, remedy: "draft the change again from the version in force")
        }
        let keys = current.ids(by: \.key)
        let verified = try note.verified(by: Array(keys.keys))
        guard !verified.isEmpty else {
            throw CustodyError(
                .documentUnsigned, "no member has signed this document", at: document.hash.hex,
                remedy: "sign it first: custody consortium sign")
        }
        signers = Set(verified.compactMap { keys[$0.key] })
        self.note = try SignedNote(
            text: note.text,
            signatures: note.signatures.filter { signature in
                verified.contains { $0.key.keyID == signature.keyID && $0.key.name == signature.name }
            })
        counts = try current.isAgreed(by: signers)
    }
}

extension ConsortiumDocument {
    /// Whether these organisations together may change the consortium.
    public func isAgreed(by signers: Set<String>) throws -> Bool {
        let keys = Set(signers.compactMap { organisation($0)?.cosigner })
        return try [quorum, recovery].contains { rule in
            try WitnessPolicy(text: policyText(logs: [], rule: rule)).isSatisfied(by: keys)
        }
    }

    /// The last entry of a log that counts; nil where all do.
    public func lastCounted(of origin: String) -> UInt64? { revoked[origin] }

    /// Reads the documents of a consortium from its first version on, each with the signatures that make it count.
    /// - Throws: `CustodyError` with code `document-unsigned` or `document-out-of-order`.
    public static func chain(_ notes: [SignedNote], file: String) throws -> [ConsortiumDocument] {
        guard let first = notes.first else {
            throw CustodyError(.documentUnsigned, "no document is given", at: file)
        }
        var chain = [try founding(first, file: file)]
        for note in notes.dropFirst() {
            guard let current = chain.last else { break }
            let succession = try DocumentSuccession(of: note, after: current)
            guard succession.counts else {
                throw CustodyError(
                    .documentUnsigned,
                    "version \(succession.document.version) is not signed by the quorum of "
                        + "version \(current.version)", at: file, remedy: "custody consortium status shows who has not")
            }
            chain.append(succession.document)
        }
        return chain
    }
}

extension CustodyError.Code {
    /// A document that is not the next version.
    public static let documentOutOfOrder: Self = "document-out-of-order"
}
