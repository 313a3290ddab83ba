import ArgumentParser
import Consortium
import Foundation
import Ledger
import Portal
import Store

struct PeersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "peers", abstract: "Show the logs that are stored here, and the peers while the gateway runs.")

    @OptionGroup var state: StateOptions
    @OptionGroup var output: OutputOptions

    struct Shown: Encodable {
        struct Log: Encodable {
            let origin: String
            let size, confirmed: UInt64
            let cosigned: [String: UInt64]
            let frozen: String?
        }

        let logs: [Log]
        let peers: [PeerStatus]?
    }

    func run() async throws {
        let ledger = try state.ledger()
        let logs = try ledger.read { snapshot in
            try snapshot.logs(withForeign: true).map { log in
                Shown.Log(
                    origin: log.origin, size: log.size, confirmed: log.confirmed,
                    cosigned: try snapshot.cosignedSizes(of: log.id), frozen: log.frozen)
            }
        }
        let shown = Shown(logs: logs, peers: try? await LocalClient(socket: state.directory.socket).peers())
        try output.print(shown, text: Self.text(of: shown))
    }

    private static func text(of shown: Shown) -> String {
        let logs = shown.logs.map {
            "\($0.origin.padded(24)) \($0.size) entries, \($0.confirmed) confirmed\($0.frozen.map { ", FROZEN: \($0)" } ?? "")"
        }
        guard let peers = shown.peers else {
            return (logs + ["", "the gateway is not running"]).joined(separator: "\n")
        }
        let lines = peers.map {
            "\($0.organisation.padded(24)) \($0.isConnected ? "connected" : "not connected: \($0.problem ?? "not tried yet")")"
        }
        return (logs + [""] + lines).joined(separator: "\n")
    }
}
