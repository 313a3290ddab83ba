import ArgumentParser
import Consortium
import Foundation
import Gateway
import Ledger
import Store

struct InitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Make a state directory: keys, certificates, and a log with its genesis.")

    @OptionGroup var state: StateOptions
    @OptionGroup var output: OutputOptions
    @Option(help: "The organisation's folder, made by: custody organisation create.")
    var organisation: String
    @Option(help: "The gateway's name within the organisation.")
    var gateway: String
    @Option(help: "The consortium document, signed by all members; later versions after it, each with its own option.")
    var consortium: [String]
    @Option(help: "A folder with the contracts that the document holds in force.")
    var contracts: String
    @Option(help: "Name or address under which peers reach this gateway; may be given again.")
    var host: [String] = ["localhost", "127.0.0.1"]
    @Flag(help: "This gateway is the organisation's cosigner: the one whose mirror confirms.")
    var cosigner = false

    func run() async throws {
        let folder = try OrganisationFolder.load(at: organisation)
        let notes = try consortium.map { try SignedNote(encoded: try NamedFile.text($0)) }
        let documents = try ConsortiumDocument.chain(notes, file: consortium.last ?? "--consortium")
        let contracts = try Self.contracts(in: contracts, for: documents)
        let origin = "\(folder.organisation.id)/\(gateway)"
        let directory = state.directory
        guard Generation.number(ofOrigin: origin) == 0 else {
            throw CustodyError(
                .originMalformed, "a gateway's name does not end like a generation of its log", at: origin,
                remedy: "choose another name")
        }
        try checkNothingWasKept(directory, origin: origin)
        try directory.create()
        let lock = try directory.lock()
        defer { withExtendedLifetime(lock) {} }
        let chain = try writeKeys(origin: origin, folder: folder, directory: directory)
        if !FileManager.default.fileExists(atPath: directory.configuration) {
            try NamedFile.write(Array(GatewayConfiguration.sample.utf8), to: directory.configuration)
        }
        try found(directory, origin: origin, chain: chain, notes: notes, contracts: contracts)
        try output.print(["origin": origin, "state": directory.path], text: "\(origin) is ready in \(directory.path)")
    }

    private static func contracts(in folder: String, for documents: [ConsortiumDocument]) throws -> [Contract] {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        let known = try files.filter { $0.hasSuffix(".yaml") }.sorted().map { name in
            try Contract(text: try NamedFile.text("\(folder)/\(name)"), file: "\(folder)/\(name)")
        }
        return try Set(documents.flatMap(\.contracts)).map { wanted in
            guard let contract = known.first(where: { $0.hash == wanted.hash }) else {
                throw CustodyError(
                    .contractUnknown,
                    "the contract \(wanted.name) version \(wanted.version) is not here as it was signed",
                    at: folder, remedy: "ask another member for the file with SHA-256 \(wanted.hash.hex)")
            }
            return contract
        }
    }

    /// The head beside the folder tells of a log that this gateway has kept already: a second one of that name would sign its
    /// indexes again.
    private func checkNothingWasKept(_ directory: StateDirectory, origin: String) throws {
        guard let bytes = try? PrivateFile.readPublic(directory.headBeside), let kept = KeptHead(bytes: bytes),
            Generation.gateway(ofOrigin: kept.origin) == origin, kept.size > 1
        else { return }
        throw CustodyError(
            .fileExists, "this gateway has kept a log here: \(kept.origin) with \(kept.size) entries",
            at: directory.headBeside,
            remedy: "bring its keys back, and it opens the next generation; or choose another name for the gateway")
    }

    /// - Returns: the certificate chain of the log's key.
    private func writeKeys(
        origin: String, folder: OrganisationFolder, directory: StateDirectory
    ) throws -> [[UInt8]] {
        var random = SystemRandomNumberGenerator()
        let logKey = try SigningKey.generate(name: origin, algorithm: .ed25519)
        try PrivateFile.create(directory.logKey, bytes: Array("\(logKey.encoded)\n".utf8))
        let tls = try folder.authority.issueTLSCertificate(origin: origin, hosts: host, now: Date(), random: &random)
        try PrivateFile.create(directory.tlsKey, bytes: Array(tls.key.utf8))
        try PrivateFile.create(directory.tlsCertificate, bytes: Array(tls.certificate.utf8))
        if folder.authority.admitsGenerations {
            let gateway = try folder.authority.issueGenerationAuthority(
                gateway: origin, now: Date(), random: &random)
            try PrivateFile.create(directory.generationKey, bytes: Array(gateway.key.utf8))
            try PrivateFile.create(directory.generationCertificate, bytes: Array(gateway.certificate.utf8))
        }
        if let reading = folder.reading {
            try PrivateFile.create(directory.readingKey, bytes: Array("\(reading.encoded)\n".utf8))
        }
        if cosigner {
            try PrivateFile.create(directory.cosignerKey, bytes: Array("\(folder.cosigner.encoded)\n".utf8))
        }
        return try folder.authority.issueLogCertificate(
            origin: origin, key: logKey.verifierKey, now: Date(), random: &random)
    }

    private func found(
        _ directory: StateDirectory, origin: String, chain: [[UInt8]], notes: [SignedNote], contracts: [Contract]
    ) throws {
        let key = try GatewayKeys.log(directory)
        let instruments = Instruments.system()
        let ledger = try LedgerStore(path: directory.ledger)
        try ledger.write { transaction in
            for note in notes { try transaction.add(document: note) }
            for contract in contracts { try transaction.add(contract: contract) }
            let log = try transaction.createLog(origin: origin, key: key.verifierKey, own: true)
            try LogWriter.writeGenesis(
                origin: origin, chain: chain, log: log, key: key, instruments: instruments, transaction)
        }
        _ = try IntakeStore(path: directory.intake)
        try RulesFolder(path: directory.rules).keep(ledger)
        let copy = try GatewayConfiguration.headCopy(file: directory.configuration, state: directory)
        try HeadKeeper(state: directory, ledger: ledger, copy: copy).keep(now: instruments.now())
    }
}
