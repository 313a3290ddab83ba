import Foundation
import Gateway
import History
import Ledger
import Store
import Testing

/// A hospital's ledger with devices of one lot, the material and the journey that they share, and a case.
///
/// One gateway writes all of it, so the contracts here let the hospital do everybody's part.
final class TestHistory {
    static let box = "https://id.gs1.org/00/095060001343520017"
    static let gtin = "09506000134352"

    let gateway: TestGateway
    let recorder: Recorder
    private(set) var orders: [String: String] = [:]

    init() throws {
        let texts = try ["material", "transport", "packing", "recall", "adverse-event"].map { name in
            let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .deletingLastPathComponent().appendingPathComponent("Config/contracts/\(name).yaml")
            let text = try String(contentsOf: file, encoding: .utf8)
            return text.replacing(/by: \[([a-z, ]+)\]/) { match in
                match.1.contains("hospital") ? String(match.0) : "by: [\(match.1), hospital]"
            }
        }
        gateway = try TestGateway(contracts: try texts.map { try Contract(text: $0) } + [Contract(text: Self.implant)])
        recorder = try gateway.recorder()
    }

    private static let implant = """
        custody-contract: 4
        name: implant
        version: 1
        steps:
          order.placed: {by: [hospital], facts: {number: public}}
          materials.recorded: {by: [hospital], after: [order.placed], facts: {material: public, lot: public}, repeats: true}
          labelled: {by: [hospital], after: [order.placed], facts: {lot: public, serial: public}}
          shipped: {by: [hospital], after: [labelled], facts: {ship-to: public}}
          received: {by: [hospital], after: [shipped]}
          installed: {by: [hospital], after: [received]}
          recall.noticed:
            by: [hospital]
            after: [order.placed]
            requires: [recall]
            facts: {recall: public, reason: public, instructions: public}
            repeats: true
        """

    static func link(_ serial: String, lot: String = "L7") -> String {
        "https://id.gs1.org/01/\(gtin)/10/\(lot)/21/\(serial)"
    }

    @discardableResult func open(
        _ name: String, contract: String, step: String, facts: [(String, String)] = [], subjects: [String] = []
    ) async throws -> String {
        let order = try await record(.open(contract: contract), step, facts, subjects, [])
        orders[name] = order
        return order
    }

    func next(
        _ step: String, of name: String, facts: [(String, String)] = [], subjects: [String] = [], cites: [String] = []
    ) async throws {
        _ = try await record(.existing(try #require(orders[name])), step, facts, subjects, cites)
    }

    private func record(
        _ order: Draft.Order, _ step: String, _ facts: [(String, String)], _ subjects: [String], _ cites: [String]
    ) async throws -> String {
        gateway.clock.set(gateway.clock.now + 60_000_000)
        let rulebook = gateway.ledger.rulebook
        let cited = try cites.flatMap { name in
            let order = try #require(orders[name])
            return try gateway.ledger.read { try $0.thread(of: try $0.order(order), rulebook: rulebook).heads }
        }
        return try await recorder.record(
            Draft(
                order: order, step: step, facts: facts.map { (name: $0.0, value: .text($0.1)) }, subjects: subjects,
                cites: cited, source: Source(.operator))
        ).order
    }

    /// Three devices of lot L7: A1 and A2 of titanium T1, A2 and A3 on trip TRIP-1, A1 in a case.
    func fill() async throws {
        try await open("T1", contract: "material", step: "lot.made", facts: [("material", "titanium"), ("lot", "T1")])
        try await open(
            "TRIP-1", contract: "transport", step: "loaded", facts: [("vehicle", "truck-1"), ("number", "TRIP-1")])
        for serial in ["A1", "A2", "A3"] {
            try await open(serial, contract: "implant", step: "order.placed", facts: [("number", "PO-\(serial)")])
            if serial != "A3" {
                try await next(
                    "materials.recorded", of: serial, facts: [("material", "titanium"), ("lot", "T1")], cites: ["T1"])
            }
            try await next(
                "labelled", of: serial, facts: [("lot", "L7"), ("serial", serial)], subjects: [Self.link(serial)])
            try await next(
                "shipped", of: serial, facts: [("ship-to", "9506000134376")], cites: serial == "A1" ? [] : ["TRIP-1"])
        }
        try await open("box", contract: "packing", step: "unit.begun", subjects: [Self.box])
        try await next("packed", of: "box", subjects: [Self.box, Self.link("A1")])
    }

    func read<Value>(_ body: (LedgerSnapshot, Rulebook) throws -> Value) throws -> Value {
        let rulebook = gateway.ledger.rulebook
        return try gateway.ledger.read { try body($0, rulebook) }
    }

    /// What a test calls an order.
    func name(of order: String) -> String { orders.first { $0.value == order }?.key ?? order }
}
