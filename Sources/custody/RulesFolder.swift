import Consortium
import Foundation
import Ledger
import Logging
import Store

/// The consortium's documents and contracts outside the database: without them a gateway that lost its database could not
/// judge what it records.
struct RulesFolder {
    let path: String

    private static let documentSuffix = ".note"
    private static let contractSuffix = ".yaml"

    /// Writes what is not here yet.
    func keep(_ ledger: LedgerStore) throws {
        let (notes, rulebook) = try ledger.read { (try $0.documents(), try $0.rulebook()) }
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        for note in notes {
            let document = try ConsortiumDocument(text: note.text)
            try keep(note.encoded, as: "\(document.version)-\(document.hash.hex)\(Self.documentSuffix)")
        }
        for contract in rulebook.contracts.values {
            try keep(contract.text, as: "\(contract.hash.hex)\(Self.contractSuffix)")
        }
    }

    private func keep(_ text: String, as name: String) throws {
        let file = "\(path)/\(name)"
        if !PrivateFile.exists(file) { try PrivateFile.create(file, bytes: Array(text.utf8)) }
    }

    /// Writes each version that comes into force, until the task is cancelled.
    func follow(_ ledger: LedgerStore, logger: Logger) async {
        var kept: Rulebook?
        while !Task.isCancelled {
            // Followed before looking, so that nothing falls between.
            let news = ledger.changes.follow()
            let present = ledger.rulebook
            if present.documents.count != kept?.documents.count || present.contracts.count != kept?.contracts.count {
                do { try keep(ledger) } catch {
                    logger.error("rules not kept outside the database", metadata: ["error": "\(error)"])
                }
                kept = present
            }
            for await _ in news { break }
        }
    }

    /// Nil if no document is here.
    func newestDocument() throws -> ConsortiumDocument? {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return try files.filter { $0.hasSuffix(Self.documentSuffix) }.map {
            try ConsortiumDocument(text: try SignedNote(encoded: try NamedFile.text("\(path)/\($0)")).text)
        }.max { $0.version < $1.version }
    }

    /// Gives everything that is here to a database that has nothing.
    /// - Throws: `CustodyError` with code `rules-missing` if no document is here.
    func load(into transaction: LedgerTransaction) throws {
        let files = ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
        let notes = files.filter { $0.hasSuffix(Self.documentSuffix) }
        guard !notes.isEmpty else {
            throw CustodyError(
                .rulesMissing, "the database is gone, and no consortium document is kept outside it", at: path,
                remedy: "put the signed document there as 1.note, and the contracts that it names as .yaml files")
        }
        for file in notes {
            try transaction.add(document: try SignedNote(encoded: try NamedFile.text("\(path)/\(file)")))
        }
        for file in files where file.hasSuffix(Self.contractSuffix) {
            try transaction.add(contract: try Contract(text: try NamedFile.text("\(path)/\(file)"), file: file))
        }
    }
}

extension CustodyError.Code {
    static let rulesMissing: Self = "rules-missing"
}
