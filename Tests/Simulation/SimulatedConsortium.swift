import Consortium
import Crypto
import Foundation
import Ledger
import Rig
import SwiftASN1
import X509

/// A consortium whose keys, certificates and contracts are the same in every run, so that all of its bytes are.
struct SimulatedConsortium {
    struct Member {
        let role: Role
        let cosigner: SigningKey
        /// In force with `change`.
        let nextCosigner: SigningKey
        /// Of the log of its gateway.
        let log: SigningKey
        /// Certificates of the log's key.
        let chain: [[UInt8]]
        /// Whether its gateway is the one that cosigns for the organisation.
        var isCosigner = true
        fileprivate let key: SigningKey
        fileprivate let certificate: String
        fileprivate let authority: CertificateAuthority

        var id: String { role.rawValue }
        /// Of the first generation.
        var origin: String { log.name }

        /// The key of any generation.
        func log(named origin: String) throws -> SigningKey {
            guard origin != self.origin else { return log }
            return try SigningKey(
                name: origin, algorithm: .ed25519, rawRepresentation: Hash.sha256(Array(origin.utf8)).bytes)
        }

        /// Certifies a later generation's key for its origin: DER, the leaf first.
        func certify(_ key: SigningKey) throws -> [[UInt8]] {
            var random = SeededRandom(seed: 1)
            return try authority.issueLogCertificate(
                origin: key.name, key: key.verifierKey, now: SimulatedConsortium.beginning, random: &random)
        }

        /// Of its gateway, for traces and its disk.
        var name: String { isCosigner ? id : log.name.replacingOccurrences(of: "/", with: "-") }
    }

    /// Gateways in a consortium.
    static let sizes = 3...5
    /// The order in which organisations join: each of these consortia has whom the quorum needs.
    private static let roles: [Role] = [.hospital, .regulator, .manufacturer, .supplier, .logistics]
    /// UTC: when all certificates begin.
    static let beginning = Date(timeIntervalSince1970: 1_790_000_000)

    let members: [Member]
    /// One for each organisation: its gateways that cosign for nobody stand behind them in `members`.
    var cosigners: [Member] { members.filter(\.isCosigner) }
    let contracts: [Contract]
    /// Signed by all members.
    let note: SignedNote
    let document: ConsortiumDocument
    /// The second version, signed by all members: the first of them gets another cosigner key, and there is one more version
    /// of a contract.
    let change: DocumentPackage

    /// - Parameters:
    ///   - gateways: the first of each organisation is its cosigner; the others follow in turn.
    ///   - organisations: one of `sizes`.
    init(gateways: Int, organisations count: Int) throws {
        let first = try Self.roles.prefix(count).enumerated().map { try Self.member($1, seed: UInt8($0 + 1)) }
        var random = SeededRandom(seed: 77)
        members =
            try first + (count..<max(count, gateways)).map { try Self.another($0, of: first[$0 % count], &random) }
        contracts = try ["Config/contracts/custom-device.yaml", "Tests/Simulation/exchange.yaml"].map(Self.contract)
        let organisations = first.map {
            ConsortiumDocument.Organisation(
                id: $0.id, name: "The \($0.id)", role: $0.role, certificate: $0.certificate, key: $0.key.verifierKey,
                cosigner: $0.cosigner.verifierKey)
        }
        let draft = try ConsortiumDraft(name: "Simulated", organisations: organisations, contracts: contracts)
        note = try SignedNote(text: draft.text, signatures: try first.map { try $0.key.sign(draft.text) })
        document = try ConsortiumDocument(text: draft.text)
        change = try Self.change(of: document, first, exchange: contracts[1])
    }

    private static func change(
        of document: ConsortiumDocument, _ members: [Member], exchange: Contract
    ) throws -> DocumentPackage {
        let next = try Contract(text: exchange.text.replacingOccurrences(of: "\nversion: 1\n", with: "\nversion: 2\n"))
        let present = document.organisations[0]
        let first = ConsortiumDocument.Organisation(
            id: present.id, name: present.name, role: present.role, certificate: present.certificate,
            key: present.key, cosigner: members[0].nextCosigner.verifierKey)
        let draft = try ConsortiumDraft(
            after: document, change: ConsortiumChange(organisations: [first], contracts: [next]))
        let note = try SignedNote(text: draft.text, signatures: try members.map { try $0.key.sign(draft.text) })
        return DocumentPackage(notes: [note.encoded], contracts: [next.text])
    }

    private static func contract(_ path: String) throws -> Contract {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let file = root.deletingLastPathComponent().appendingPathComponent(path)
        return try Contract(text: try String(contentsOf: file, encoding: .utf8), file: path)
    }

    /// Another gateway of an organisation.
    private static func another(_ number: Int, of first: Member, _ random: inout SeededRandom) throws -> Member {
        let seed = (0..<32).map { _ in UInt8.random(in: 0 ... .max, using: &random) }
        let log = try SigningKey(name: "\(first.id)/gw-\(number)", algorithm: .ed25519, rawRepresentation: seed)
        let chain = try first.authority.issueLogCertificate(
            origin: log.name, key: log.verifierKey, now: beginning, random: &random)
        return Member(
            role: first.role, cosigner: first.cosigner, nextCosigner: first.nextCosigner, log: log, chain: chain,
            isCosigner: false, key: first.key, certificate: first.certificate, authority: first.authority)
    }

    private static func member(_ role: Role, seed: UInt8) throws -> Member {
        let id = role.rawValue
        let authority = try authority(of: id, seed: seed)
        let log = try key("\(id)/gw", .ed25519, seed + 10)
        var random = SeededRandom(seed: UInt64(seed))
        let chain = try authority.issueLogCertificate(
            origin: log.name, key: log.verifierKey, now: beginning, random: &random)
        return Member(
            role: role, cosigner: try key("\(id)/cosigner", .cosignature, seed + 20),
            nextCosigner: try key("\(id)/cosigner", .cosignature, seed + 60), log: log, chain: chain,
            key: try key(id, .ed25519, seed + 30), certificate: authority.certificatePEM, authority: authority)
    }

    static func key(_ name: String, _ algorithm: KeyAlgorithm, _ seed: UInt8) throws -> SigningKey {
        try SigningKey(name: name, algorithm: algorithm, rawRepresentation: [UInt8](repeating: seed, count: 32))
    }

    /// Ed25519, whose signatures are the same every time.
    private static func authority(of id: String, seed: UInt8) throws -> CertificateAuthority {
        let key = Certificate.PrivateKey(
            try Curve25519.Signing.PrivateKey(rawRepresentation: [UInt8](repeating: seed + 40, count: 32)))
        let name = try DistinguishedName { CommonName("\(id) CA") }
        let certificate = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(bytes: [seed]), publicKey: key.publicKey,
            notValidBefore: beginning, notValidAfter: beginning + 10 * 365 * 86_400, issuer: name, subject: name,
            signatureAlgorithm: .ed25519,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                Critical(KeyUsage(keyCertSign: true))
            },
            issuerPrivateKey: key)
        return try CertificateAuthority(
            organisation: id, certificatePEM: try certificate.serializeAsPEM().pemString + "\n",
            keyPEM: try key.serializeAsPEM().pemString + "\n")
    }
}
