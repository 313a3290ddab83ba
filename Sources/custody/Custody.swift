import ArgumentParser
import Foundation
import Ledger

@main
struct Custody: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "custody",
        abstract: "A shared, provable history of every labelled medical device.",
        discussion: "Exit status: 0 fine, 1 a check failed or an update was refused, 2 usage or configuration.",
        version: "0.1.0",
        subcommands: [
            RunCommand.self, InitCommand.self, OrganisationCommand.self, OperatorCommand.self, ConsortiumCommand.self,
            ContractCommand.self, OrderCommand.self,
            RecordCommand.self, TraceCommand.self, FindCommand.self, ContentsCommand.self, OrdersCommand.self,
            VerifyCommand.self, ProofCommand.self,
            VerifyProofCommand.self, PolicyCommand.self, PeersCommand.self, DecodeCommand.self, IdentifyCommand.self,
            UnmatchedCommand.self, LabelCommand.self, EPCCommand.self, ReindexCommand.self, DecodeWorkerCommand.self,
            AppendLoadCommand.self, TelemetryCommand.self, MKTCommand.self,
            ForksCommand.self, ResolveCommand.self, ConditionsCommand.self, ReadingCommand.self, EvidenceCommand.self,
            VerifyEvidenceCommand.self, MonitorCommand.self, BackupCommand.self, RestoreCommand.self,
            GenerationsCommand.self, KeysCommand.self, RevealCommand.self, EraseCommand.self, TimeStampsCommand.self,
            AdverseCommand.self, RecallCommand.self, CaseCommand.self, AuditCommand.self, DocumentCommand.self,
            EPCISCommand.self,
        ])

    /// On the main thread: what a decode worker gives up, it gives up for the thread that does it, and so before there
    /// are others.
    @MainActor static func main() async {
        if CommandLine.arguments.dropFirst().first == DecodeWorkerCommand.name { DecodeWorkerCommand.work() }
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let error as CustodyError {
            FileHandle.standardError.write(Data("custody: \(error)\n".utf8))
            Foundation.exit(ExitStatus.of(error))
        } catch let failed as CheckFailed {
            if !failed.message.isEmpty { FileHandle.standardError.write(Data("custody: \(failed.message)\n".utf8)) }
            Foundation.exit(ExitStatus.checkFailed)
        } catch {
            let isUsage = exitCode(for: error) != .success
            guard isUsage else { exit(withError: error) }
            FileHandle.standardError.write(Data((fullMessage(for: error) + "\n").utf8))
            Foundation.exit(ExitStatus.usage)
        }
    }
}

/// Something was looked at and does not hold: the command itself worked.
struct CheckFailed: Error {
    let message: String
}

enum ExitStatus {
    static let checkFailed: Int32 = 1
    static let usage: Int32 = 2

    /// A refusal of what was asked is a failed check; what keeps the question from being asked is configuration.
    static func of(_ error: CustodyError) -> Int32 {
        let isRefusal = Rejection.Code(rawValue: error.code.rawValue) != nil || refusals.contains(error.code)
        return isRefusal ? checkFailed : usage
    }

    private static let refusals: Set<CustodyError.Code> = [
        .recorderBusyCode, .durabilityUnknownCode, .noteSignatureWrong, .checkpointUnsigned, .checkpointOrigin,
        .proofMalformed, .bundleMalformed, .noteMalformed, .checkpointMalformed, .policyLogUnknown, "store-failed",
        "ancestors-missing", "peer-unreachable", "limit-exceeded", "documents-unsigned", "scan-unknown", "scan-settled",
        "backup-damaged",
        .erasureRefused, .factErased, "erasure-reason", "fact-unreadable",
        .documentTooLarge, .documentDamaged, .documentMissing, .documentName, .documentEmpty, .diskNearlyFull,
    ]
}

extension CustodyError.Code {
    fileprivate static let recorderBusyCode: Self = "recorder-busy"
    fileprivate static let durabilityUnknownCode: Self = "durability-unknown"
}
