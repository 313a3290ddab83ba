import Consortium
import Foundation
import Gateway
import Ledger
import Store

/// A gateway made for measuring: a consortium of one manufacturer, with a contract of ordinary shape.
struct BenchGateway {
    static let contractText = """
        custody-contract: 1
        name: bench-device
        version: 1
        steps:
          order.placed: {by: manufacturer, requires: [product], facts: {product: public, number: public}}
          design.set: {by: manufacturer, after: [order.placed], facts: {design: public}}
          materials.recorded: {by: manufacturer, after: [design.set], facts: {material: public, lot: public}, repeats: true}
          production.completed: {by: manufacturer, after: [materials.recorded], facts: {lot: public, serial: public}}
          released: {by: manufacturer, after: [production.completed], excludes: [rejected], facts: {reviewer: public}}
          rejected: {by: manufacturer, after: [production.completed], excludes: [released], facts: {reason: public}}
          shipped: {by: manufacturer, after: [released], facts: {vehicle: public}}
          received: {by: manufacturer, after: [shipped], facts: {condition: public}}
          after-sales.recorded: {by: manufacturer, after: [received], facts: {finding: public}, repeats: true}

        """

    let state: StateDirectory
    let store: LedgerStore
    let origin: String

    static func make(in folder: String, name: String = "maker", gateway: String = "main") throws -> BenchGateway {
        try make(in: folder, members: [name], gateway: gateway)[0]
    }

    /// A consortium with a gateway for each member; each is its organisation's cosigner.
    static func make(
        in folder: String, members: [String], gateway: String = "main", role: (String) -> Role = { _ in .manufacturer }
    ) throws -> [BenchGateway] {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        var random = SystemRandomNumberGenerator()
        let folders = try members.map {
            try OrganisationFolder.create(
                id: $0, name: $0, role: role($0), at: "\(folder)/organisation-\($0)", now: Date(), random: &random)
        }
        let contract = try Contract(text: contractText)
        let draft = try ConsortiumDraft(
            name: "bench", organisations: folders.map(\.organisation), contracts: [contract])
        var note = try folders[0].sign(text: draft.text)
        for other in folders.dropFirst() { note = try other.sign(note) }
        let signed = note
        return try folders.map { owner in
            let state = StateDirectory("\(folder)/\(owner.organisation.id)")
            try state.create()
            let origin = "\(owner.organisation.id)/\(gateway)"
            let key = try SigningKey.generate(name: origin, algorithm: .ed25519)
            try PrivateFile.create(state.logKey, bytes: Array("\(key.encoded)\n".utf8))
            try PrivateFile.create(state.cosignerKey, bytes: Array("\(owner.cosigner.encoded)\n".utf8))
            let tls = try owner.authority.issueTLSCertificate(
                origin: origin, hosts: ["127.0.0.1"], now: Date(), random: &random)
            try PrivateFile.create(state.tlsKey, bytes: Array(tls.key.utf8))
            try PrivateFile.create(state.tlsCertificate, bytes: Array(tls.certificate.utf8))
            let chain = try owner.authority.issueLogCertificate(
                origin: origin, key: key.verifierKey, now: Date(), random: &random)
            let store = try LedgerStore(path: state.ledger)
            try store.write { transaction in
                try transaction.add(document: signed)
                try transaction.add(contract: contract)
                let log = try transaction.createLog(origin: origin, key: key.verifierKey, own: true)
                try LogWriter.writeGenesis(
                    origin: origin, chain: chain, log: log, key: key, instruments: .system(), transaction)
            }
            return BenchGateway(state: state, store: store, origin: origin)
        }
    }

    var key: SigningKey {
        get throws {
            let text = String(decoding: try PrivateFile.read(state.logKey), as: UTF8.self)
            return try SigningKey(encoded: String(text.dropLast()))
        }
    }

    var cosigner: SigningKey {
        get throws {
            let text = String(decoding: try PrivateFile.read(state.cosignerKey), as: UTF8.self)
            return try SigningKey(encoded: String(text.dropLast()))
        }
    }

    func recorder() throws -> Recorder {
        Recorder(
            writer: try LogWriter(store: store, key: try key, instruments: .system()),
            stop: { fatalError("the disk failed: \($0)") })
    }
}

/// Drafts as a busy site makes them: thousands of orders at once, each going through its contract step by step.
struct Workload {
    private static let steps: [(String, [(name: String, value: Draft.Value)])] = [
        ("design.set", [("design", .text("DES-4711-A"))]),
        ("materials.recorded", [("material", .text("Ti-6Al-4V ELI")), ("lot", .text("LOT-2026-0815"))]),
        ("production.completed", [("lot", .text("A1B2C3")), ("serial", .text("SN-000123456"))]),
        ("released", [("reviewer", .text("operator-17"))]),
        ("shipped", [("vehicle", .text("truck-7"))]),
        ("received", [("condition", .text("sealed"))]),
        ("after-sales.recorded", [("finding", .text("no complaint at the yearly check"))]),
    ]

    /// Orders that go on, the one that rested longest first, each with the number of steps done.
    private var orders: Deque = Deque()
    private var made = 0
    private var opened = 0

    private struct Deque {
        var front: ArraySlice<(name: String, done: Int)> = []
        var back: [(name: String, done: Int)] = []

        mutating func next() -> (name: String, done: Int)? {
            if front.isEmpty {
                front = back[...]
                back = []
            }
            return front.popFirst()
        }
    }

    /// One draft in eight opens an order; `take` lets it go on.
    mutating func drafts(_ count: Int) -> [Draft] { (0..<count).map { _ in draft() } }

    /// Drafts that open orders.
    mutating func openings(_ count: Int) -> [Draft] { (0..<count).map { _ in opening() } }

    private mutating func draft() -> Draft {
        made += 1
        guard !made.isMultiple(of: 8), var order = orders.next() else { return opening() }
        let (step, facts) = Self.steps[order.done]
        order.done += 1
        if order.done < Self.steps.count { orders.back.append(order) }
        return Draft(
            order: .existing(order.name), step: step, facts: facts,
            subjects: [Self.subject(of: order.name)],
            observedAt: 1_700_000_000_000_000, source: Source(.scan, station: "dock-1"))
    }

    /// The one device of an order.
    static func subject(of order: String) -> String {
        "https://id.gs1.org/01/04012345000016/10/A1B2C3/21/\(order.suffix(16))"
    }

    private mutating func opening() -> Draft {
        opened += 1
        return Draft(
            order: .open(contract: "bench-device"), step: "order.placed",
            facts: [("product", .text("hip stem, size 3")), ("number", .text("PO-\(opened)"))],
            observedAt: 1_700_000_000_000_000, source: Source(.operator))
    }

    mutating func take(_ receipts: [Receipt]) {
        orders.back += receipts.filter { $0.step == "order.placed" }.map { ($0.order, 0) }
    }
}
