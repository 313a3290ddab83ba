import ArgumentParser
import Consortium
import Foundation
import Gateway
import Ledger
import Portal
import Store

extension ConsortiumCommand {
    struct Propose: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Draft the next version of the consortium's document.",
            discussion: """
                The draft counts when the quorum of the version in force has signed it. Each signs with: \
                custody consortium sign; the first then hands it in with: custody consortium submit.
                """)

        @OptionGroup var state: StateOptions
        @Option(help: "An organisation.yaml of who joins, or has new keys; may be given again.")
        var organisation: [String] = []
        @Option(help: "The id of an organisation that leaves; may be given again.")
        var remove: [String] = []
        @Option(help: "A contract that comes into force; may be given again.")
        var contract: [String] = []
        @Option(help: "The name, name and version, or hash of a contract that ends; may be given again.")
        var end: [String] = []
        @Option(help: "A log that is revoked and the last entry that counts, origin=index; may be given again.")
        var revoke: [String] = []
        @Option(help: "A file with the lines of groups and the quorum of a C2SP tlog-policy, over organisations' ids.")
        var quorum: String?
        @Option(name: .shortAndLong, help: "The file to write.")
        var output: String

        func run() async throws {
            guard let current = try state.ledger().rulebook.latest else {
                throw CustodyError(.logMissing, "this gateway has no consortium document", remedy: "run custody init")
            }
            let change = ConsortiumChange(
                organisations: try organisation.map { try OrganisationFolder.publicPart(ofFile: $0) }, leaving: remove,
                contracts: try contract.map { try Contract(text: try NamedFile.text($0), file: $0) }, ended: end,
                revoked: try revoked(), quorum: try quorum.map { try NamedFile.text($0) })
            let draft = try ConsortiumDraft(after: current, change: change)
            try NamedFile.write(Array(draft.text.utf8), to: output)
            print("\(output): version \(draft.version); sign it, then: custody consortium submit \(output)")
        }

        private func revoked() throws -> [String: UInt64] {
            try Dictionary(
                revoke.map { text in
                    guard let equals = text.lastIndex(of: "="), equals != text.startIndex,
                        let index = UInt64(text[text.index(after: equals)...])
                    else { throw ValidationError("'\(text)' is not of the form origin=index") }
                    return (String(text[..<equals]), index)
                }, uniquingKeysWith: min)
        }
    }

    struct Submit: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Hand a signed document to a gateway, which spreads it to all members.",
            discussion: "Signatures that others have made meanwhile are joined with those in the file.")

        @Argument(help: "The signed document.")
        var file: String
        @Option(help: "A contract that the document names and the gateway has not; may be given again.")
        var contract: [String] = []
        @OptionGroup var state: StateOptions

        func run() async throws {
            let package = DocumentPackage(
                notes: [try SignedNote(encoded: try NamedFile.text(file)).encoded],
                contracts: try contract.map { try NamedFile.text($0) })
            let isInForce = try await DocumentAccess.submit(package, state: state)
            print(isInForce ? "\(file): in force" : "\(file): kept until the quorum has signed it")
        }
    }

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show the document in force, what is proposed, and whose signature is missing.")

        @OptionGroup var state: StateOptions
        @OptionGroup var output: OutputOptions

        struct Shown: Encodable {
            struct Proposal: Encodable {
                let version: Int
                let hash: String
                let signed: [String]
                let missing: [String]
            }

            let name: String
            let version: Int
            let hash: String
            let members: [String]
            let revoked: [String: UInt64]
            let missingContracts: [String]
            let proposals: [Proposal]
            /// Organisations that signed more than one document of one version.
            let contradictory: [String]
        }

        func run() async throws {
            let shown = try state.ledger().read { try Self.shown($0) }
            try output.print(shown, text: Self.text(of: shown))
        }

        private static func shown(_ snapshot: LedgerSnapshot) throws -> Shown {
            let rulebook = try snapshot.rulebook()
            guard let current = rulebook.latest else {
                throw CustodyError(.logMissing, "this gateway has no consortium document", remedy: "run custody init")
            }
            let successions = try snapshot.proposals().map { try DocumentSuccession(of: $0, after: current) }
            let members = current.organisations.map(\.id)
            return Shown(
                name: current.name, version: current.version, hash: current.hash.hex, members: members,
                revoked: current.revoked,
                missingContracts: current.contracts.filter { rulebook.contracts[$0.hash] == nil }.map(\.hash.hex),
                proposals: successions.map { next in
                    .init(
                        version: next.document.version, hash: next.document.hash.hex, signed: next.signers.sorted(),
                        missing: members.filter { !next.signers.contains($0) })
                },
                contradictory: members.filter { id in successions.count { $0.signers.contains(id) } > 1 })
        }

        private static func text(of shown: Shown) -> String {
            var lines = [
                "consortium \(shown.name), version \(shown.version)", "sha256 \(shown.hash)",
                "members \(shown.members.joined(separator: ", "))",
            ]
            lines += shown.revoked.sorted { $0.key < $1.key }.map { "revoked \($0.key) after entry \($0.value)" }
            lines += shown.missingContracts.map { "contract \($0) is in force and has not arrived yet" }
            for proposal in shown.proposals {
                lines += [
                    "proposed version \(proposal.version), sha256 \(proposal.hash)",
                    "  signed by \(proposal.signed.joined(separator: ", "))",
                    "  not by \(proposal.missing.joined(separator: ", "))",
                ]
            }
            lines += shown.contradictory.map { "\($0) HAS SIGNED TWO DOCUMENTS of one version" }
            return lines.joined(separator: "\n")
        }
    }

    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write all versions of the document, or one proposed, with the contracts that they name.",
            discussion: "A new member's gateway is made from such a folder; a proposed document is signed in it.")

        @Argument(help: "How the hash of a proposed document begins; without it, all versions in force so far.")
        var proposal: String?
        @Option(help: "The folder to write.")
        var directory: String
        @OptionGroup var state: StateOptions

        func run() async throws {
            let (notes, rulebook) = try state.ledger().read { snapshot in
                (
                    try proposal == nil ? snapshot.documents() : snapshot.proposals().filter { isNamed($0) },
                    try snapshot.rulebook()
                )
            }
            guard !notes.isEmpty else { throw CheckFailed(message: "no such document is here") }
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            for note in notes { try write(note, rulebook) }
        }

        private func isNamed(_ note: SignedNote) -> Bool {
            Hash.sha256(Array(note.text.utf8)).hex.hasPrefix(proposal?.lowercased() ?? "")
        }

        private func write(_ note: SignedNote, _ rulebook: Rulebook) throws {
            let document = try ConsortiumDocument(text: note.text)
            let name =
                proposal == nil
                ? "consortium-\(document.version).note"
                : "proposed-\(document.version)-\(document.hash.hex.prefix(8)).note"
            try NamedFile.write(Array(note.encoded.utf8), to: "\(directory)/\(name)")
            for contract in document.contracts.compactMap({ rulebook.contracts[$0.hash] }) {
                try NamedFile.write(
                    Array(contract.text.utf8), to: "\(directory)/\(contract.name)-\(contract.version).yaml")
            }
            print("\(directory)/\(name)")
        }
    }
}

/// Hands documents to the gateway that runs here, or takes them itself if none does.
enum DocumentAccess {
    static func submit(_ package: DocumentPackage, state: StateOptions) async throws -> Bool {
        do {
            let lock = try state.directory.lock()
            defer { withExtendedLifetime(lock) {} }
            return try DocumentExchange(store: try LedgerStore(path: state.directory.ledger)).submit(package)
        } catch let error as CustodyError where error.code == .gatewayRunning {
            return try await LocalClient(socket: state.directory.socket).submit(package)
        }
    }
}
