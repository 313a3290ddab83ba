import ArgumentParser
import Foundation
import History
import Ledger
import Store

struct EvidenceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evidence", abstract: "Show which logs are frozen, and write what convicts one of them.",
        discussion: """
            A log that signed two heads which contradict each other, or an entry that does not carry the hash of the entry \
            before it, is frozen by every member. Status 1 if any is frozen here and no file is written.
            """)

    @Argument(help: "The log's origin, such as hospital/main; all that are frozen if none is named.")
    var origin: String?
    @Option(name: .shortAndLong, help: "The file to write, for custody verify-evidence; needs an origin.")
    var output: String?
    @OptionGroup var state: StateOptions
    @OptionGroup var shape: OutputOptions

    struct Shown: Encodable {
        let origin, reason: String
        let size: UInt64
        let common: UInt64?
    }

    func validate() throws {
        guard output == nil || origin != nil else { throw ValidationError("name the log of which to write evidence") }
    }

    func run() async throws {
        let frozen = try state.ledger().read { snapshot in
            try snapshot.logs(withForeign: true).filter { $0.frozen != nil && (origin == nil || $0.origin == origin) }
                .map {
                    (log: $0, evidence: try snapshot.evidence(against: $0.id))
                }
        }
        let shown = frozen.map { log, _ in
            Shown(origin: log.origin, reason: log.frozen ?? "", size: log.size, common: log.common)
        }
        let lines = shown.map { "\($0.origin.padded(24)) \($0.size) entries here, FROZEN: \($0.reason)" }
        try shape.print(shown, text: lines.isEmpty ? "no log is frozen" : lines.joined(separator: "\n"))
        guard let output else {
            if !frozen.isEmpty { throw CheckFailed(message: "") }
            return
        }
        guard let evidence = frozen.first?.evidence else {
            throw CheckFailed(message: "nothing is known against \(origin ?? "")")
        }
        try NamedFile.write(Array(evidence.encoded.utf8), to: output)
    }

}

struct VerifyEvidenceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify-evidence", abstract: "Check offline what convicts a log, with nothing but a policy.",
        discussion: "Status 0 if the evidence convicts the log.")

    @Argument(help: "The file that custody evidence wrote.")
    var file: String
    @Option(help: "The policy, as 'custody policy' prints it, from somebody you trust.")
    var policy: String
    @OptionGroup var shape: OutputOptions

    struct Shown: Encodable {
        let origin, reason: String
        let size: UInt64
        let common: UInt64?
    }

    func run() async throws {
        let evidence = try LogEvidence(bytes: try NamedFile.bytes(file))
        let policy = try WitnessPolicy(text: try NamedFile.text(policy))
        let origin = try evidence.origin
        guard let log = policy.logs.first(where: { $0.key.name == origin }) else {
            throw CheckFailed(message: "the policy does not know the log \(origin)")
        }
        let offence = try evidence.check(log: log.key)
        try shape.print(
            Shown(
                origin: offence.origin, reason: offence.description, size: offence.size, common: offence.common),
            text: "\(offence.origin) is convicted: \(offence)")
    }
}
