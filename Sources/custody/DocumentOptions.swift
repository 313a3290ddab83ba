import ArgumentParser
import Consortium
import Foundation
import Gateway
import Ledger
import Store

/// Documents as they are given on a command line: this process encrypts each into the state directory, so that the gateway
/// is told of a file that is on disk, and a gigabyte never passes through its socket.
struct DocumentOptions: ParsableArguments {
    @Option(help: "A document for a fact, name=FILE, at most 1 GiB; may be given again.")
    var document: [String] = []

    /// - Parameter step: that is to be recorded; nil where the contract does not have it.
    func add(to step: @autoclosure () throws -> Contract.Step?, state: StateDirectory) throws -> AddedDocuments {
        let parts = try document.map { text in
            guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
                throw ValidationError("'\(text)' is not of the form --document name=FILE")
            }
            return (fact: String(text[..<equals]), path: String(text[text.index(after: equals)...]))
        }
        return try AddedDocuments(parts, to: parts.isEmpty ? nil : try step(), state: state)
    }
}

/// Documents that are on disk here, and yet to be recorded.
struct AddedDocuments {
    private(set) var facts: [(name: String, value: Draft.Value)] = []
    private var added: [Hash] = []
    private let folder: DocumentFolder

    /// - Parameters:
    ///   - name: of the document; the file's if it is nil.
    ///   - media: its type; by the end of the file's name if it is nil.
    /// - Throws: `CustodyError` with code `fact-no-document`, `file-unreadable`, and as `DocumentFolder.seal`.
    init(
        _ documents: [(fact: String, path: String)], to step: Contract.Step?, name: String? = nil, media: String? = nil,
        state: StateDirectory
    ) throws {
        folder = DocumentFolder(besideLedger: state.ledger)
        guard !documents.isEmpty else { return }
        let instruments = Instruments.system()
        let reserve = try GatewayConfiguration.diskReserve(state)
        for (fact, path) in documents {
            guard let form = step?.documentForm(of: fact) else {
                throw CustodyError(
                    .factNoDocument, "the fact \(fact) takes no document", at: step?.name,
                    remedy:
                        "private facts that are text do, and facts of type document, as the order's contract has them")
            }
            guard let source = FileHandle(forReadingAtPath: path) else {
                throw CustodyError(.fileUnreadable, "the file cannot be read", at: path)
            }
            defer { try? source.close() }
            try Self.check(size: path, reserve: reserve, folder: folder)
            let read = { (count: Int) in [UInt8](try source.read(upToCount: count) ?? Data()) }
            let name = name ?? (path as NSString).lastPathComponent
            switch form {
            case .sealed:
                let sealed = try folder.seal(
                    name: name, media: media ?? MediaType.guess(ofName: path),
                    key: instruments.randomBytes(DocumentCipher.keyBytes), reserve: reserve, from: read)
                facts.append((name: fact, value: .private(Array(sealed.text.utf8))))
                added.append(sealed.file)
            case .plain:
                let file = try folder.add(reserve: reserve, from: read)
                facts.append((name: fact, value: .text(file.hex)))
            }
        }
    }

    /// Before a gigabyte is read in vain.
    private static func check(size path: String, reserve: UInt64, folder: DocumentFolder) throws {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        guard attributes?[.type] as? FileAttributeType == .typeRegular, let bytes = attributes?[.size] as? UInt64 else {
            return
        }
        try DocumentCipher.check(documentBytes: bytes)
        try DiskSpace.check(
            room: DocumentCipher.fileBytes(ofDocument: bytes), reserve: reserve,
            in: (folder.path as NSString).deletingLastPathComponent)
    }

    /// Records them. What was refused is of no use to anybody, and goes; where nobody can tell whether it was, it stays, and
    /// the gateway removes it after a day if it was.
    func recorded(_ record: () async throws -> Receipt) async throws -> Receipt {
        do { return try await record() } catch let error as CustodyError {
            guard error.code != .gatewayUnreachableCode, error.code != .durabilityUnknown else { throw error }
            for file in added { try? folder.remove(file) }
            throw error
        }
    }
}

/// The media type of a file, where its name tells (RFC 6838).
enum MediaType {
    private static let known = [
        "pdf": "application/pdf", "txt": "text/plain", "csv": "text/csv", "json": "application/json",
        "xml": "application/xml", "yaml": "application/yaml", "png": "image/png", "jpg": "image/jpeg",
        "jpeg": "image/jpeg", "svg": "image/svg+xml", "tif": "image/tiff", "tiff": "image/tiff",
        "dcm": "application/dicom", "step": "model/step", "stp": "model/step", "stl": "model/stl", "3mf": "model/3mf",
        "dxf": "image/vnd.dxf", "zip": "application/zip", "gz": "application/gzip",
    ]

    static func guess(ofName name: String) -> String {
        known[(name as NSString).pathExtension.lowercased()] ?? "application/octet-stream"
    }
}

extension GatewayConfiguration {
    /// Bytes of the disk that documents leave free.
    static func diskReserve(_ state: StateDirectory) throws -> UInt64 {
        let origin = try LedgerStore(path: state.ledger, readOnly: true).ownOrigin()
        let configuration = try GatewayConfiguration(file: state.configuration, state: state, origin: origin)
        return DiskSpace.reserve(configuration.disk.reserve, of: state.path)
    }
}

extension CustodyError.Code {
    static let factNoDocument: Self = "fact-no-document"
    fileprivate static let gatewayUnreachableCode: Self = "gateway-unreachable"
}
