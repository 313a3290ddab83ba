import FoundationEssentials

/// What to try while the demo keeps running.
struct DemoHints {
    let members: DemoMembers
    let program: CustodyProgram
    let broker: Broker?
    let folder: DemoFolder

    var lines: [String] {
        let custody = shown(program.path)
        let own = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let sim = shown(own ?? "firmware-sim")
        let hospital = shown(members.hospital.state)
        return [
            "", "All of it runs on until Ctrl-C. Try in another terminal:",
            "  \(custody) trace \(DemoOrder.number) --state \(shown(members.supplier.state))",
            "  \(custody) peers --state \(shown(members.logistics.state))",
            "  \(custody) record \(DemoOrder.number) after-sales.recorded --fact finding=check-up --state \(hospital)",
            "  \(custody) order open --contract \(DemoConsortium.contractName) --number PO-2 --fact product=knee"
                + " --state \(hospital)",
            "  \(custody) orders --state \(shown(members.regulator.state))",
            "  \(sim) label --data '(01)04012345000016(21)S0042' -o \(shown(members.hospital.labelFolder))/again.png",
        ] + truck(sim) + ["", "Logs: \(shown(folder.path))/<member>/gateway.log"]
    }

    private func truck(_ sim: String) -> [String] {
        guard let broker else { return [] }
        return [
            "  \(sim) truck --port \(broker.port) --password-file \(shown(broker.passwordFile(of: DemoTrip.device)))"
                + " --count 20 --offline-after 5"
        ]
    }

    /// Relative where it lies below the current folder.
    private func shown(_ path: String) -> String {
        let here = FileManager.default.currentDirectoryPath + "/"
        return path.hasPrefix(here) ? String(path.dropFirst(here.count)) : path
    }
}
