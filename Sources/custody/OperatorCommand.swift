import ArgumentParser
import Consortium
import Foundation
import Gateway
import History
import Ledger

struct OperatorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "operator", abstract: "People who sign what they record, with a key of their own.",
        subcommands: [Init.self, Certify.self])

    struct Init: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make an operator's private key, and a request for a certificate.",
            discussion: """
                Keep operator.key where no gateway has it; take operator.csr to whoever keeps the organisation's folder.
                """)

        @Argument(help: "A pseudonym: it stands in logs for ever. Whom it stands for, the organisation alone knows.")
        var id: String
        @Option(help: "The folder to make.")
        var directory: String
        @Option(help: "Encrypt the key under the first line of this file, which only its owner may read.")
        var passphraseFile: String?
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let key = OperatorKey.generate()
            let request = try key.request(id: id)
            let pem = Array(try key.pem().utf8)
            let passphrase = try passphraseFile.map(PrivateFile.readPassphrase)
            let bytes = try passphrase.map { try SealedKey.seal(pem, passphrase: $0) } ?? pem
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            let files = OperatorFiles(key: "\(directory)/operator.key")
            try PrivateFile.create(files.key, bytes: bytes)
            try PrivateFile.createPublic(files.request, bytes: Array(request.utf8))
            try output.print(
                ["id": id, "key": files.key, "request": files.request],
                text: "\(id) has a key in \(files.key); have \(files.request) certified: custody operator certify")
        }
    }

    struct Certify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Certify an operator's key with the organisation's CA.",
            discussion: """
                The request may come from elsewhere, such as a smart card (PKCS#10, Ed25519 or P-256). The certificate goes \
                into every update that the operator signs.
                """)

        @Argument(help: "The request, made by: custody operator init.")
        var request: String
        @Option(help: "The organisation's folder.")
        var organisation: String
        @Option(help: "The operator's pseudonym; the request's common name if it is not given.")
        var id: String?
        @Option(help: "Days for which it holds.")
        var days: Int = CertificateAuthority.operatorDays
        @Option(name: .shortAndLong, help: "The certificate to write; beside the request if it is not given.")
        var output: String?
        @OptionGroup var shown: OutputOptions

        func validate() throws {
            guard (1...3_650).contains(days) else { throw ValidationError("--days is 1 to 3650") }
        }

        func run() async throws {
            let folder = try OrganisationFolder.load(at: organisation)
            var random = SystemRandomNumberGenerator()
            let issued = try folder.authority.issueOperatorCertificate(
                request: String(decoding: try PrivateFile.readPublic(request), as: UTF8.self), id: id, days: days,
                now: Date(), random: &random)
            let path = output ?? OperatorFiles(key: request).certificate
            try PrivateFile.createPublic(path, bytes: Array(issued.certificate.utf8))
            try shown.print(
                ["id": issued.id, "certificate": path],
                text: "\(issued.id) may sign for \(folder.organisation.id): \(path)")
        }
    }
}

/// Where an operator's files are, unless somebody says otherwise: one name with three endings.
struct OperatorFiles {
    let key: String

    var request: String { stem + ".csr" }
    var certificate: String { stem + ".pem" }

    private var stem: String { (key as NSString).deletingPathExtension }
}

/// Who records, and signs.
struct OperatorOptions: ParsableArguments {
    @Option(help: "A pseudonymous id of who does it.")
    var `operator`: String?
    @Option(help: "Sign it with the operator's private key in this file. The key is never given to the gateway.")
    var operatorKey: String?
    @Option(help: "The key's certificate; the file of its name that ends in .pem if it is not given.")
    var operatorCertificate: String?
    @Option(help: "What opens an encrypted operator's key: a file that only its owner may read, its first line.")
    var operatorPassphraseFile: String?

    func validate() throws {
        guard operatorKey == nil, operatorCertificate ?? operatorPassphraseFile != nil else { return }
        throw ValidationError("name the key too: --operator-key")
    }

    /// Nil where nobody signs.
    func credential() throws -> OperatorCredential? {
        try operatorKey.map { key in
            let credential = try OperatorCredential(
                keyFile: key, certificateFile: operatorCertificate ?? OperatorFiles(key: key).certificate,
                passphrase: try operatorPassphraseFile.map(PrivateFile.readPassphrase))
            guard `operator` == nil || `operator` == credential.certificate.id else {
                throw ValidationError(
                    "the key is certified for \(credential.certificate.id), and --operator says another")
            }
            return credential
        }
    }

    /// Of who signs, or else as given.
    func id(_ credential: OperatorCredential?) -> String? { credential?.certificate.id ?? `operator` }
}

/// What an operator is about to sign, for the operator to read.
struct ShownStatement {
    let text: String

    init(_ prepared: PreparedUpdate, signedBy person: OperatorCredential) {
        let update = prepared.update
        var lines = ["signing as \(person.certificate.id) of \(person.certificate.organisation):"]
        func add(_ name: String, _ value: String) { lines.append("  \(name.padded(11)) \(value.onOneLine)") }
        add("order", update.order)
        add("step", update.step)
        add("on the log", prepared.origin)
        for fact in update.facts {
            switch fact.value {
            case .text(let text): add("fact", "\(fact.name)=\(text)")
            case .commitment(let hash): add("private", "\(fact.name), committed to as \(hash.hex)")
            }
        }
        for subject in update.subjects { add("subject", subject) }
        for parent in update.parents { add("after", "\(parent.origin):\(parent.index)  \(parent.leafHash.hex)") }
        for cited in update.cites.map(\.reference) {
            add("relies on", "\(cited.origin):\(cited.index)  \(cited.leafHash.hex)")
        }
        if let time = update.observedAt { add("observed", UTCText.of(time)) }
        add("contract", update.contract.hex)
        add("document", update.consortium.hex)
        text = lines.joined(separator: "\n")
    }
}
