import ArgumentParser
import Foundation
import Gateway
import Ledger
import Store

/// Where the gateway lives; every command that needs one takes it.
struct StateOptions: ParsableArguments {
    @Option(help: "The gateway's state directory.")
    var state: String = ProcessInfo.processInfo.environment["CUSTODY_STATE"] ?? "/var/lib/custody"

    var directory: StateDirectory { StateDirectory(state) }

    /// The ledger for reading, whether or not the gateway runs.
    func ledger() throws -> LedgerStore {
        try checkInitialised()
        return try LedgerStore(path: directory.ledger, readOnly: true)
    }

    /// The intake, which the running gateway has open too.
    func intake() throws -> IntakeStore {
        try checkInitialised()
        return try IntakeStore(path: directory.intake)
    }

    private func checkInitialised() throws {
        guard FileManager.default.fileExists(atPath: directory.ledger) else {
            throw CustodyError(
                .stateUnusable, "there is no gateway here", at: directory.path,
                remedy: "run custody init, or name the right --state")
        }
    }
}

struct OutputOptions: ParsableArguments {
    @Flag(help: "Print JSON.")
    var json = false

    /// Prints one of two views of the same facts.
    func print(_ value: some Encodable, text: @autoclosure () -> String) throws {
        guard json else { return Swift.print(text()) }
        Swift.print(try Self.encode(value))
    }

    func print(_ receipt: Receipt) throws {
        try print(
            receipt, text: "\(receipt.step) recorded at \(receipt.origin):\(receipt.index)  \(receipt.leafHash)")
    }

    static func encode(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}

extension CalendarYear {
    /// By this machine's clock.
    static var present: Int { of(Instruments.system().now()) }
}

/// Reads a file that a person named.
enum NamedFile {
    static func bytes(_ path: String) throws -> [UInt8] {
        do {
            if path == "-" { return [UInt8](try FileHandle.standardInput.readToEnd() ?? Data()) }
            return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        } catch {
            throw CustodyError(.fileUnreadable, "the file cannot be read: \(error.localizedDescription)", at: path)
        }
    }

    static func text(_ path: String) throws -> String {
        guard let text = String(validating: try bytes(path), as: UTF8.self) else {
            throw CustodyError(.fileUnreadable, "the file is not UTF-8 text", at: path)
        }
        return text
    }

    static func write(_ bytes: [UInt8], to path: String) throws {
        do { try Data(bytes).write(to: URL(fileURLWithPath: path), options: .atomic) } catch {
            throw CustodyError(.fileUnwritable, "the file cannot be written: \(error.localizedDescription)", at: path)
        }
    }
}

extension CustodyError.Code {
    static let fileUnreadable: Self = "file-unreadable"
    static let fileUnwritable: Self = "file-unwritable"
}
