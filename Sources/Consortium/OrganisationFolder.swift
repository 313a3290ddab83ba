import FoundationEssentials
import Glibc
import Ledger
import X509

/// The folder in which an organisation keeps its CA, its keys and its public part.
public struct OrganisationFolder: Sendable {
    /// Bytes of an organisation's id.
    public static let idMax = 63
    /// Names that the quorum's groups have.
    private static let reserved: Set<String> = ["everyone", "members", "none", "others", "regulators"]

    static let publicFile = "organisation.yaml"
    private static let authorityFile = "ca.key"
    private static let keyFile = "organisation.key"
    private static let cosignerFile = "cosigner.key"
    private static let readingFile = "reading.key"

    public let directory: String
    /// What stands in the consortium document.
    public let organisation: ConsortiumDocument.Organisation
    public let authority: CertificateAuthority
    /// Signs consortium documents.
    public let key: SigningKey
    /// Cosigns checkpoints; belongs on the one gateway that is the organisation's cosigner.
    public let cosigner: SigningKey
    /// Opens private facts that are sealed to the organisation; nil in a folder made before there were any.
    public let reading: PrivateReadingKey?

    /// Makes a new organisation with new keys; the folder is made if it is not there.
    ///
    /// - Throws: `CustodyError` with code `organisation-id-malformed`, `file-exists`, `file-unusable`.
    public static func create(
        id: String, name: String, role: Role, at directory: String, now: Date,
        random: inout some RandomNumberGenerator
    ) throws -> OrganisationFolder {
        let authority = try CertificateAuthority.create(organisation: id, now: now, random: &random)
        let key = try SigningKey.generate(name: id, algorithm: .ed25519)
        let cosigner = try SigningKey.generate(name: "\(id)/cosigner", algorithm: .cosignature)
        let reading = PrivateReadingKey.generate()
        let organisation = ConsortiumDocument.Organisation(
            id: id, name: name, role: role, certificate: authority.certificatePEM, key: key.verifierKey,
            cosigner: cosigner.verifierKey, readingKey: reading.readingKey)
        let folder = OrganisationFolder(
            directory: directory, organisation: organisation, authority: authority, key: key, cosigner: cosigner,
            reading: reading)
        try folder.write()
        return folder
    }

    /// A folder of the same organisation with new keys, beside this one: the old keys sign the document that lists the new
    /// ones.
    ///
    /// - Parameters:
    ///   - signingKey: whether the key that signs documents is a new one.
    ///   - cosigner: whether the cosigner's is.
    /// - Throws: `CustodyError` with code `file-exists`, `file-unusable`.
    public func renewed(at directory: String, signingKey: Bool, cosigner renewsCosigner: Bool) throws
        -> OrganisationFolder
    {
        let id = organisation.id
        let key = signingKey ? try SigningKey.generate(name: id, algorithm: .ed25519) : key
        let cosigner =
            renewsCosigner ? try SigningKey.generate(name: "\(id)/cosigner", algorithm: .cosignature) : cosigner
        let folder = OrganisationFolder(
            directory: directory,
            organisation: ConsortiumDocument.Organisation(
                id: id, name: organisation.name, role: organisation.role, certificate: organisation.certificate,
                key: key.verifierKey, cosigner: cosigner.verifierKey, readingKey: organisation.readingKey),
            authority: authority, key: key, cosigner: cosigner, reading: reading)
        try folder.write()
        return folder
    }

    /// - Throws: `CustodyError` with code `file-unusable`, `key-file-exposed`, `key-malformed`, `yaml-malformed`,
    ///   `certificate-malformed`, or `key-mismatched` if a key is not the one that the public part names.
    public static func load(at directory: String) throws -> OrganisationFolder {
        let organisation = try publicPart(ofFile: "\(directory)/\(publicFile)")
        let authority = try CertificateAuthority(
            organisation: organisation.id, certificatePEM: organisation.certificate,
            keyPEM: String(decoding: PrivateFile.read("\(directory)/\(authorityFile)"), as: UTF8.self))
        return OrganisationFolder(
            directory: directory, organisation: organisation, authority: authority,
            key: try readKey("\(directory)/\(keyFile)", expected: organisation.key),
            cosigner: try readKey("\(directory)/\(cosignerFile)", expected: organisation.cosigner),
            reading: try organisation.readingKey.map { try readReadingKey("\(directory)/\(readingFile)", expected: $0) }
        )
    }

    /// Reads the public part that an organisation hands to whoever drafts the consortium document.
    ///
    /// - Throws: `CustodyError` with code `file-unusable`, `yaml-malformed`, `key-malformed`,
    ///   `organisation-id-malformed`, `certificate-malformed`.
    public static func publicPart(ofFile path: String) throws -> ConsortiumDocument.Organisation {
        let text = String(decoding: try PrivateFile.readPublic(path), as: UTF8.self)
        let organisation = try ConsortiumDocument.Organisation(reader: try YAMLReader(text: text, file: path))
        try organisation.check()
        return organisation
    }

    /// - Throws: `CustodyError` with code `organisation-id-malformed`.
    static func check(id: String) throws {
        let isPlain = id.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x61...0x7A, 0x2D: true
            default: false
            }
        }
        guard isPlain, (1...idMax).contains(id.utf8.count) else {
            throw CustodyError(
                .organisationIDMalformed, "an organisation's id has 1 to \(idMax) of: a-z, 0-9, -", at: id,
                remedy: "choose a short one, such as st-mary; the full name stands beside it")
        }
        guard !reserved.contains(id) else {
            throw CustodyError(
                .organisationIDMalformed, "this id is the name of a group in every quorum", at: id,
                remedy: "choose another one")
        }
    }

    // The public part last: where it stands, all the keys stand.
    private func write() throws {
        guard mkdir(directory, 0o700) == 0 || errno == EEXIST else { throw CustodyError.unusableFile(directory, errno) }
        guard !PrivateFile.exists("\(directory)/\(Self.publicFile)") else {
            throw CustodyError(
                .fileExists, "this folder holds an organisation already", at: directory,
                remedy: "choose another folder")
        }
        try PrivateFile.create("\(directory)/\(Self.authorityFile)", bytes: Array(authority.keyPEM().utf8))
        try PrivateFile.create("\(directory)/\(Self.keyFile)", bytes: Array("\(key.encoded)\n".utf8))
        try PrivateFile.create("\(directory)/\(Self.cosignerFile)", bytes: Array("\(cosigner.encoded)\n".utf8))
        if let reading {
            try PrivateFile.create("\(directory)/\(Self.readingFile)", bytes: Array("\(reading.encoded)\n".utf8))
        }
        let text = organisation.yaml.joined(separator: "\n") + "\n"
        try PrivateFile.createPublic("\(directory)/\(Self.publicFile)", bytes: Array(text.utf8))
        try PrivateFile.syncFolder(PrivateFile.folder(of: directory))
    }

    private static func readKey(_ path: String, expected: VerifierKey) throws -> SigningKey {
        let key = try SigningKey(encoded: try PrivateFile.firstLine(of: path))
        guard key.verifierKey == expected else { throw mismatched(path) }
        return key
    }

    private static func readReadingKey(_ path: String, expected: ReadingKey) throws -> PrivateReadingKey {
        let key = try PrivateReadingKey(encoded: try PrivateFile.firstLine(of: path))
        guard key.readingKey == expected else { throw mismatched(path) }
        return key
    }

    private static func mismatched(_ path: String) -> CustodyError {
        CustodyError(
            .keyMismatched, "this private key is not the one that \(publicFile) names", at: path,
            remedy: "bring back the key file that was made with it")
    }
}

extension ConsortiumDocument.Organisation {
    /// Whether the row can stand in a document.
    ///
    /// - Throws: `CustodyError` with code `organisation-id-malformed`, `certificate-malformed`, `key-misused`.
    func check() throws {
        try OrganisationFolder.check(id: id)
        _ = try Certificate(authorityPEM: certificate, of: id)
        guard key.algorithm == .ed25519, cosigner.algorithm == .cosignature else {
            throw CustodyError(.keyMisused, "its key signs documents (type 1), its cosigner cosigns (type 4)", at: id)
        }
    }
}

extension CustodyError.Code {
    /// An id that no organisation can have.
    public static let organisationIDMalformed: Self = "organisation-id-malformed"
    /// A private key that does not belong to the public part beside it.
    public static let keyMismatched: Self = "key-mismatched"
}
