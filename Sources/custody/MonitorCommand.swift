import ArgumentParser
import Consortium
import Foundation
import Ledger

struct MonitorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "monitor", abstract: "Follow a tiled log, anybody's, and report when it contradicts itself.",
        discussion: """
            Prints a line for each new checkpoint. Reads the log's tree, and its entries unless told not to, and remembers \
            the last head in a file. A log that signed two heads which contradict each other ends it with status 1, and \
            both heads are written as evidence, for custody verify-evidence. So does a log that serves something else than \
            it signed. A log that shows an older head than before, and one that cannot be reached, are reported; with \
            --once they end it with status 1 too.
            """)

    @Argument(help: "Where the log is served, such as https://log.example/prefix; checkpoint and tile/ are below it.")
    var url: String
    @Option(help: "The log's vkey, from somebody you trust.")
    var key: String
    @Option(help: "The file that remembers the last head.")
    var state: String?
    @Option(help: "Where to write evidence of a fork.")
    var evidence = "fork.evidence"
    @Option(help: "Seconds from one look to the next.")
    var every = 30
    @Flag(help: "Look once.")
    var once = false
    @Flag(help: "Check the tree alone and do not read entries.")
    var noEntries = false
    @Option(help: "PEM file of the CAs that are believed, instead of those of this machine.")
    var authority: String?
    @Option(help: "PEM file of a certificate to show, for a member's port.")
    var certificate: String?
    @Option(help: "PEM file of its private key.")
    var certificateKey: String?

    func validate() throws {
        guard (1...86_400).contains(every) else { throw ValidationError("look every 1 to 86400 seconds") }
        guard (certificate == nil) == (certificateKey == nil) else {
            throw ValidationError("--certificate and --certificate-key belong together")
        }
    }

    func run() async throws {
        let key = try VerifierKey(vkey: key)
        var identity: (certificate: String, key: String)?
        if let certificate, let certificateKey { identity = (certificate, certificateKey) }
        let tls = try ConsortiumTLS.outside(
            authority: try authority.map { try NamedFile.bytes($0) }, identity: identity)
        let client = try ConsortiumClient(outside: key.name, url: url, tls: tls)
        let result: Result<Void, any Error>
        do { result = .success(try await follow(client, key)) } catch { result = .failure(error) }
        try await client.shutdown()
        try result.get()
    }

    private func follow(_ client: ConsortiumClient, _ key: VerifierKey) async throws {
        let monitor = LogMonitor(client: client, key: key, checksEntries: !noEntries)
        var known = try remembered()
        while true {
            do {
                known = try await look(monitor, after: known)
            } catch let error as CustodyError where error.code == .peerUnreachable || error.code == .peerRefused {
                try report("unreachable: \(error)")
            }
            if once { return }
            try await Task.sleep(for: .seconds(every))
        }
    }

    /// - Returns: the head to compare the next with.
    private func look(_ monitor: LogMonitor, after known: SignedNote?) async throws -> SignedNote? {
        switch try await monitor.look(after: known) {
        case .grown(let note, let head):
            try remember(note)
            print("\(head.origin) \(head.size) \(head.root.base64)")
            fflush(nil)
            return note
        case .same: return known
        case .stale(let head):
            let size = try known.map { try Checkpoint(text: $0.text).size } ?? 0
            try report("stale: \(head.origin) shows \(head.size) entries and had \(size)")
            return known
        case .forked(let fork):
            try NamedFile.write(Array(fork.encoded.utf8), to: evidence)
            let origin = try Checkpoint(text: fork.first.text).origin
            throw CheckFailed(
                message: "\(origin) has forked: two heads that it signed contradict each other, see \(evidence)")
        case .broken(let error): throw CheckFailed(message: "\(error)")
        }
    }

    /// What is no proof against the log ends only one look.
    private func report(_ message: String) throws {
        guard !once else { throw CheckFailed(message: message) }
        FileHandle.standardError.write(Data("custody: \(message)\n".utf8))
    }

    private func remembered() throws -> SignedNote? {
        guard let state, FileManager.default.fileExists(atPath: state) else { return nil }
        return try SignedNote(bytes: try NamedFile.bytes(state))
    }

    /// The old head stays whole until the new one is.
    private func remember(_ note: SignedNote) throws {
        guard let state else { return }
        try NamedFile.write(Array(note.encoded.utf8), to: state)
    }
}
