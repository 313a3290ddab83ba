import Foundation
import GRDB
import Glibc
import Ledger
import Store
import Testing

@Suite struct CommandTests {
    let site: TestSite
    let order: String

    init() throws {
        site = try TestSite()
        order = try #require(
            try site.custody(
                "order", "open", "--contract", "custom-device", "--number", "PO-1", "--fact", "product=hip", "--state",
                site.state
            ).first)
    }

    private func outcome(_ arguments: String...) throws -> (code: Int32, errors: String) {
        let outcome = try site.run(arguments + ["--state", site.state])
        return (outcome.code, outcome.errors)
    }

    @Test func whatIsRightEndsWithZero() throws {
        #expect(try outcome("trace", order).code == 0)
        #expect(try outcome("trace", "PO-1").code == 0)
        #expect(try outcome("verify").code == 0)
        #expect(try outcome("orders").code == 0)
        #expect(try outcome("reindex").code == 0)
    }

    @Test func aLabelIsPrintedAndReadBack() throws {
        let file = site.folder + "/label.png"
        try site.custody(
            "label", "--gtin", "04012345000016", "--lot", "L7", "--serial", "S/1", "--expiry", "2027-12-31", "-o", file)
        let read = try #require(try site.custody("decode", file).first)
        #expect(read.contains(#""10":"L7""#) && read.contains(#""21":"S/1""#) && read.contains("]d2"))
    }

    @Test func aScanWhoseAssignmentIsRefusedStaysOpen() throws {
        let number = try IntakeStore(path: site.state + "/intake.sqlite").keepUnmatched(
            bytes: Array("010401234500001621S1".utf8), symbologyIdentifier: "]d2", station: "dock", receivedAt: 1,
            reason: "no order")
        let (code, errors) = try outcome("unmatched", "assign", "\(number)", "PO-1", "design.set")
        #expect(code == 1)
        #expect(errors.contains("[role-not-allowed]"))
        #expect(try outcome("unmatched", "assign", "\(number + 1)", "PO-1", "design.set").code == 1)
        let list = try site.custody("unmatched", "--state", site.state, "--json")
        #expect(list.joined().contains(#""text":"010401234500001621S1""#))
    }

    @Test(arguments: [
        (["decode", "3074257BF7194E4000001A85"], "urn:epc:id:sgtin:0614141.812345.6789"),
        (
            [
                "encode", "(01)80614141123458(21)6789", "--coding", "sgtin-96", "--prefix-length", "7", "--filter",
                "3",
            ], "3074257BF7194E4000001A85"
        ),
    ])
    func aTagIsTranslated(arguments: [String], expected: String) throws {
        let outcome = try site.run(["epc"] + arguments)
        #expect(outcome.code == 0)
        #expect(outcome.lines.joined(separator: "\n").contains(expected))
    }

    @Test func anUnknownOrderIsNamed() throws {
        let (code, errors) = try outcome("record", "PO-9", "design.set")
        #expect(code == 2)
        #expect(errors.contains("no order is known by 'PO-9'"))
    }

    @Test func aRefusedStepEndsWithOneAndSaysWhy() throws {
        let (code, errors) = try outcome("record", order, "received")
        #expect(code == 1)
        #expect(errors.contains("received comes after shipped"))
        #expect(errors.contains("[step-out-of-order]"))
    }

    @Test func aMistakeInTheConfigurationIsNamedByItsPlace() throws {
        let file = site.state + "/gateway.yaml"
        try "custody-gateway: 1\nlisten: 127.0.0.1:0\ncolour: red\n".write(
            toFile: file, atomically: true, encoding: .utf8)
        let (code, errors) = try outcome("run")
        #expect(code == 2)
        #expect(errors.contains("\(file):3:9"))
        #expect(errors.contains("'colour'"))
    }

    @Test func aMissingStateIsSaid() throws {
        let missing = site.folder + "/nothing"
        for command in ["verify", "run", "orders"] {
            let outcome = try site.run([command, "--state", missing])
            #expect(outcome.code == 2, "\(command)")
            #expect(outcome.errors.contains(missing), "\(command)")
        }
    }

    @Test func aPrivateValueIsNotTakenAsAnArgument() throws {
        let (code, errors) = try outcome(
            "order", "open", "--contract", "custom-device", "--fact", "product=hip", "--private-fact", "patient=Ada")
        #expect(code == 2)
        #expect(errors.contains("patient=@FILE"))
        #expect(try LedgerStore(path: site.ledger, readOnly: true).read { try $0.orders().count } == 1)
    }

    @Test func aPrivateValueComesFromAFile() throws {
        try "Ada".write(toFile: site.folder + "/name", atomically: true, encoding: .utf8)
        let (code, _) = try outcome(
            "order", "open", "--contract", "custom-device", "--fact", "product=hip", "--private-fact",
            "patient=@\(site.folder)/name")
        #expect(code == 0)
    }

    @Test func anUnknownOptionIsUsage() throws {
        #expect(try outcome("verify", "--colour").code == 2)
        #expect(try outcome("dance").code == 2)
    }

    /// One byte of the file that holds the ledger, and nothing else.
    @Test func aChangedByteIsFoundAndItsEntryNamed() throws {
        let hash = try LedgerStore(path: site.ledger, readOnly: true).read { snapshot in
            let log = try #require(try snapshot.ownLog())
            return try #require(try snapshot.entry(log: log.id, index: 1))
        }
        // A program that ends may leave its write-ahead log behind, which would hide what stands in the file.
        try DatabaseQueue(path: site.ledger).writeWithoutTransaction {
            try $0.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
        }
        var bytes = try Data(contentsOf: URL(fileURLWithPath: site.ledger))
        // SQLite leaves old copies behind when it moves rows: the same byte of each.
        var rest = bytes.startIndex..<bytes.endIndex
        var copies = 0
        while let found = bytes.range(of: Data(hash), in: rest) {
            bytes[found.lowerBound + 60] ^= 1
            rest = found.upperBound..<bytes.endIndex
            copies += 1
        }
        try #require(copies > 0)
        try bytes.write(to: URL(fileURLWithPath: site.ledger))
        let outcome = try site.run(["verify", "--state", site.state])
        #expect(outcome.code == 1)
        #expect(outcome.lines.contains { $0.hasPrefix("hospital/main:1: ") })
    }
}
