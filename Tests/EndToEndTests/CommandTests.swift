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
