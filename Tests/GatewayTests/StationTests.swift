import Capture
import Identifiers
import Ledger
import Store
import Testing

@testable import Gateway

@Suite struct StationTests {
    let gateway: TestGateway
    let order: String

    init() async throws {
        gateway = try TestGateway()
        order = try await gateway.recorder().record(TestGateway.open(number: "PO-1")).order
    }

    /// A station as each start of the process makes one.
    private func station(_ step: String = "labelled", facts: [String: String] = [:]) throws -> Station {
        Station(
            rule: Station.Rule(name: "dock", step: step, facts: facts), recorder: try gateway.recorder(),
            ledger: gateway.ledger, intake: gateway.intake, instruments: gateway.instruments)
    }

    static func label(number: String = "PO-1", serial: String = "A1") -> Scan {
        let text = "010950600013435221\(serial)\u{1D}10L7\u{1D}400\(number)"
        return Scan(bytes: Array(text.utf8), symbologyIdentifier: "]d2")
    }

    @Test func aLabelOfAKnownOrderRecordsTheStep() async throws {
        let answer = await (try station()).accept(Self.label(), from: ScanOrigin(source: "dock"))
        guard case .recorded = answer else {
            Issue.record("\(answer)")
            return
        }
        let last = try #require(try gateway.updates(of: order).last)
        #expect(last.verdict == .accepted)
        #expect(last.update.step == "labelled")
        #expect(last.update.text(of: "lot") == "L7")
        #expect(last.update.text(of: "serial") == "A1")
        #expect(last.update.subjects == ["https://id.gs1.org/01/09506000134352/10/L7/21/A1"])
        #expect(last.update.source == Source(.scan, station: "dock"))
        #expect(last.update.observedAt == gateway.clock.now)
        #expect(try gateway.intake.unmatchedScans(limit: 9).isEmpty)
    }

    /// What the contract excludes is said to the operator as such, before anything is judged.
    @Test func aStepThatIsExcludedIsNotTried() async throws {
        let recorder = try gateway.recorder()
        for step in ["shipped", "lost"] { _ = try await recorder.record(TestGateway.next(step, of: order)) }
        let answer = await (try station("received")).accept(Self.label(), from: ScanOrigin(source: "dock"))
        guard case .refused(let error) = answer else {
            Issue.record("\(answer)")
            return
        }
        #expect(error.code == .scanUnmatched)
        #expect(error.message.contains("cannot be recorded now"))
    }

    /// A scanner that saw no receipt delivers again, also to the next run of the process.
    @Test func aScanThatComesTwiceIsRecordedOnce() async throws {
        for _ in 0..<3 {
            let answer = await (try station()).accept(Self.label(), from: ScanOrigin(source: "dock"))
            guard case .recorded = answer else {
                Issue.record("\(answer)")
                return
            }
        }
        #expect(try gateway.updates(of: order).count == 2)
    }

    @Test(arguments: [
        label(number: "PO-2"), Scan(bytes: Array("hello".utf8)), Scan(bytes: []), Scan(bytes: [0xFF, 0xFE]),
        Scan(bytes: Array("0109506000134353".utf8), symbologyIdentifier: "]d2"),
    ])
    func whatMatchesNothingIsKeptAndRefused(scan: Scan) async throws {
        let answer = await (try station()).accept(scan, from: ScanOrigin(source: "dock"))
        guard case .refused(let error) = answer else {
            Issue.record("\(answer)")
            return
        }
        let kept = try #require(try gateway.intake.unmatchedScans(limit: 9).first)
        #expect(kept.bytes == scan.bytes)
        #expect(kept.station == "dock")
        #expect(kept.reason == error.description)
        #expect(try gateway.own.size == 2)
    }

    @Test func aStepThatIsNotDueIsRefusedAndKept() async throws {
        let answer = await (try station("received")).accept(Self.label(), from: ScanOrigin(source: "dock"))
        guard case .refused = answer else {
            Issue.record("\(answer)")
            return
        }
        #expect(try gateway.intake.unmatchedScans(limit: 9).count == 1)
        #expect(try gateway.updates(of: order).count == 1)
    }

    @Test func fixedFactsStandInEveryUpdate() async throws {
        _ = await (try station("shipped", facts: ["vehicle": "truck-1"])).accept(
            Self.label(), from: ScanOrigin(source: "dock"))
        #expect(try gateway.updates(of: order).last?.update.facts == [Fact(name: "vehicle", value: .text("truck-1"))])
    }

    @Test func aDiskThatDoesNotConfirmIsNoRefusal() async throws {
        try gateway.tamper("CREATE TRIGGER fail BEFORE INSERT ON entry BEGIN SELECT RAISE(ABORT, 'no'); END")
        let answer = await (try station()).accept(Self.label(), from: ScanOrigin(source: "dock"))
        guard case .unavailable = answer else {
            Issue.record("\(answer)")
            return
        }
        #expect(try gateway.intake.unmatchedScans(limit: 9).isEmpty)
    }

    @Test func whatCannotBeKeptIsUnavailable() async throws {
        try gateway.tamperIntake("CREATE TRIGGER fail BEFORE INSERT ON unmatched BEGIN SELECT RAISE(ABORT, 'no'); END")
        let answer = await (try station()).accept(Self.label(number: "PO-2"), from: ScanOrigin(source: "dock"))
        guard case .unavailable = answer else {
            Issue.record("\(answer)")
            return
        }
    }
}
