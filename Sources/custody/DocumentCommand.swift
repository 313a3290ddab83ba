import ArgumentParser
import Consortium
import Foundation
import Gateway
import History
import Ledger
import Portal
import Store

struct DocumentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "document",
        abstract: "Large documents of an order: design parameters, drawings, certificates, images.",
        subcommands: [Add.self, Get.self, List.self])

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Record the next step of an order with a document.",
            discussion: """
                The document is encrypted under a key of its own; the log holds a commitment, and whoever may read the fact \
                is given the key. When it returns with status 0, update and document are on disk.
                """)

        @Argument(help: "The order: its id, a unique part of it, or its number.")
        var order: String
        @Argument(help: "The step, as the order's contract names it.")
        var step: String
        @Argument(help: "The fact whose value the document is.")
        var name: String
        @Argument(help: "The document, at most 1 GiB.")
        var file: String
        @Option(help: "What to call it; the file's name if nothing is given.")
        var called: String?
        @Option(help: "Its media type; by the end of the file's name if nothing is given.")
        var media: String?
        @OptionGroup var facts: FactOptions
        @OptionGroup var person: OperatorOptions
        @OptionGroup var state: StateOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let ledger = try state.ledger()
            let order = try ledger.read { try $0.order(self.order) }
            let credential = try person.credential()
            let others = try facts.facts()
            let documents = try AddedDocuments(
                [(fact: name, path: file)], to: try ledger.step(step, of: order), name: called, media: media,
                state: state.directory)
            let receipt = try await documents.recorded {
                let draft = Draft(
                    order: .existing(order.name), step: step, facts: others + documents.facts,
                    subjects: try facts.subjects(instruments: .system()), source: Source(.operator),
                    operator: person.id(credential))
                return try await RecorderAccess.record(draft, signedBy: credential, state: state.directory)
            }
            try output.print(receipt)
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show the documents of an order that this gateway may read.")

        @Argument(help: "The order: its id, a unique part of it, its number, or a device's Digital Link.")
        var order: String
        @OptionGroup var state: StateOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let ledger = try state.ledger()
            let order = try ledger.read { try $0.order(self.order) }
            let shown = try OrderDocument.all(of: order, ledger).map { ShownDocument($0, ledger.documents) }
            let lines = shown.isEmpty ? ["it has no documents that this gateway may read"] : shown.map(\.line)
            try output.print(shown, text: (["order     \(order.name)"] + lines).joined(separator: "\n"))
        }
    }

    struct Get: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write a document of an order to a file.",
            discussion: """
                If its file is not here, the running gateway fetches it from other members, and goes on with it when this \
                command has given up. The file that is written is whole and proved to be what was recorded, or not there.
                """)

        /// Seconds without a byte after which it gives up.
        static let patience: Int64 = 60

        @Argument(help: "The order: its id, a unique part of it, its number, or a device's Digital Link.")
        var order: String
        @Option(help: "The fact whose document it is, where the order has several.")
        var fact: String?
        @Option(help: "Only in the update whose hash begins with these digits.")
        var update: String?
        @Option(name: .customShort("o"), help: "The file to write; only its owner may read it.")
        var path: String
        @Option(help: "Seconds to wait for its fact, where one is named, and then while not a byte of it comes.")
        var wait: Int64 = patience
        @Flag(help: "Say on standard error how far it is.")
        var progress = false
        @OptionGroup var state: StateOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let ledger = try state.ledger()
            let order = try ledger.read { try $0.order(self.order) }
            let found = try await found(in: order, ledger)
            guard let document = found.first else { throw Self.unreadable(fact, order.name) }
            guard Set(found.map(\.file)).count == 1 else { throw Self.ambiguous(found, order.name) }
            if ledger.documents.bytes(of: document.file) == nil { try await fetch(document) }
            try WrittenFile.write(path) { write in
                switch document.content {
                case .sealed(let fact): try ledger.documents.open(fact, to: write)
                case .plain(let file): try ledger.documents.read(file, to: write)
                }
            }
            let shown = ShownDocument(document, ledger.documents)
            try output.print(shown, text: "\(shown.line)\nwritten to \(path)")
        }

        /// A fact that is named may be on its way.
        private func found(in order: OrderRecord, _ ledger: LedgerStore) async throws -> [OrderDocument] {
            let deadline = ContinuousClock.now + .seconds(wait)
            while true {
                let found = try OrderDocument.all(of: order, ledger).filter {
                    (fact == nil || $0.fact == fact) && $0.update.leafHash.hex.hasPrefix(update ?? "")
                }
                guard found.isEmpty, ContinuousClock.now < deadline, try mayCome(to: order, ledger) else {
                    return found
                }
                try await Task.sleep(for: .milliseconds(200))
            }
        }

        private func mayCome(to order: OrderRecord, _ ledger: LedgerStore) throws -> Bool {
            guard let fact else { return false }
            let own = ConsortiumDocument.organisation(ofOrigin: try ledger.ownOrigin())
            let known = try ledger.privateFacts(of: order).filter { $0.name == fact }
            guard !known.isEmpty else { return try ledger.contract(of: order)?.takesDocument(for: fact) ?? false }
            return known.contains { found in
                guard case .unread = found.state else { return false }
                let origin = found.update.reference.origin
                let audience = ledger.rulebook.audience(of: found.name, in: found.update.update, from: origin)
                return audience?.contains(own) == true
            }
        }

        private func fetch(_ document: OrderDocument) async throws {
            let client = LocalClient(socket: state.directory.socket)
            var last: UInt64 = 0
            var heard = ContinuousClock.now
            while true {
                let standing: DocumentFiles.Standing
                do { standing = try await client.fetch(file: document.file, bytes: document.fileBytes) } catch let error
                    as CustodyError where error.code == .gatewayUnreachable
                {
                    throw CustodyError(
                        .documentMissing, "the document's file is not here, and no gateway runs that could fetch it",
                        at: document.file.hex, remedy: "start it: custody run")
                }
                if progress { show(standing) }
                if standing.isHere { return }
                if standing.have != last { (last, heard) = (standing.have, .now) }
                guard ContinuousClock.now - heard < .seconds(wait) else {
                    throw CustodyError(
                        .documentMissing,
                        "\(standing.have) bytes of the document's file have come, and no more for \(wait) seconds\(standing.problem.map { ": \($0)" } ?? "")",
                        at: document.file.hex, remedy: "ask again when a member that has it is in reach")
                }
            }
        }

        private func show(_ standing: DocumentFiles.Standing) {
            let total = standing.bytes.map { " of \($0)" } ?? ""
            FileHandle.standardError.write(Data("\(standing.have)\(total) bytes\n".utf8))
        }

        private static func unreadable(_ fact: String?, _ order: String) -> CustodyError {
            CustodyError(
                .factUnreadable, "this gateway can read no document\(fact.map { " '\($0)'" } ?? "") of it", at: order,
                remedy: "custody reveal shows what became of private facts")
        }

        private static func ambiguous(_ found: [OrderDocument], _ order: String) -> CustodyError {
            let all = found.map { "\($0.fact) of \($0.update.leafHash.hex.prefix(8))" }.joined(separator: ", ")
            return CustodyError(
                .documentAmbiguous, "the order has several documents: \(all)", at: order,
                remedy: "say which with --fact and --update")
        }
    }
}

/// A document of an order that this gateway may read, whether or not its file is here.
struct OrderDocument {
    enum Content {
        case sealed(DocumentFact)
        case plain(Hash)
    }

    let step, fact: String
    let update: Reference
    let content: Content

    var file: Hash {
        switch content {
        case .sealed(let fact): fact.file
        case .plain(let file): file
        }
    }

    /// Nil where only its hash is known.
    var fileBytes: UInt64? {
        switch content {
        case .sealed(let fact): fact.fileBytes
        case .plain: nil
        }
    }

    static func all(of order: OrderRecord, _ ledger: LedgerStore) throws -> [OrderDocument] {
        let sealed = try ledger.privateFacts(of: order).compactMap { found -> OrderDocument? in
            guard case .readable(let disclosure) = found.state, let fact = DocumentFact(disclosure.value) else {
                return nil
            }
            return OrderDocument(
                step: found.update.update.step, fact: found.name, update: found.update.reference, content: .sealed(fact)
            )
        }
        let plain = try ledger.read { try $0.updates(of: order) }.flatMap { applied in
            let step = ledger.rulebook.contracts[applied.update.contract]?.step(applied.update.step)
            return applied.update.facts.compactMap { fact -> OrderDocument? in
                guard case .text(let text) = fact.value, step?.documentForm(of: fact.name) == .plain,
                    let file = Hash(hex: text)
                else { return nil }
                return OrderDocument(
                    step: applied.update.step, fact: fact.name, update: applied.reference, content: .plain(file))
            }
        }
        return sealed + plain
    }
}

/// A document as a person reads of it.
struct ShownDocument: Encodable {
    let step, fact, leafHash, file: String
    let name, media, sha256: String?
    let bytes: UInt64?
    /// Bytes of its file that are here.
    let have: UInt64
    let isHere: Bool

    init(_ document: OrderDocument, _ folder: DocumentFolder) {
        (step, fact, leafHash) = (document.step, document.fact, document.update.leafHash.hex)
        let whole = folder.bytes(of: document.file)
        file = document.file.hex
        isHere = whole != nil
        have = whole ?? folder.partBytes(of: document.file)
        switch document.content {
        case .sealed(let fact):
            (name, media, sha256, bytes) = (fact.name, fact.media, fact.document.hex, fact.bytes)
        case .plain(let hash): (name, media, sha256, bytes) = (nil, nil, hash.hex, whole)
        }
    }

    var line: String {
        let size = bytes.map { "\($0) bytes" } ?? "public"
        let place = isHere ? "here" : have > 0 ? "\(have) bytes of its file have come" : "not here yet"
        return
            "\(step.onOneLine.padded(21)) \(fact.onOneLine.padded(16)) \((name ?? sha256 ?? "").onOneLine), \(size), \(place)"
    }
}

/// A file that is there whole or not at all, for its owner alone.
enum WrittenFile {
    static func write(_ path: String, _ body: (_ write: ([UInt8]) throws -> Void) throws -> Void) throws {
        let draft = "\(path).custody-\(ProcessInfo.processInfo.processIdentifier)"
        let files = FileManager.default
        try? files.removeItem(atPath: draft)
        guard files.createFile(atPath: draft, contents: nil, attributes: [.posixPermissions: 0o600]),
            let handle = FileHandle(forWritingAtPath: draft)
        else { throw CustodyError(.fileUnwritable, "the file cannot be written", at: path) }
        defer { try? files.removeItem(atPath: draft) }
        do {
            try body { bytes in
                do { try handle.write(contentsOf: Data(bytes)) } catch {
                    throw CustodyError(
                        .fileUnwritable, "the file cannot be written: \(error.localizedDescription)", at: path)
                }
            }
            try handle.synchronize()
            try handle.close()
        }
        try PrivateFile.move(draft, to: path)
    }
}

extension LedgerStore {
    /// The contract that an order is of.
    func contract(of order: OrderRecord) throws -> Contract? {
        let contract = try read { try $0.updates(of: order).first?.update.contract }
        return contract.flatMap { rulebook.contracts[$0] }
    }

    func step(_ name: String, of order: OrderRecord) throws -> Contract.Step? { try contract(of: order)?.step(name) }
}

extension Contract {
    /// Whether there is a step with which a document may come as the value of this fact.
    fileprivate func takesDocument(for fact: String) -> Bool { steps.contains { $0.documentForm(of: fact) != nil } }
}

extension CustodyError.Code {
    fileprivate static let documentAmbiguous: Self = "document-ambiguous"
}
