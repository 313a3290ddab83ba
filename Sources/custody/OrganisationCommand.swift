import ArgumentParser
import Consortium
import Foundation
import Ledger
import Store

struct OrganisationCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "organisation", abstract: "An organisation's own folder: its CA and its keys.",
        subcommands: [Create.self, Renew.self, TLS.self, CertifyCommand.self])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make an organisation's CA, signing key and cosigner key.",
            discussion: "Hand organisation.yaml of the folder to whoever drafts the consortium document; keep the rest."
        )

        @Argument(help: "A short id: lower-case letters, digits and '-'.")
        var id: String
        @Option(help: "hospital, manufacturer, supplier, regulator or logistics.")
        var role: String
        @Option(help: "The organisation's full name.")
        var name: String?
        @Option(help: "The folder to make.")
        var directory: String
        @OptionGroup var output: OutputOptions

        func run() async throws {
            guard let known = Role(rawValue: role) else {
                throw ValidationError(
                    "'\(role)' is not a role; roles are: \(Role.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            var random = SystemRandomNumberGenerator()
            let folder = try OrganisationFolder.create(
                id: id, name: name ?? id, role: known, at: directory, now: Date(), random: &random)
            try output.print(
                ["id": id, "directory": directory, "key": folder.organisation.key.vkey],
                text: "\(id) has its keys in \(directory); give organisation.yaml of it to the consortium")
        }
    }

    struct Renew: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a folder of the same organisation with new keys.",
            discussion: """
                The old folder signs the version of the document that lists the new keys: custody consortium propose \
                --organisation NEW/organisation.yaml. From then on the new folder is the organisation's.
                """)

        @Argument(help: "The organisation's folder.")
        var folder: String
        @Option(help: "The folder to make.")
        var directory: String
        @Flag(help: "A new key for signing documents.")
        var signingKey = false
        @Flag(help: "A new cosigner key.")
        var cosigner = false
        @Option(help: "The state directory of the organisation's cosigner, which is to have the new cosigner key.")
        var state: String?

        func validate() throws {
            guard signingKey || cosigner else { throw ValidationError("say which: --signing-key, --cosigner, or both") }
        }

        func run() async throws {
            let renewed = try OrganisationFolder.load(at: folder).renewed(
                at: directory, signingKey: signingKey, cosigner: cosigner)
            if cosigner, let state {
                try PrivateFile.replace(
                    StateDirectory(state).nextCosignerKey, bytes: Array("\(renewed.cosigner.encoded)\n".utf8))
            }
            print("\(directory): propose its organisation.yaml, and sign that with the keys in \(folder)")
        }
    }

    struct TLS: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "tls", abstract: "Give a gateway a new TLS key and certificate.",
            discussion: "They are used from the gateway's next start.")

        @Argument(help: "The organisation's folder.")
        var folder: String
        @Option(help: "Name or address under which peers reach the gateway; may be given again.")
        var host: [String] = ["localhost", "127.0.0.1"]
        @OptionGroup var state: StateOptions

        func run() async throws {
            let organisation = try OrganisationFolder.load(at: folder)
            let origin = try state.ledger().ownOrigin()
            var random = SystemRandomNumberGenerator()
            let tls = try organisation.authority.issueTLSCertificate(
                origin: origin, hosts: host, now: Date(), random: &random)
            // The key first: a certificate without its key is found at the next start, and this command mends it.
            try PrivateFile.replace(state.directory.tlsKey, bytes: Array(tls.key.utf8))
            try PrivateFile.replace(state.directory.tlsCertificate, bytes: Array(tls.certificate.utf8))
            print("\(origin) has a new TLS certificate; start the gateway again")
        }
    }
}
