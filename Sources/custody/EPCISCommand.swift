import ArgumentParser
import EPCIS
import Foundation
import Gateway
import History
import Ledger
import Store

/// `custody epcis`: events as the rest of the supply chain has them.
struct EPCISCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "epcis", abstract: "Events in GS1 EPCIS 2.0 (JSON-LD).",
        subcommands: [EPCISExportCommand.self, EPCISImportCommand.self, EPCISHashCommand.self])
}

private struct EPCISHashCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hash", abstract: "Print the event hash ID (CBV 2.0) of each event of a document.",
        discussion: "Takes an EPCISDocument, an EPCISQueryDocument, one event or a list of events, in JSON-LD.")

    @Argument(help: "The file, or - for standard input.")
    var file: String
    @Flag(help: "Print the text that is hashed instead.")
    var prehash = false

    func run() throws {
        let document = try EPCISDocument(reading: try NamedFile.bytes(file))
        for event in document.events {
            let hash = EventHash(of: event)
            print(prehash ? hash.preHash : hash.id)
        }
    }
}

private struct EPCISExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write accepted updates as an EPCIS document.",
        discussion: """
            Of one order, or of a time range over all orders. Private facts are named and never shown. Refused updates are left \
            out; those that a resolution dropped carry an error declaration.
            """)

    @Argument(help: "The order: its id, a unique part of it, its number, or a device's Digital Link.")
    var order: String?
    @Option(help: "Updates recorded at this time or later, such as 2026-01-31 or 2026-01-31T08:00:00Z.")
    var from: String?
    @Option(help: "Updates recorded before this time.")
    var to: String?
    @Option(help: "How many events at the most, up to \(EPCISDocument.eventsMax).")
    var limit = EPCISDocument.eventsMax
    @Option(help: "Go on behind this place, as a document that was full said it.")
    var after: Int64 = 0
    @Option(name: .shortAndLong, help: "The file; otherwise standard output.")
    var output: String?
    @OptionGroup var state: StateOptions

    func validate() throws {
        guard (1...EPCISDocument.eventsMax).contains(limit) else {
            throw ValidationError("--limit is from 1 to \(EPCISDocument.eventsMax)")
        }
    }

    func run() async throws {
        let span = try TimeSpanText.span(from: from, to: to)
        let ledger = try state.ledger()
        let now = Instruments.system().now()
        let file = try WrittenDocument(output)
        let more = try ledger.read { snapshot in
            let standings = try snapshot.logs().map {
                ExportDocument.Standing(origin: $0.origin, size: $0.size, confirmed: $0.confirmed)
            }
            try file.write(ExportDocument(creation: now, standings: standings).head)
            let writer = EventWriter(snapshot: snapshot, rulebook: try snapshot.rulebook(), file: file, limit: limit)
            let more =
                if let order { try writer.write(orderNamed: order, in: span, after: after) } else {
                    try writer.write(in: span, after: after)
                }
            try file.write(ExportDocument.tail)
            return more
        }
        try file.finish()
        if let more {
            FileHandle.standardError.write(
                Data("custody: there are more events: go on with --after \(more)\n".utf8))
        }
    }
}

/// Events on their way into a document, a stretch of the ledger at a time.
private final class EventWriter {
    /// Applied updates that are read in one go.
    private static let stretch = 1_024
    /// Orders of which it is remembered what was dropped.
    private static let ordersMax = 4_096

    private let snapshot: LedgerSnapshot
    private let rulebook: Rulebook
    private let file: WrittenDocument
    private let limit: Int
    private var count = 0
    private var dropped: [String: [Hash: Int64]] = [:]

    init(snapshot: LedgerSnapshot, rulebook: Rulebook, file: WrittenDocument, limit: Int) {
        self.snapshot = snapshot
        self.rulebook = rulebook
        self.file = file
        self.limit = limit
    }

    /// - Returns: the place behind which to go on, if not all had room.
    func write(orderNamed name: String, in span: Range<Int64>, after start: Int64) throws -> Int64? {
        let record = try snapshot.order(name)
        return try write(try snapshot.updates(of: record).filter { $0.sequence > start }, in: span)
    }

    func write(in span: Range<Int64>, after start: Int64) throws -> Int64? {
        var last = start
        while case let updates = try snapshot.applied(after: last, limit: Self.stretch),
            let end = updates.last?.sequence
        {
            if let full = try write(updates, in: span) { return full }
            last = end
        }
        return nil
    }

    private func write(_ updates: [AppliedUpdate], in span: Range<Int64>) throws -> Int64? {
        for applied in updates where applied.verdict.isAccepted && span.contains(applied.entry.recordedAt) {
            guard count < limit else { return applied.sequence - 1 }
            let contract = rulebook.contracts[applied.update.contract]
            let event = EventExport(
                of: ExportedUpdate(
                    reference: applied.reference, recordedAt: applied.entry.recordedAt, update: applied.update,
                    contract: contract.map { ($0.name, $0.version) }, droppedAt: try droppedAt(applied, contract)))
            try file.write((count > 0 ? ExportDocument.separator : "") + event.node.json)
            count += 1
        }
        return nil
    }

    /// When a resolution took it out of its order; nil for what stands.
    private func droppedAt(_ applied: AppliedUpdate, _ contract: Contract?) throws -> Int64? {
        guard let contract, contract.steps.contains(where: \.resolves) else { return nil }
        let order = applied.update.order
        if let known = dropped[order] { return known[applied.reference.leafHash] }
        let found = try found(droppedOf: order, contract)
        if dropped.count >= Self.ordersMax { dropped.removeAll(keepingCapacity: true) }
        dropped[order] = found
        return found[applied.reference.leafHash]
    }

    private func found(droppedOf order: String, _ contract: Contract) throws -> [Hash: Int64] {
        let record = try snapshot.order(order)
        let updates = try snapshot.updates(of: record).filter(\.verdict.isAccepted)
        let resolutions = updates.filter { contract.step($0.update.step)?.resolves == true }
        guard let last = resolutions.last else { return [:] }
        let gone = try snapshot.thread(of: record, rulebook: rulebook).dropped
        return Dictionary(uniqueKeysWithValues: gone.map { ($0, last.entry.recordedAt) })
    }
}

/// A file that is there whole, or not at all; or standard output.
private final class WrittenDocument {
    private static let chunk = 1 << 16

    private let path: String?
    private let handle: FileHandle
    private var waiting = Data()
    private var isFinished = false

    init(_ path: String?) throws {
        self.path = path
        guard let path else {
            handle = .standardOutput
            return
        }
        let part = path + ".part"
        guard FileManager.default.createFile(atPath: part, contents: nil),
            let handle = FileHandle(forWritingAtPath: part)
        else { throw CustodyError(.fileUnwritable, "the file cannot be written", at: path) }
        self.handle = handle
    }

    deinit {
        if let path, !isFinished { unlink(path + ".part") }
    }

    func write(_ text: String) throws {
        waiting.append(contentsOf: text.utf8)
        if waiting.count >= Self.chunk { try flush() }
    }

    private func flush() throws {
        do { try handle.write(contentsOf: waiting) } catch {
            throw CustodyError(
                .fileUnwritable, "the file cannot be written: \(error.localizedDescription)",
                at: path ?? "standard output")
        }
        waiting.removeAll(keepingCapacity: true)
    }

    func finish() throws {
        try flush()
        guard let path else { return }
        try handle.close()
        guard rename(path + ".part", path) == 0 else {
            throw CustodyError(.fileUnwritable, "the file cannot be put in its place", at: path)
        }
        isFinished = true
    }
}

/// Times as people give them.
private enum TimeSpanText {
    static func span(from: String?, to: String?) throws -> Range<Int64> {
        let lower = try from.map { try time($0, "--from") } ?? .min
        let upper = try to.map { try time($0, "--to") } ?? .max
        guard lower <= upper else { throw ValidationError("--from is later than --to") }
        return lower..<upper
    }

    private static func time(_ text: String, _ option: String) throws -> Int64 {
        guard let time = EventTime.microseconds(text.utf8.count == 10 ? text + "T00:00:00Z" : text) else {
            throw ValidationError("\(option) takes a date or a time with its offset, such as 2026-01-31T08:00:00Z")
        }
        return time
    }
}
