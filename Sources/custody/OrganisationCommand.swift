import ArgumentParser
import Consortium
import Foundation
import Ledger

struct OrganisationCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "organisation", abstract: "An organisation's own folder: its CA and its keys.",
        subcommands: [Create.self])

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
}
