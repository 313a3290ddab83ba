import ArgumentParser
import Consortium
import Foundation
import Gateway
import History
import Ledger
import Store

struct ConsortiumCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "consortium", abstract: "The document that says who is a member and which contracts hold.",
        subcommands: [
            Create.self, Sign.self, Show.self, Propose.self, Submit.self, Status.self, Export.self,
        ])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Draft version 1 of a consortium's document.")

        @Argument(help: "The consortium's name.")
        var name: String
        @Option(help: "An organisation.yaml of a member; once for each.")
        var organisation: [String]
        @Option(help: "A contract that is to be in force; once for each.")
        var contract: [String]
        @Option(help: "How many organisations that are no regulators must cosign; by default their majority.")
        var others: Int?
        @Option(name: .shortAndLong, help: "The file to write.")
        var output: String

        func run() async throws {
            let draft = try ConsortiumDraft(
                name: name, organisations: try organisation.map { try OrganisationFolder.publicPart(ofFile: $0) },
                contracts: try contract.map { try Contract(text: try NamedFile.text($0), file: $0) }, k: others)
            try NamedFile.write(Array(draft.text.utf8), to: output)
            print("\(output): the draft; each member runs: custody consortium sign \(output) --organisation FOLDER")
        }
    }

    struct Sign: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add an organisation's signature to a document.",
            discussion: "An organisation signs one document for each version number, ever.")

        @Argument(help: "The draft, or the note that others have signed.")
        var file: String
        @Option(help: "The organisation's folder.")
        var organisation: String

        func run() async throws {
            let folder = try OrganisationFolder.load(at: organisation)
            let text = try NamedFile.text(file)
            let note = try? SignedNote(encoded: text)
            let signed = try note.map { try folder.sign($0) } ?? folder.sign(text: text)
            try NamedFile.write(Array(signed.encoded.utf8), to: file)
            print("\(file): signed by \(folder.organisation.id)")
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show a document and who has signed it.")

        @Argument(help: "A file; without it, the document of the gateway in --state.")
        var file: String?
        @OptionGroup var state: StateOptions
        @OptionGroup var output: OutputOptions

        struct Shown: Encodable {
            struct Member: Encodable {
                let id, name, role: String
                let signed: Bool
            }

            let name: String
            let version: Int
            let hash: String
            let members: [Member]
            let contracts: [String]
            let quorum: String
        }

        func run() async throws {
            let note = try note()
            let document = try ConsortiumDocument(text: note.text, file: file ?? "the gateway's document")
            let signers = try document.signers(of: note)
            let shown = Shown(
                name: document.name, version: document.version, hash: document.hash.hex,
                members: document.organisations.map {
                    .init(id: $0.id, name: $0.name, role: $0.role.rawValue, signed: signers.contains($0.id))
                },
                contracts: document.contracts.map { "\($0.name) \($0.version) \($0.hash.hex)" }, quorum: document.quorum
            )
            try output.print(shown, text: text(of: shown))
        }

        private func note() throws -> SignedNote {
            if let file { return try SignedNote(encoded: try NamedFile.text(file)) }
            guard let latest = try state.ledger().read({ try $0.documents() }).last else {
                throw CustodyError(.logMissing, "this gateway has no consortium document", remedy: "run custody init")
            }
            return latest
        }

        private func text(of shown: Shown) -> String {
            let members = shown.members.map {
                "  \($0.id.padded(16)) \($0.role.padded(14)) \($0.signed ? "signed" : "NOT SIGNED")  \($0.name)"
            }
            return """
                consortium \(shown.name), version \(shown.version)
                sha256 \(shown.hash)
                members
                \(members.joined(separator: "\n"))
                contracts
                \(shown.contracts.map { "  \($0)" }.joined(separator: "\n"))
                quorum
                \(shown.quorum.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n"))
                """
        }
    }
}
