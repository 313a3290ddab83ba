import ArgumentParser
import Consortium
import Foundation
import Gateway
import History
import Ledger
import Store

struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Copy a gateway into a new folder, also while it runs.",
        discussion: """
            The private key of the log is never copied: a restored gateway opens the next generation of its log with a key \
            of its own. Documents are not copied: the organisations that may read them give them back, and the folder \
            documents/ can be copied beside it.
            """)

    @Argument(help: "The folder to make.")
    var directory: String
    @Flag(help: "Copy the private keys too; the folder is then as secret as the state directory.")
    var includeKeys = false
    @OptionGroup var state: StateOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let backup = GatewayBackup(path: StateDirectory(directory).path)
        let ledger = try state.ledger()
        try backup.make(
            of: state.directory, ledger: ledger, intake: try state.intake(), withKeys: includeKeys,
            now: Instruments.system().now())
        let manifest = try backup.check()
        let documents = try ledger.read { try $0.documentFiles() }.filter { ledger.documents.bytes(of: $0.file) != nil }
        try output.print(
            manifest,
            text:
                "\(manifest.origin) with \(manifest.size) entries is in \(backup.path)\(includeKeys ? "" : ", without keys")"
                + Self.leftOut(documents, ledger.documents.path)
        )
    }

    private static func leftOut(_ documents: [DocumentFile], _ folder: String) -> String {
        guard !documents.isEmpty else { return "" }
        let bytes = documents.reduce(0) { $0 + $1.bytes }
        return "\nnot in it: \(documents.count) documents, \(bytes >> 20) MiB, in \(folder)"
    }
}

struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Make a state directory from a backup.",
        discussion: """
            Everything is checked first. The gateway never continues the log that it was copied from: at its next start it \
            opens the next generation, also offline, and reads from the mirrors what the backup lacks.
            """)

    @Argument(help: "The folder that custody backup made.")
    var directory: String
    @Option(help: "A folder with the gateway's keys, where the backup was made without them.")
    var keys: String?
    @OptionGroup var state: StateOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let backup = GatewayBackup(path: StateDirectory(directory).path)
        let manifest = try backup.check()
        let target = state.directory
        try target.create()
        let lock = try target.lock()
        defer { withExtendedLifetime(lock) {} }
        guard !PrivateFile.exists(target.ledger) else {
            throw CustodyError(
                .fileExists, "there is a gateway here already", at: target.path,
                remedy: "name a folder that is not there yet")
        }
        try backup.restore(to: target, manifest)
        if let keys { try copyKeys(from: StateDirectory(keys), to: target) }
        try await verify(target, manifest)
        try output.print(manifest, text: Self.text(manifest, target))
    }

    private func copyKeys(from source: StateDirectory, to target: StateDirectory) throws {
        for name in GatewayBackup.keyFiles where PrivateFile.exists(source.file(name)) {
            if !PrivateFile.exists(target.file(name)) { try PrivateFile.copy(source.file(name), to: target.file(name)) }
        }
    }

    /// What is restored must hold, and must carry the mark by which it never continues its log.
    private func verify(_ target: StateDirectory, _ manifest: GatewayBackup.Manifest) async throws {
        let ledger = try LedgerStore(path: target.ledger)
        try ledger.write { try $0.set(doubt: Doubt(.backupRestored, origin: manifest.origin)) }
        let report = await LedgerVerifier(store: ledger).run()
        guard report.isSound else {
            let findings = report.findings.prefix(8).map { "\($0.place): \($0.message)" }.joined(separator: "\n")
            throw CheckFailed(message: "what was restored does not hold:\n\(findings)")
        }
    }

    private static func text(_ manifest: GatewayBackup.Manifest, _ target: StateDirectory) -> String {
        var lines = ["\(manifest.origin) with \(manifest.size) entries is restored in \(target.path)"]
        let missing = [target.generationKey, target.tlsKey].filter { !PrivateFile.exists($0) }
        if !missing.isEmpty {
            lines.append("bring these back before it starts: \(missing.joined(separator: ", "))")
        }
        return (lines + ["when it starts, it opens the next generation of its log"]).joined(separator: "\n")
    }
}

struct GenerationsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generations",
        abstract: "Show the generations of this gateway's log, and what is missing of them.",
        discussion: "Status 1 if something is missing that is known to have been recorded.")

    @OptionGroup var state: StateOptions
    @OptionGroup var output: OutputOptions

    struct Shown: Encodable {
        struct Generation: Encodable {
            let origin: String
            /// Entries that are stored here.
            let size: UInt64
            /// Entries that the next generation knew of.
            let known: UInt64
        }

        struct TakenBack: Encodable {
            let was: String
            let recorded: String?
            let refusal: String?
        }

        var generations: [Generation] = []
        var takenBack: [TakenBack] = []

        var missing: UInt64 { generations.reduce(0) { $0 + ($1.known - min($1.known, $1.size)) } }
    }

    func run() async throws {
        let shown = try state.ledger().read(Self.shown)
        try output.print(shown, text: Self.text(of: shown))
        if shown.missing > 0 || shown.takenBack.contains(where: { $0.recorded == nil }) {
            throw CheckFailed(message: "")
        }
    }

    private static func shown(_ snapshot: LedgerSnapshot) throws -> Shown {
        var shown = Shown()
        var known: Head?
        for (log, predecessor) in try snapshot.ownGenerations() {
            shown.generations.append(.init(origin: log.origin, size: log.size, known: known?.size ?? log.size))
            known = predecessor
        }
        // A generation of which nothing has been read back.
        if let known, try snapshot.log(known.origin) == nil {
            shown.generations.append(.init(origin: known.origin, size: 0, known: known.size))
        }
        shown.takenBack = try snapshot.takenBack().map { entry in
            .init(
                was: "\(entry.reference.origin):\(entry.reference.index)",
                recorded: entry.recorded.map { "\($0.origin):\($0.index)" }, refusal: entry.refusal)
        }
        return shown
    }

    private static func text(of shown: Shown) -> String {
        let generations = shown.generations.map { generation in
            let missing = generation.known - min(generation.known, generation.size)
            let text = "\(generation.origin.padded(40)) \(generation.size) entries"
            return missing == 0 ? text : "\(text), \(missing) more were recorded and nobody who was asked has them"
        }
        let takenBack = shown.takenBack.map { entry in
            let end =
                entry.recorded.map { "is recorded again as \($0)" } ?? entry.refusal ?? "is yet to be recorded again"
            return "\(entry.was) was taken back: \(end)"
        }
        return (generations + takenBack).joined(separator: "\n")
    }
}
