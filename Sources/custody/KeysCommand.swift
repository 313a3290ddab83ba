import ArgumentParser
import Consortium
import Foundation
import Gateway
import Ledger
import Store

struct KeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "Let the private keys of a gateway rest encrypted, or not.",
        discussion: """
            The passphrase comes from the systemd credential custody-passphrase, from the file that gateway.yaml names as \
            passphrase-file, or from --passphrase-file.
            """, subcommands: [Encrypt.self, Decrypt.self])

    struct Encrypt: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Encrypt the private keys under a passphrase.")

        @OptionGroup var keys: KeyFileOptions

        func run() async throws {
            try keys.change { bytes, passphrase, _ in
                SealedKey.isSealed(bytes) ? nil : try SealedKey.seal(bytes, passphrase: passphrase)
            }
        }
    }

    struct Decrypt: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Let the private keys rest without a passphrase.")

        @OptionGroup var keys: KeyFileOptions

        func run() async throws {
            try keys.change { bytes, passphrase, path in
                SealedKey.isSealed(bytes) ? try SealedKey.open(bytes, passphrase: passphrase, at: path) : nil
            }
        }
    }
}

struct KeyFileOptions: ParsableArguments {
    @Option(help: "A file that only its owner may read, with the passphrase in its first line.")
    var passphraseFile: String?
    @OptionGroup var state: StateOptions
    @OptionGroup var output: OutputOptions

    /// Puts other bytes in the place of each key file.
    /// - Parameter change: gives them for those that are there; nil where nothing is to be changed.
    func change(_ change: (_ bytes: [UInt8], _ passphrase: [UInt8], _ path: String) throws -> [UInt8]?) throws {
        let directory = state.directory
        let lock = try directory.lock()
        defer { withExtendedLifetime(lock) {} }
        guard
            let passphrase = try passphraseFile.map(PrivateFile.readPassphrase) ?? GatewayKeys.passphrase(directory)
        else {
            throw CustodyError(
                .passphraseMissing, "there is no passphrase", at: directory.path, remedy: "name --passphrase-file")
        }
        // All are made before the first is written: a wrong passphrase changes nothing.
        let files = try GatewayKeys.files(directory).filter(PrivateFile.exists).compactMap { path in
            try change(try PrivateFile.read(path), passphrase, path).map { (path, $0) }
        }
        for (path, bytes) in files { try PrivateFile.replace(path, bytes: bytes) }
        try output.print(files.map(\.0), text: "\(files.count) key files changed in \(directory.path)")
    }
}
