import ArgumentParser
import Foundation
import Gateway
import History
import Ledger
import Store
import TimeStamps

struct TimeStampsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "time-stamps", abstract: "Show which heads of a log were stamped by a time stamping authority.",
        discussion: """
            With -o, each NAME.checkpoint and NAME.tst there are what a court can check without Custody: openssl ts -verify \
            -token_in -in NAME.tst -data NAME.checkpoint -CAfile AUTHORITY.
            """)

    @Argument(help: "The log's origin; this gateway's own log if none is named.")
    var origin: String?
    @Option(help: "How many at the most, the newest first.")
    var limit = 50
    @Option(name: .shortAndLong, help: "A folder for the stamped checkpoints and their time stamps.")
    var output: String?
    @OptionGroup var state: StateOptions
    @OptionGroup var shape: OutputOptions

    func validate() throws {
        guard limit > 0 else { throw ValidationError("show at least one") }
    }

    func run() async throws {
        let stamps = try state.ledger().read { snapshot in
            let log = if let origin { try snapshot.log(origin) } else { try snapshot.ownLog() }
            guard let log else {
                throw CustodyError(.logMissing, "this log is not here", at: origin, remedy: "see custody peers")
            }
            return try snapshot.timeStamps(of: log, limit: limit)
        }
        let shown = try stamps.map { try ShownTimeStamp($0) }
        if let output {
            for (stamp, shown) in zip(stamps, shown) { try write(stamp, shown, into: output) }
        }
        let lines = shown.map { "\($0.origin.padded(24)) \($0.text)" }
        try shape.print(
            shown, text: lines.isEmpty ? "no head of this log has a time stamp" : lines.joined(separator: "\n"))
    }

    private func write(_ stamp: TimeStampRecord, _ shown: ShownTimeStamp, into folder: String) throws {
        try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let name = "\(folder)/\(shown.origin.replacingOccurrences(of: "/", with: "_"))_\(stamp.size)"
        try NamedFile.write(Array(stamp.note.encoded.utf8), to: "\(name).checkpoint")
        try NamedFile.write(stamp.token, to: "\(name).tst")
    }
}

/// A time stamp of a proof file, checked by the certificates that somebody trusts.
struct CheckedTimeStamp {
    struct Shown: Encodable {
        let origin: String
        let size: UInt64
        let authority: String?
        let existedBefore: String?
        /// Why it says nothing; nil if it holds.
        let problem: String?
        /// How many updates of the file it is of.
        let updates: Int
    }

    private let stamp: ProofResult.Stamp
    private let result: Result<TimeStamp, any Error>?

    /// - Parameter authority: nil where nobody is trusted.
    init(_ stamp: ProofResult.Stamp, by authority: TimeStampAuthority?) {
        self.stamp = stamp
        result = authority.map { authority in
            Result { try authority.check(token: stamp.stamp.token, of: stamp.imprint) }
        }
    }

    private var checked: TimeStamp? { try? result?.get() }

    /// Whether somebody who is trusted stamped it, and what it is said to include is there.
    var holds: Bool { checked != nil && !stamp.entries.isEmpty }

    var shown: Shown {
        var problem: String?
        switch result {
        case nil: problem = "not checked: name its authority's certificates with --time-stamps"
        case .failure(let error): problem = "\(error)"
        case .success: problem = stamp.entries.isEmpty ? "no update of the file is proved to be below it" : nil
        }
        return Shown(
            origin: stamp.checkpoint.origin, size: stamp.checkpoint.size, authority: checked?.authority,
            existedBefore: checked.map { UTCText.of($0.latest) }, problem: problem, updates: stamp.entries.count)
    }

    /// Before when an entry existed, by the earliest of these that holds.
    static func latest(of entry: Hash, _ stamps: [CheckedTimeStamp]) -> String? {
        stamps.filter { $0.stamp.entries.contains(entry) }.compactMap { $0.checked?.latest }.min().map(UTCText.of)
    }
}

extension CheckedTimeStamp.Shown {
    var text: String {
        let head = "\(origin) \(size)"
        if let problem { return "\(head): \(problem)" }
        let name = ShownTimeStamp.commonName(of: authority ?? "")
        return
            "\(head), with \(updates) updates of this file, stamped by \(name): existed before \(existedBefore ?? "")"
    }
}
