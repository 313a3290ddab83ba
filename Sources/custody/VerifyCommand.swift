import ArgumentParser
import Foundation
import Gateway
import Ledger
import Store
import Synchronization

struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check every hash, link, signature, cosignature, time stamp and verdict of every stored log.")

    @OptionGroup var state: StateOptions
    @OptionGroup var output: OutputOptions
    @Flag(help: "Say on standard error how far it is.")
    var progress = false

    func run() async throws {
        let done = Mutex<UInt64>(0)
        let show = progress
        let verifier = LedgerVerifier(store: try state.ledger()) { count in
            let total = done.withLock { done in
                done += count
                return done
            }
            if show { FileHandle.standardError.write(Data("\r\(total) entries".utf8)) }
        }
        let report = await verifier.run()
        if progress { FileHandle.standardError.write(Data("\n".utf8)) }
        try output.print(report, text: Self.text(of: report))
        guard report.isSound else {
            throw CheckFailed(message: "the ledger does not hold: \(report.findings.count) findings")
        }
    }

    private static func text(of report: LedgerVerifier.Report) -> String {
        let stamps = report.timeStamps > 0 ? ", \(report.timeStamps) time stamps" : ""
        let summary =
            "\(report.logs) logs, \(report.entries) entries, \(report.signatures) signatures\(stamps), "
            + "\(report.verdicts) verdicts\(documents(of: report))"
        guard !report.isSound else { return "\(summary): all hold" }
        return ([summary] + report.findings.map { "\($0.place): \($0.message)" }).joined(separator: "\n")
    }
}

extension VerifyCommand {
    private static func documents(of report: LedgerVerifier.Report) -> String {
        let missing = report.missingDocuments > 0 ? ", \(report.missingDocuments) documents are not here" : ""
        return (report.documents > 0 ? ", \(report.documents) documents" : "") + missing
    }
}

struct ReindexCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reindex", abstract: "Drop the order index and build it again from the logs alone.")

    @OptionGroup var state: StateOptions

    func run() async throws {
        let lock = try state.directory.lock()
        defer { withExtendedLifetime(lock) {} }
        try LedgerStore(path: state.directory.ledger).reindex()
        print("the order index has been rebuilt")
    }
}

struct PolicyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy", abstract: "Print the C2SP tlog-policy by which proofs of this consortium are checked.")

    @OptionGroup var state: StateOptions

    func run() async throws {
        let ledger = try state.ledger()
        guard let document = ledger.rulebook.latest else {
            throw CustodyError(.logMissing, "this gateway has no consortium document", remedy: "run custody init")
        }
        let logs = try ledger.read { try $0.logs().map(\.key) }.sorted { $0.name < $1.name }
        print(document.policyText(logs: logs), terminator: "")
    }
}
