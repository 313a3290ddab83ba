import ArgumentParser
import Consortium
import Foundation
import History
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
        /// Of this gateway's own log, the newest.
        let timeStamp: ShownTimeStamp?
        let peers: [PeerStatus]?
    }

    func run() async throws {
        let ledger = try state.ledger()
        let (logs, stamp) = try ledger.read { snapshot in
            let logs = try snapshot.logs(withForeign: true).map { log in
                Shown.Log(
                    origin: log.origin, size: log.size, confirmed: log.confirmed,
                    cosigned: try snapshot.cosignedSizes(of: log.id), frozen: log.frozen)
            }
            return (logs, try snapshot.ownLog().flatMap { try snapshot.lastTimeStamp(of: $0) })
        }
        let shown = Shown(
            logs: logs, timeStamp: try stamp.map { try ShownTimeStamp($0) },
            peers: try? await LocalClient(socket: state.directory.socket).peers())
        try output.print(shown, text: Self.text(of: shown))
    }

    private static func text(of shown: Shown) -> String {
        let stamp = shown.timeStamp.map { ["time stamp".padded(24) + " " + $0.text] } ?? []
        let logs =
            shown.logs.map {
                "\($0.origin.padded(24)) \($0.size) entries, \($0.confirmed) confirmed"
                    + ($0.frozen.map { ", FROZEN: \($0)" } ?? "")
            } + stamp
        guard let peers = shown.peers else {
            return (logs + ["", "the gateway is not running"]).joined(separator: "\n")
        }
        let lines = peers.map {
            "\($0.organisation.padded(24)) \($0.isConnected ? "connected" : "not connected: \($0.problem ?? "not tried yet")")"
        }
        return (logs + [""] + lines).joined(separator: "\n")
    }
}
