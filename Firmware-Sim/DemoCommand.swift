import ArgumentParser
import FoundationEssentials
import Glibc

/// `firmware-sim demo`
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "Play one device's life through five gateways, with real devices around them.",
        discussion: """
            Starts a broker and five gateways, plays a custom-made device from the order to after-sales, and checks \
            what is left in the logs. Then everything keeps running until Ctrl-C. A new run removes what an earlier \
            one has left in the folder.
            """)

    @Option(help: "The custody program; the one beside this program if not given.")
    var custody: String?

    @Option(help: "The demo's folder: its state directories, keys, labels and logs.")
    var directory = ".demo"

    @Option(help: "The folder with the contracts.")
    var contracts = "Config/contracts"

    @Flag(help: "End when all is played; status 0 only if all of it held.")
    var once = false

    func run() async throws {
        let folder = try DemoFolder(directory)
        defer { withExtendedLifetime(folder) {} }
        let program = CustodyProgram(path: custody ?? DemoCommand.neighbour, scratch: folder.path)
        let demo = try Demo(folder: folder, program: program, contracts: contracts)
        do {
            try await demo.play()
            if !once { await demo.stay() }
        } catch {
            try? await demo.stop()
            throw error
        }
        try await demo.stop()
        if once { StandardOutput.line("\nAll of it held; everything has ended in order.") }
    }

    private static var neighbour: String {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return "\(own.prefix(upTo: own.lastIndex(of: "/") ?? own.startIndex))/custody"
    }
}
