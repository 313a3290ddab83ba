import ArgumentParser
import Foundation
import History
import Ledger
import Store
import TimeStamps

struct ProofCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "proof", abstract: "Write a file that proves an order, or one update of it, to anybody offline.")

    @Argument(help: "An order, as for trace, or the first digits of an update's hash.")
    var subject: String
    @Option(name: .shortAndLong, help: "The proof file to write.")
    var output: String?
    @Option(
        help: """
            A folder for each update's NAME.entry and plain C2SP NAME.tlog-proof and, against a head with a time stamp, \
            NAME.time-stamp.tlog-proof.
            """)
    var split: String?
    @Option(help: "Private facts of the order that the file is to show, with commas between them; no others are shown.")
    var reveal: String?
    @OptionGroup var state: StateOptions

    func validate() throws {
        guard output != nil || split != nil else { throw ValidationError("give -o FILE or --split DIR") }
        guard reveal == nil || output != nil else { throw ValidationError("--reveal needs -o FILE") }
    }

    func run() async throws {
        let ledger = try state.ledger()
        var bundle = try ledger.read { snapshot in try self.bundle(snapshot) }
        if let reveal {
            bundle.disclosures = try ChosenDisclosures(reveal).found(in: bundle, ledger)
        }
        if let output {
            try NamedFile.write(try bundle.encoded(), to: output)
            let shown = bundle.disclosures.isEmpty ? "" : ", showing \(bundle.disclosures.count) private facts"
            print("\(output): \(bundle.items.count) updates of \(bundle.order)\(shown)")
        }
        if let split { try write(bundle, stamped: try ledger.read { try stamped(bundle, $0) }, into: split) }
    }

    /// For each item, its proof against the first head with a time stamp; nil where there is none yet.
    private func stamped(_ bundle: ProofBundle, _ snapshot: LedgerSnapshot) throws -> [TransparencyProof?] {
        try bundle.items.map { item in
            try snapshot.stampedProof(
                of: Reference(
                    origin: try Checkpoint(text: item.proof.checkpoint.text).origin, index: item.proof.index,
                    leafHash: Hash.leaf(item.entry)))
        }
    }

    private func bundle(_ snapshot: LedgerSnapshot) throws -> ProofBundle {
        let isHash = subject.count >= 8 && subject.allSatisfy { $0.isHexDigit && !$0.isUppercase }
        if isHash, try snapshot.orders(matching: subject).isEmpty {
            let applied = try snapshot.update(hashPrefix: subject)
            return try snapshot.bundle(of: try snapshot.order(applied.update.order), only: applied.reference.leafHash)
        }
        return try snapshot.bundle(of: try snapshot.order(subject))
    }

    private func write(_ bundle: ProofBundle, stamped: [TransparencyProof?], into folder: String) throws {
        try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for (item, stamped) in zip(bundle.items, stamped) {
            let origin = try Checkpoint(text: item.proof.checkpoint.text).origin.replacingOccurrences(
                of: "/", with: "_")
            let name = "\(folder)/\(origin)_\(item.proof.index)"
            try NamedFile.write(item.entry, to: "\(name).entry")
            try NamedFile.write(Array(item.proof.encoded.utf8), to: "\(name).\(TransparencyProof.fileExtension)")
            guard let stamped else { continue }
            let file = "\(name).time-stamp.\(TransparencyProof.fileExtension)"
            try NamedFile.write(Array(stamped.encoded.utf8), to: file)
        }
        print("\(folder): \(bundle.items.count) entries with their proofs")
    }
}

struct VerifyProofCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify-proof", abstract: "Check a proof file offline, with nothing but a policy.",
        discussion: """
            Says apart: in the log, accepted, confirmed, and complete up to which heads; and, where the file holds time \
            stamps and their authority is named, before when updates existed. Status 0 if all hold.
            """)

    @Argument(help: "The proof file.")
    var file: String
    @Option(help: "The policy, as 'custody policy' prints it, from somebody you trust.")
    var policy: String
    @Option(help: "PEM file of the time stamping authority's certificates, from somebody you trust.")
    var timeStamps: String?
    @OptionGroup var output: OutputOptions

    struct Shown: Encodable {
        struct Item: Encodable {
            let step, organisation, origin: String
            let index: UInt64
            let inLog, accepted, confirmed: Bool
            let verdict: String
            /// The pseudonym of who did it, if the update names one.
            let `operator`: String?
            /// Whether the operator signed it; nil if nobody signed.
            let operatorSigned: Bool?

            var signer: String {
                `operator`.map { "\n    \(SignerText.of($0, isSigned: operatorSigned))" } ?? ""
            }
            /// By a time stamp that was checked.
            let existedBefore: String?
        }

        let order: String
        let inLog, accepted, confirmed: Bool
        let completeUpTo: [String: UInt64]
        let updates: [Item]
        let readings: [Reading]
        let disclosed: [Disclosed]
        let stayPrivate: Int
        let timeStamps: [CheckedTimeStamp.Shown]

        struct Disclosed: Encodable {
            let fact, value: String
            let origin: String?
            let index: UInt64?
            let proved: Bool
        }

        struct Reading: Encodable {
            let device, metric, unit, time, value: String
            let proved: Bool
        }
    }

    func run() async throws {
        let bundle = try ProofBundle(bytes: try NamedFile.bytes(file))
        let result = try bundle.check(policyText: try NamedFile.text(policy))
        let authority = try timeStamps.map { try TimeStampAuthority(certificates: try NamedFile.bytes($0)) }
        let stamps = result.stamps.map { CheckedTimeStamp($0, by: authority) }
        let shown = Shown(result, stamps)
        let none = authority != nil && stamps.isEmpty ? "\n  no head that includes these updates was stamped" : ""
        try output.print(shown, text: shown.text + none)
        guard result.isInLog, result.isAccepted, result.isConfirmed, result.areReadingsProved,
            result.areDisclosuresProved, authority == nil || stamps.allSatisfy(\.holds)
        else {
            throw CheckFailed(message: "not everything that the file claims is proved")
        }
    }
}

extension VerifyProofCommand.Shown {
    init(_ result: ProofResult, _ stamps: [CheckedTimeStamp]) {
        order = result.order
        inLog = result.isInLog
        accepted = result.isAccepted
        confirmed = result.isConfirmed
        completeUpTo = Dictionary(result.heads.map { ($0.origin, $0.size) }, uniquingKeysWith: max)
        updates = result.items.map { item in
            Item(
                step: item.update.step,
                organisation: ConsortiumDocument.organisation(ofOrigin: item.reference.origin),
                origin: item.reference.origin, index: item.reference.index, inLog: item.inLog,
                accepted: item.verdict == .accepted, confirmed: item.confirmed,
                verdict: item.verdict.map { $0.isAccepted ? "accepted" : "\($0)" } ?? "cannot be judged from this file",
                operator: item.update.operator?.id, operatorSigned: item.isSigned,
                existedBefore: item.inLog ? CheckedTimeStamp.latest(of: item.reference.leafHash, stamps) : nil)
        }
        readings = result.readings.map { reading, isProved in
            let lines = reading.lines + Array(repeating: "", count: 8)
            return Reading(
                device: lines[1], metric: lines[2], unit: lines[3], time: lines[4], value: lines[5], proved: isProved)
        }
        disclosed = result.disclosed.map {
            Disclosed(
                fact: $0.disclosure.name, value: $0.disclosure.value, origin: $0.update?.origin,
                index: $0.update?.index,
                proved: $0.update != nil)
        }
        stayPrivate = result.hiddenCount
        timeStamps = stamps.map(\.shown)
    }

    var text: String {
        let rows = updates.map {
            "  \($0.step.padded(21)) \("\($0.origin):\($0.index)".padded(22)) \($0.inLog ? "in log" : "NOT IN LOG")  "
                + "\($0.verdict)  \($0.confirmed ? "confirmed" : "not confirmed")"
                + ($0.existedBefore.map { "  existed before \($0)" } ?? "") + $0.signer
        }
        let sensed = readings.map {
            "\n  reading \($0.time) \($0.device) \($0.metric) \($0.value) \($0.unit): "
                + ($0.proved ? "summed up by a window above" : "NOT PROVED")
        }.joined()
        let facts =
            disclosed.map {
                "\n  private \($0.fact.onOneLine)=\($0.value.onOneLine): "
                    + ($0.proved ? "what \($0.origin ?? ""):\($0.index ?? 0) commits to" : "NOT PROVED")
            }.joined() + (stayPrivate > 0 ? "\n  private facts not shown: \(stayPrivate)" : "")
        let heads = completeUpTo.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        return """
            order      \(order)
            in the log \(inLog ? "yes" : "NO")
            accepted   \(accepted ? "yes" : "NO")
            confirmed  \(confirmed ? "yes" : "NO")
            complete   as its maker saw it, up to \(heads)\(timeStamps.map { "\ntime stamp \($0.text)" }.joined())
            \(rows.joined(separator: "\n"))\(sensed)\(facts)
            """
    }
}
