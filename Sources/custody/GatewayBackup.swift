import Consortium
import Crypto
import Foundation
import Gateway
import Ledger
import Store

/// A folder with what a gateway is made of, from which it can be restored on another disk.
///
/// The manifest is written last: a folder without one is not a backup. The private key of the log is never in it, because a
/// restored gateway opens the next generation with a key of its own.
struct GatewayBackup {
    /// What the folder holds, with the length and the SHA-256 of each file.
    struct Manifest: Codable {
        struct File: Codable {
            let name: String
            let size: Int
            let sha256: String
        }

        let version: Int
        let origin: String
        /// Entries of the gateway's own log.
        let size: UInt64
        /// UTC microseconds.
        let made: Int64
        let hasKeys: Bool
        let files: [File]
    }

    static let manifestFile = "manifest.json"
    private static let versionMax = 1
    private static let stores = ["ledger.sqlite", "intake.sqlite"]
    /// What is copied where keys are asked for: everything but the log's own key.
    static let keyFiles = [
        "generations.key", "generations.pem", "tls.key", "tls.pem", "cosigner.key", "cosigner.next.key", "reading.key",
        "ledger.keys",
    ]
    private static let rulesFolder = "rules"
    /// Files of one backup.
    static let filesMax = 4_096

    let path: String

    private func file(_ name: String) -> String { "\(path)/\(name)" }

    // MARK: Making

    /// Copies a gateway, also while it runs.
    /// - Throws: `CustodyError` with code `backup-failed`, `file-unusable`, `file-exists`.
    func make(of state: StateDirectory, ledger: LedgerStore, intake: IntakeStore, withKeys: Bool, now: Int64) throws {
        try createEmpty()
        // The intake first: the ledger then has all that the intake says was recorded.
        try intake.copy(to: file("intake.sqlite"))
        try ledger.copy(to: file("ledger.sqlite"))
        let copied = try LedgerStore(path: file("ledger.sqlite"), readOnly: true)
        let log = try copied.read { try $0.ownLog() }
        guard let log else { throw CustodyError(.logMissing, "this gateway has no log yet", at: state.path) }
        for name in ["gateway.yaml"] + (withKeys ? Self.keyFiles : []) where PrivateFile.exists(state.file(name)) {
            try PrivateFile.create(file(name), bytes: try PrivateFile.readPublic(state.file(name)))
        }
        try FileManager.default.createDirectory(
            atPath: file(Self.rulesFolder), withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        try RulesFolder(path: file(Self.rulesFolder)).keep(copied)
        let manifest = Manifest(
            version: Self.versionMax, origin: log.origin, size: log.size, made: now, hasKeys: withKeys,
            files: try names().map(describe))
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        try PrivateFile.create(file(Self.manifestFile), bytes: [UInt8](try encoder.encode(manifest)) + [0x0A])
    }

    private func createEmpty() throws {
        let files = FileManager.default
        try? files.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        guard try files.contentsOfDirectory(atPath: path).isEmpty else {
            throw CustodyError(
                .backupFailed, "the folder is not empty", at: path, remedy: "name a folder that is not there yet")
        }
    }

    /// All files but the manifest, of this folder and the one with the rules; SQLite's own helpers are gone by now.
    private func names() throws -> [String] {
        let files = FileManager.default
        let rules = try files.contentsOfDirectory(atPath: file(Self.rulesFolder)).map { "\(Self.rulesFolder)/\($0)" }
        let own = try files.contentsOfDirectory(atPath: path).filter { $0 != Self.rulesFolder && !Self.isHelper($0) }
        return (own + rules).sorted()
    }

    private static func isHelper(_ name: String) -> Bool { name.hasSuffix("-wal") || name.hasSuffix("-shm") }

    /// - Throws: `CustodyError` with code `file-unusable`, also where the file cannot be brought to the disk.
    private func describe(_ name: String) throws -> Manifest.File {
        try PrivateFile.secure(file(name))
        let (size, hash) = try Self.digest(file(name))
        return Manifest.File(name: name, size: size, sha256: hash)
    }

    private static func digest(_ path: String) throws -> (size: Int, sha256: String) {
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw CustodyError(.fileUnreadable, "the file cannot be read", at: path)
        }
        defer { try? handle.close() }
        var hash = SHA256()
        var size = 0
        while let chunk = try handle.read(upToCount: 1 << 20), !chunk.isEmpty {
            hash.update(data: chunk)
            size += chunk.count
        }
        return (size, hash.finalize().map { String(format: "%02x", $0) }.joined())
    }

    // MARK: Reading

    /// - Throws: `CustodyError` with code `backup-damaged` if the folder is not a whole backup as it was made.
    func check() throws -> Manifest {
        guard PrivateFile.exists(file(Self.manifestFile)) else {
            throw Self.damaged("it has no manifest: it was never finished", path)
        }
        let bytes = try PrivateFile.readPublic(file(Self.manifestFile))
        guard let manifest = try? JSONDecoder().decode(Manifest.self, from: Data(bytes)) else {
            throw Self.damaged("its manifest is malformed", path)
        }
        guard (1...Self.versionMax).contains(manifest.version) else {
            throw CustodyError(
                .backupDamaged, "this release does not know its version \(manifest.version)", at: path,
                remedy: "install a newer release")
        }
        try Limit.check(manifest.files.count, max: Self.filesMax, "a backup", unit: "files")
        guard Self.stores.allSatisfy({ name in manifest.files.contains { $0.name == name } }) else {
            throw Self.damaged("a store is missing from its manifest", path)
        }
        for listed in manifest.files {
            guard Self.isPlain(listed.name) else { throw Self.damaged("its manifest names \(listed.name)", path) }
            guard PrivateFile.exists(file(listed.name)), case let found = try Self.digest(file(listed.name)),
                found == (listed.size, listed.sha256)
            else { throw Self.damaged("this file is not as it was copied", file(listed.name)) }
        }
        return manifest
    }

    private static func isPlain(_ name: String) -> Bool {
        if (stores + keyFiles + ["gateway.yaml"]).contains(name) { return true }
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        let isInRules = parts.count == 2 && parts[0] == rulesFolder
        return isInRules && !parts[1].hasPrefix(".") && (parts[1].hasSuffix(".note") || parts[1].hasSuffix(".yaml"))
    }

    private static func damaged(_ reason: String, _ place: String) -> CustodyError {
        CustodyError(.backupDamaged, "the backup is not whole: \(reason)", at: place, remedy: "take an earlier one")
    }

    /// Copies everything into a state directory that has no gateway yet.
    func restore(to state: StateDirectory, _ manifest: Manifest) throws {
        try FileManager.default.createDirectory(
            atPath: state.rules, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        // The ledger last: without it there is no gateway.
        for listed in manifest.files.sorted(by: { $1.name == "ledger.sqlite" && $0.name != "ledger.sqlite" }) {
            guard !PrivateFile.exists(state.file(listed.name)) else {
                throw CustodyError(
                    .fileExists, "this file is here already", at: state.file(listed.name),
                    remedy: "restore into a folder of its own")
            }
            try PrivateFile.copy(file(listed.name), to: state.file(listed.name))
        }
    }
}

extension CustodyError.Code {
    static let backupDamaged: Self = "backup-damaged"
}
