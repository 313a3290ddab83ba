import FoundationEssentials
import Ledger

/// Plays one device's life through five gateways.
actor Demo {
    let folder: DemoFolder
    let program: CustodyProgram
    let order: DemoOrder
    let members: DemoMembers
    private let contracts: String
    private(set) var transcript = DemoTranscript()
    private var gateways: [DemoGateway] = []
    private var broker: Broker?
    private var scanner: HandheldScanner?
    private var trip: DemoTrip?
    private static let reviewerID = "reviewer-12"
    /// Lets the regulator's reviewer sign what is recorded.
    private var reviewer: [String] = []

    /// Throws `loopback-port-missing`.
    init(folder: DemoFolder, program: CustodyProgram, contracts: String) throws {
        self.folder = folder
        self.program = program
        self.contracts = contracts
        order = DemoOrder(program: program)
        members = try DemoMembers(folder: folder)
    }

    /// Throws what failed, with the part in which it did.
    func play() async throws {
        try await part("Founding the consortium") { try await found() }
        try await part("Starting the broker and five gateways") { try await start() }
        try await part("From the order to the approval") { try await make() }
        try await part("The journey") { try await travel() }
        try await part("The implantation and after-sales") { try await use() }
        try await part("Every update confirmed at all five") { try await confirm() }
        try await part("Five ledgers verified") { try await verify() }
        try await part("A proof checked offline") { try await prove() }
        transcript.table()
    }

    /// Returns when somebody interrupts.
    func stay() async {
        let hints = DemoHints(members: members, program: program, broker: broker, folder: folder)
        for line in hints.lines { StandardOutput.line(line) }
        try? await Task.sleep(for: .seconds(86_400 * 365))
    }

    /// Ends all that was started, by its id. Throws `demo-gateway-ended` when a gateway did not end in order.
    func stop() async throws {
        try? await trip?.stop()
        await trip?.sensors.network(up: false)
        let statuses = await withTaskGroup(of: (DemoMember, Int32?).self) { group in
            for gateway in gateways { group.addTask { (gateway.member, await gateway.stop()) } }
            var statuses: [(DemoMember, Int32?)] = []
            for await status in group { statuses.append(status) }
            return statuses
        }
        await broker?.stop()
        guard let (member, status) = statuses.first(where: { $0.1 != 0 }) else { return }
        throw CustodyError(
            "demo-gateway-ended", "The gateway of \(member.id) ended with status \(status ?? -1) instead of 0",
            at: member.logPath, remedy: "Read its log.")
    }

    private func part(_ name: String, _ work: () async throws -> Void) async throws {
        transcript.heading(name)
        let begin = ContinuousClock.now
        do { try await work() } catch let error as CustodyError {
            for gateway in gateways { try? report(gateway) }
            throw CustodyError(
                error.code, "\(name): \(error.message)", at: error.place,
                remedy: error.remedy ?? "Read gateway.log in the folders below \(folder.path).")
        }
        transcript.took(name, since: begin)
    }

    private func report(_ gateway: DemoGateway) throws {
        do { try gateway.checkRunning() } catch { transcript.event(gateway.member.id, "\(error)") }
    }
}

// MARK: Before the story

extension Demo {
    private func found() async throws {
        let consortium = DemoConsortium(
            folder: folder, program: program, members: members.all, contracts: contracts)
        try await consortium.found()
        transcript.event("all five", "one document signed by all; quorum: the regulator and most of the others")
        reviewer = try await consortium.certifyOperator(Self.reviewerID, of: members.regulator)
    }

    private func start() async throws {
        var random = SystemRandomNumberGenerator()
        let broker = try await Broker(
            folder: folder.file("broker"), devices: [DemoTrip.device], readers: ["gateway"], random: &random)
        self.broker = broker
        try await broker.start()
        transcript.event("mosquitto", "127.0.0.1:\(broker.port), with passwords")
        scanner = try HandheldScanner(link: members.logistics.scannerLink)
        for member in members.all {
            let configuration = DemoConfiguration(
                member: member, members: members.all, brokerPort: broker.port,
                passwordFile: broker.passwordFile(of: "gateway"), vehicle: DemoTrip.device)
            try folder.write(configuration.text, to: "\(member.id)/gateway.yaml")
            gateways.append(try DemoGateway(member, program: program))
        }
        for gateway in gateways {
            try await gateway.waitUntilReady()
            let note = gateway.member.isReachable ? "" : ", behind NAT: it dials out to all"
            transcript.event(gateway.member.id, "ready on port \(gateway.member.port)\(note)")
        }
    }
}

// MARK: The device is made

extension Demo {
    private func make() async throws {
        try folder.write("Patient 4711, born 1961\n", to: "patient.txt")
        let id = try await order.open(
            at: members.hospital,
            ["--fact", "product=hip implant", "--private-fact", "patient=@\(folder.file("patient.txt"))"])
        transcript.event("hospital", "order.placed: \(DemoOrder.number), \(id); the patient stays private")
        try await design()
        try await order.record(
            "materials.recorded", after: "design.set", at: members.supplier,
            ["--fact", "material=Ti-6Al-4V powder", "--fact", "lot=TI-0815"])
        transcript.event("supplier", "materials.recorded")
        _ = try await order.wait(at: members.manufacturer, for: "the materials") { $0.has("materials.recorded") }
        try await scanImage(DemoLabel.product, named: "finished.png", at: members.manufacturer)
        transcript.event(
            "manufacturer", "production.completed: GS1 QR Code printed, read by zbar, matched by its order number")
        try await order.record(
            "compliance.approved", after: "production.completed", at: members.regulator,
            ["--fact", "report=R-2026-118"] + reviewer)
        transcript.event("regulator", "compliance.approved, signed by \(Self.reviewerID), whose key no gateway has")
    }

    /// The design's parameters are a document that maker, hospital and regulator can read.
    private func design() async throws {
        let parameters = DemoDesign.parameters
        try folder.write(parameters, to: "parameters.csv")
        try await order.record(
            "design.set", after: "order.placed", at: members.manufacturer,
            ["--fact", "design=HX-7 left, size 4", "--document", "parameters=\(folder.file("parameters.csv"))"])
        let size = "\(parameters.utf8.count / 1_000) kB"
        transcript.event("manufacturer", "design.set, with \(size) of parameters that stay private")
        _ = try await order.wait(at: members.hospital, for: "the design") { $0.has("design.set") }
        try await program.output([
            "document", "get", DemoOrder.number, "--fact", "parameters", "-o", folder.file("parameters-hospital.csv"),
            "--state", members.hospital.state,
        ])
        guard try folder.read("parameters-hospital.csv") == parameters else {
            throw CustodyError(
                "demo-document-differs", "the hospital's copy of the parameters is another than the maker's")
        }
        transcript.event("hospital", "downloaded the parameters through the order: the same \(size)")
    }

    /// Prints a label into the folder that a gateway watches, and waits until the gateway has put it away.
    private func scanImage(_ label: Label, named name: String, at member: DemoMember) async throws {
        try LabelPrinter().draw(label, to: "\(member.labelFolder)/\(name)")
        let deadline = ContinuousClock.now + DemoOrder.waitMax
        while ContinuousClock.now < deadline {
            if FileManager.default.fileExists(atPath: "\(member.labelFolder)/done/\(name)") { return }
            let reason = "\(member.labelFolder)/failed/\(name).reason"
            if let text = try? String(contentsOfFile: reason, encoding: .utf8), text.hasSuffix("\n") {
                throw CustodyError("demo-scan-refused", "A label was refused: \(CustodyProgram.line(text))", at: reason)
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw CustodyError("demo-waited-in-vain", "Nobody has taken the image \(name)", at: member.logPath)
    }
}

// MARK: The device travels

extension Demo {
    private func travel() async throws {
        guard let broker, let scanner else { return }
        let trip = try await DemoTrip(broker: broker)
        self.trip = trip
        try await ship(scanner)
        try await loseNetwork(trip)
        try await Task.sleep(for: .seconds(2))
        _ = try await order.wait(at: members.hospital, for: "the shipment") { $0.has("shipped") }
        try await scanImage(DemoLabel.shelf, named: "goods-in.png", at: members.hospital)
        transcript.event("hospital", "received: GS1-128 on the box read by zbar")
        try await Task.sleep(for: .seconds(1))
        try await trip.stop()
        try await checkReadings(trip)
    }

    private func ship(_ scanner: HandheldScanner) async throws {
        _ = try await order.wait(at: members.logistics, for: "the approval") { $0.has("compliance.approved") }
        try await Task.sleep(for: .milliseconds(500))
        switch try await scanner.scan(DemoLabel.shelf, within: .seconds(10)) {
        case .beep:
            transcript.event("logistics", "shipped: handheld scanner at the dock beeped, vehicle \(DemoTrip.device)")
        case .refusal(let reason):
            throw CustodyError("demo-scan-refused", "The scan at the dock was refused: \(reason)")
        case .silence:
            throw CustodyError("demo-scan-refused", "The scan at the dock got no answer", at: members.logistics.logPath)
        }
    }

    /// The network goes late in a window and stays away until that window has been closed without its last readings:
    /// they come late, into a supplementary window.
    private func loseNetwork(_ trip: DemoTrip) async throws {
        try await Task.sleep(for: .seconds(DemoConfiguration.windowSeconds))
        try await trip.sleep(untilInWindow: 0.7)
        await trip.sensors.network(up: false)
        transcript.event("truck", "no network; the sensors go on measuring")
        let back = ContinuousClock.now + .seconds(4)
        try await refuseEarlyStep()
        try await Task.sleep(until: back)
        let waiting = await trip.sensors.tally.waiting
        let begin = ContinuousClock.now
        await trip.sensors.network(up: true)
        guard await trip.sensors.settle(within: .seconds(10)) else { throw Demo.readingsLost(await trip.sensors.tally) }
        let duration = DemoTranscript.seconds(ContinuousClock.now - begin).drop { $0 == " " }
        transcript.event("truck", "network back; \(waiting) readings from memory delivered in \(duration)")
    }

    /// What the contract forbids is refused, for a reason that people understand.
    private func refuseEarlyStep() async throws {
        let outcome = try await program.run([
            "record", DemoOrder.number, "installed", "--state", members.hospital.state,
        ])
        guard outcome.exitCode == 1, !outcome.complaint.isEmpty else {
            throw CustodyError(
                "demo-not-refused",
                "'installed' before 'received' must be refused with status 1, not \(outcome.exitCode)",
                at: members.hospital.logPath)
        }
        transcript.event("hospital", "tries 'installed' too early, refused: \(CustodyProgram.line(outcome.complaint))")
    }
}

// MARK: Nothing is missing

extension Demo {
    /// Three numbers must agree. Made: counted by the truck. Acknowledged: counted from the broker's answers. In
    /// windows: the sum of `count` on the log, for each metric, must be the number of readings whose device time lies
    /// between `shipped` and `received`; the others were made before or after the journey, and stay with the gateway.
    private func checkReadings(_ trip: DemoTrip) async throws {
        let isSettled = await trip.sensors.settle(within: .seconds(10))
        let tally = await trip.sensors.tally
        guard isSettled, tally.made == tally.acknowledged, tally.dropped == 0, tally.refused == 0 else {
            throw Demo.readingsLost(tally)
        }
        let known = try await order.wait(at: members.logistics, for: "the receipt") { $0.has("received") }
        guard let began = known.steps("shipped").first?.time, let ended = known.steps("received").first?.time else {
            throw CustodyError("demo-trace-unreadable", "The trace does not tell when the journey was")
        }
        let metrics = trip.truck.metrics
        let account = trip.account(made: tally.made / metrics.count, began: began, ended: ended)
        let trace = try await order.wait(
            at: members.logistics, for: "windows with \(account.during) readings of each metric"
        ) { trace in metrics.allSatisfy { account.fits(DemoWindows(trace, $0).readings) } }
        tell(trace, account, tally, metrics)
    }

    private func tell(
        _ trace: OrderTrace, _ account: DemoTrip.Account, _ tally: TruckSensors.Tally, _ metrics: [SensorReading.Metric]
    ) {
        transcript.event("truck", "\(tally.made) readings made, \(tally.acknowledged) acknowledged by the broker")
        for metric in metrics {
            let windows = DemoWindows(trace, metric)
            transcript.event(
                "logistics",
                "\(metric.rawValue): \(account.before) before the journey, \(account.during + account.unclear) on it, "
                    + "\(account.after) after; \(windows.readings) in \(windows.count) windows, "
                    + "\(windows.supplementary) of them supplementary")
        }
    }

    private static func readingsLost(_ tally: TruckSensors.Tally) -> CustodyError {
        CustodyError(
            "demo-readings-lost",
            "\(tally.made) readings made, \(tally.acknowledged) acknowledged, \(tally.waiting) waiting, "
                + "\(tally.dropped) dropped, \(tally.refused) refused")
    }
}

// MARK: The device is used

extension Demo {
    private func use() async throws {
        let windows = try await order.trace(at: members.logistics)?.steps("conditions.recorded").count ?? 0
        _ = try await order.wait(at: members.hospital, for: "all windows of the journey") {
            $0.steps("conditions.recorded").count >= windows
        }
        try folder.write("left hip\n", to: "site.txt")
        try await order.record(
            "installed", after: "received", at: members.hospital,
            ["--private-fact", "site=@\(folder.file("site.txt"))"])
        transcript.event("hospital", "installed; where in the body stays private")
        try await order.record(
            "after-sales.recorded", after: "installed", at: members.manufacturer,
            ["--fact", "finding=no complaint after six weeks"])
        transcript.event("manufacturer", "after-sales.recorded")
    }

    private func confirm() async throws {
        let whole = try await order.wait(at: members.manufacturer, for: "its own entry") {
            $0.has("after-sales.recorded")
        }
        let traces = try await everywhere { [order] member in
            try await order.wait(at: member, for: "the confirmation of every update") {
                $0.isConfirmed && $0.hashes.isSuperset(of: whole.hashes)
            }
        }
        for (member, trace) in traces {
            transcript.event(member.id, "has \(trace.steps.count) updates, all accepted, all confirmed")
        }
        StandardOutput.line("")
        let arguments = ["trace", DemoOrder.number, "--state", members.hospital.state]
        StandardOutput.line(try await program.output(arguments))
    }

    private func verify() async throws {
        let reports = try await everywhere { [program] in try await program.output(["verify", "--state", $0.state]) }
        for (member, report) in reports { transcript.event(member.id, CustodyProgram.line(report)) }
    }

    /// The same work at all members at once, in the members' order.
    private func everywhere<Result: Sendable>(
        _ work: @escaping @Sendable (DemoMember) async throws -> Result
    ) async throws -> [(DemoMember, Result)] {
        let running = members.all.map { member in (member, Task { try await work(member) }) }
        return try await withTaskCancellationHandler {
            var results: [(DemoMember, Result)] = []
            for (member, task) in running { results.append((member, try await task.value)) }
            return results
        } onCancel: {
            for (_, task) in running { task.cancel() }
        }
    }

    /// The folder `offline` holds the two files that one hands to an outsider, and nothing else.
    private func prove() async throws {
        let state = ["--state", members.hospital.state]
        try folder.write(try await program.output(["policy"] + state), to: "policy")
        try await program.output(["proof", DemoOrder.number, "-o", folder.file("order.proof")] + state)
        try await program.output(["proof", DemoOrder.number, "--split", folder.file("proofs")] + state)
        try folder.makeFolder("offline")
        for name in ["policy", "order.proof"] { try folder.copy(name, to: "offline/\(name)") }
        let text = try await program.output([
            "verify-proof", folder.file("offline/order.proof"), "--policy", folder.file("offline/policy"),
        ])
        transcript.event("outsider", "order.proof and policy suffice, without a gateway or a network:")
        for line in text.split(separator: "\n").prefix(5) { StandardOutput.line("           \(line)") }
        let proofs = (try? FileManager.default.contentsOfDirectory(atPath: folder.file("proofs"))) ?? []
        guard !proofs.isEmpty else {
            throw CustodyError("demo-proof-missing", "There are no single proofs", at: folder.file("proofs"))
        }
        let singles = proofs.filter { $0.hasSuffix(".tlog-proof") }.count
        transcript.event("outsider", "\(singles) single C2SP proofs in proofs/")
    }
}
