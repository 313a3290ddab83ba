import Foundation
import GRDB
import Ledger

/// The file of a document that this gateway may read.
public struct DocumentFile: Hashable, Sendable {
    public let file: Hash
    /// Of the file.
    public let bytes: UInt64

    public init(file: Hash, bytes: UInt64) {
        self.file = file
        self.bytes = bytes
    }
}

extension LedgerSnapshot {
    /// The files of all documents that this gateway may read, each once; erased ones are not among them.
    public func documentFiles() throws -> [DocumentFile] {
        // A store that was written by an earlier release and is only read.
        guard try database.tableExists("document_file") else { return [] }
        return try Row.fetchAll(database, sql: "SELECT DISTINCT file, bytes FROM document_file ORDER BY file")
            .compactMap {
                row in
                Hash(bytes: row[0] as Data).map { DocumentFile(file: $0, bytes: UInt64(clamping: row[1] as Int64)) }
            }
    }

    /// How many private facts that this gateway may read are documents.
    public func documentCount() throws -> Int {
        guard try database.tableExists("document_file") else { return 0 }
        return try Int.fetchOne(database, sql: "SELECT count(*) FROM document_file") ?? 0
    }

    /// Whether a private fact that this gateway may read is the document of a file.
    public func needs(_ file: Hash) throws -> Bool {
        let statement = try database.cachedStatement(sql: "SELECT 1 FROM document_file WHERE file = ?")
        return try Int.fetchOne(statement, arguments: [Data(file.bytes)]) != nil
    }
}

extension LedgerVerifier {
    /// Looks at the file of each document that this gateway may read. One that is not here is no finding: it may be on its
    /// way, or nobody who has it may be in reach.
    func checkDocumentFiles(into report: inout Report) {
        do {
            for document in try store.read({ try $0.documentFiles() }) {
                guard let bytes = store.documents.bytes(of: document.file) else {
                    report.missingDocuments += 1
                    continue
                }
                report.documents += 1
                guard bytes == document.bytes, (try? store.documents.read(document.file, to: { _ in })) != nil else {
                    report.findings.append(
                        Finding(place: "documents/\(document.file.hex)", message: "the document's file is damaged"))
                    continue
                }
            }
        } catch { report.findings.append(Finding(place: "documents", message: "\(error)")) }
    }
}
