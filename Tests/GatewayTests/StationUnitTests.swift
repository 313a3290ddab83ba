import Capture
import Identifiers
import Ledger
import Store
import Testing

@testable import Gateway

@Suite struct StationUnitTests {
    static let pallet = "00095060001343520024"
    static let box = "00095060001343520017"

    let gateway: TestGateway
    let recorder: Recorder

    init() throws {
        gateway = try TestGateway(contracts: [try TestConsortium.sampleContract("packing")])
        recorder = try gateway.recorder()
    }

    private func station(_ step: String, name: String? = nil) throws -> Station {
        Station(
            rule: Station.Rule(name: name ?? step, step: step), recorder: recorder, ledger: gateway.ledger,
            intake: gateway.intake, instruments: gateway.instruments)
    }

    private func accept(_ text: String, at station: Station) async -> CustodyError.Code? {
        gateway.clock.set(gateway.clock.now + 60_000_000)
        let scan = Scan(bytes: Array(text.utf8), symbologyIdentifier: text.hasPrefix("00") ? "]C1" : "]d2")
        switch await station.accept(scan, from: ScanOrigin(source: station.rule.name)) {
        case .recorded: return nil
        case .held(let error), .refused(let error), .unavailable(let error): return error.code
        }
    }

    private static func label(_ serial: String) -> String { "010950600013435221\(serial)\u{1D}10L7" }

    /// Orders whose devices are labelled already.
    private func devices(_ serials: [String]) async throws -> [String] {
        let station = try station("labelled")
        var orders: [String] = []
        for serial in serials {
            orders.append(try await recorder.record(TestGateway.open(number: "PO-\(serial)")).order)
            #expect(await accept("\(Self.label(serial))\u{1D}400PO-\(serial)", at: station) == nil)
        }
        return orders
    }

    private func steps(_ order: String) throws -> [String] { try gateway.updates(of: order).map(\.update.step) }

    private func load(_ label: String) throws -> UnitLoad? {
        let rulebook = gateway.ledger.rulebook
        return try gateway.ledger.read { try UnitLoad(of: "https://id.gs1.org/00/\(label.dropFirst(2))", $0, rulebook) }
    }

    @Test func aScanOfAPalletSpeaksForAllThatIsInIt() async throws {
        let orders = try await devices(["A1", "A2", "A3"])
        let packing = try station("packed")
        for scan in [Self.box, Self.label("A1"), Self.label("A2"), Self.pallet, Self.box, Self.label("A3")] {
            #expect(await accept(scan, at: packing) == nil, "\(scan)")
        }
        #expect(try load(Self.pallet)?.things.count == 3)
        #expect(await accept(Self.pallet, at: try station("shipped", name: "gate")) == nil)
        for order in orders {
            #expect(try steps(order) == ["order.placed", "labelled", "shipped"])
            let last = try #require(try gateway.updates(of: order).last)
            #expect(last.update.source == Source(.scan, station: "gate"))
            // It relies on what the pallet's order says.
            #expect(last.update.cites.map(\.reference) == (try load(Self.pallet)?.heads))
        }
    }

    @Test func aPalletThatIsScannedAgainIsRecordedOnce() async throws {
        let orders = try await devices(["A1"])
        let packing = try station("packed")
        for scan in [Self.box, Self.label("A1")] { _ = await accept(scan, at: packing) }
        for _ in 0..<2 { #expect(await accept(Self.box, at: try station("shipped")) == nil) }
        #expect(try steps(orders[0]) == ["order.placed", "labelled", "shipped"])
    }

    @Test func whatCannotBeRecordedIsSaidAndKeepsNothingElseBack() async throws {
        let orders = try await devices(["A1", "A2"])
        let packing = try station("packed")
        for scan in [Self.box, Self.label("A1"), Self.label("A2")] { _ = await accept(scan, at: packing) }
        for step in ["shipped", "lost"] { _ = try await recorder.record(TestGateway.next(step, of: orders[0])) }
        #expect(await accept(Self.box, at: try station("shipped")) == .unitIncomplete)
        #expect(try steps(orders[1]).last == "shipped")
        #expect(try steps(orders[0]).last == "lost")
        #expect(try gateway.intake.unmatchedScans(limit: 9).map(\.reason).contains { $0.contains("1 of 2") })
    }

    @Test func aUnitThatNobodyPackedSpeaksForNothing() async throws {
        _ = try await devices(["A1"])
        #expect(await accept(Self.box, at: try station("shipped")) == .scanUnmatched)
        let packing = try station("packed")
        #expect(await accept(Self.label("A1"), at: packing) == .unitUnknown)
        #expect(await accept(Self.box, at: packing) == nil)
        #expect(await accept(Self.box, at: try station("shipped")) == .scanUnmatched)
    }

    @Test func aThingIsInOneUnitAtATime() async throws {
        _ = try await devices(["A1"])
        let packing = try station("packed")
        for scan in [Self.box, Self.label("A1"), Self.label("A1"), Self.pallet] {
            #expect(await accept(scan, at: packing) == nil)
        }
        #expect(await accept(Self.label("A1"), at: packing) == .unitConflict)
        let unpacking = try station("unpacked")
        #expect(await accept(Self.label("A1"), at: unpacking) == nil)
        // Delivered again by a source that saw no receipt.
        #expect(await accept(Self.label("A1"), at: unpacking) == nil)
        #expect(try load(Self.box)?.things == [])
        #expect(await accept(Self.label("A1"), at: packing) == nil)
        #expect(try load(Self.pallet)?.things.count == 1)
    }

    @Test func aUnitsLabelEmptiesIt() async throws {
        _ = try await devices(["A1", "A2"])
        let packing = try station("packed")
        for scan in [Self.box, Self.label("A1"), Self.label("A2")] { _ = await accept(scan, at: packing) }
        #expect(await accept(Self.box, at: try station("unpacked")) == nil)
        #expect(try load(Self.box)?.things == [])
        #expect(await accept(Self.label("A9"), at: try station("unpacked")) == .scanUnmatched)
    }

    @Test(arguments: [(UnitLoad.thingsMax - 1, true), (UnitLoad.thingsMax, true), (UnitLoad.thingsMax + 1, false)])
    func aUnitHoldsSoMuchAndNoMore(things: Int, isAllowed: Bool) async throws {
        let unit = "https://id.gs1.org/00/\(Self.box.dropFirst(2))"
        let all = (0..<things).map { "https://id.gs1.org/01/09506000134352/21/S\($0)" }
        let begun = Draft(
            order: .open(contract: "packing"), step: "unit.begun", subjects: [unit], source: Source(.operator))
        let order = Draft.Order.existing(try await recorder.record(begun).order)
        for start in stride(from: 0, to: things, by: 255) {
            let inside = [unit] + all[start..<min(start + 255, things)]
            _ = try await recorder.record(
                Draft(order: order, step: "packed", subjects: inside, source: Source(.operator)))
        }
        let refusal = await code { try self.load(Self.box)?.things.count ?? 0 }
        #expect(refusal == (isAllowed ? nil : .limitExceeded))
    }
}
