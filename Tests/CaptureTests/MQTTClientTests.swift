import Ledger
import Synchronization
import Telemetry
import Testing

@testable import Capture

@Suite(.timeLimit(.minutes(2))) struct MQTTClientTests {
    /// A client at work, and what it said.
    private struct Running {
        let log: CommitLog
        let statuses = Collected<MQTTStatus>()
        private let task: Task<Void, any Error>

        init(_ configuration: MQTTConfiguration, _ log: CommitLog = CommitLog()) throws {
            self.log = log
            let client = try MQTTClient(
                configuration: configuration, sink: log,
                decode: { InboundMessage(topic: $0, payload: $1, receivedAt: $2, content: .readings([])) },
                now: { 1_700_000_000_000_000 }, onStatus: { [statuses] in statuses.append($0) })
            task = Task { try await client.run() }
        }

        func connected() async throws -> Self {
            try await statuses.until { $0.contains(.connected) }
            return self
        }

        func stop() async throws {
            task.cancel()
            try await task.value
        }
    }

    /// Publishes numbered messages and returns those that the broker acknowledged.
    @discardableResult
    private static func publish(_ numbers: Range<Int>, to broker: Broker, as configuration: MQTTConfiguration? = nil)
        async throws -> Set<String>
    {
        let outcomes = Collected<MQTTPublisher.Outcome>()
        let publisher = try MQTTPublisher(
            configuration: configuration ?? broker.connection("truck", topics: []), windowMax: 64,
            onOutcome: { outcomes.append($0) }, onStatus: { _ in })
        let running = Task { try await publisher.run() }
        var texts: [UInt64: String] = [:]
        for number in numbers {
            texts[try await publisher.publish(topic: "t/a", payload: Array("\(number)".utf8))] = "\(number)"
        }
        await publisher.drain()
        running.cancel()
        try await running.value
        let acknowledged = outcomes.elements.compactMap { outcome -> UInt64? in
            if case .acknowledged(let number) = outcome { number } else { nil }
        }
        return Set(acknowledged.compactMap { texts[$0] })
    }

    private static func texts(_ numbers: Range<Int>) -> Set<String> { Set(numbers.map { "\($0)" }) }

    @Test(arguments: MQTTConfiguration.Version.allCases)
    func deliversInOrder(version: MQTTConfiguration.Version) async throws {
        let broker = try Broker()
        let running = try await Running(broker.connection("gateway", version)).connected()
        let truck = broker.connection("truck", version, topics: [])
        let acknowledged = try await Self.publish(0..<3000, to: broker, as: truck)
        let committed = try await running.log.committed.until { $0.count >= 3000 }
        #expect(committed.map { String(decoding: $0.payload, as: UTF8.self) } == (0..<3000).map { "\($0)" })
        #expect(committed.allSatisfy { $0.topic == "t/a" && $0.receivedAt == 1_700_000_000_000_000 })
        #expect(acknowledged == Self.texts(0..<3000))
        try await running.stop()
    }

    @Test(arguments: MQTTConfiguration.Version.allCases)
    func getsWhatArrivedWhileItWasAwayEvenAcrossARestartOfTheBroker(
        version: MQTTConfiguration.Version
    ) async throws {
        let broker = try Broker()
        try await Running(broker.connection("gateway", version)).connected().stop()
        try await Self.publish(0..<500, to: broker)
        broker.stop()
        try broker.start()
        let running = try Running(broker.connection("gateway", version))
        try await running.log.committed.until { $0.count >= 500 }
        #expect(running.log.payloads == Self.texts(0..<500))
        try await running.stop()
    }

    @Test func connectsAgainWhenTheBrokerIsBack() async throws {
        let broker = try Broker()
        let running = try await Running(broker.connection("gateway")).connected()
        broker.stop()
        try await running.statuses.until { $0.contains { if case .disconnected = $0 { true } else { false } } }
        try broker.start()
        try await running.statuses.until { $0.filter { $0 == .connected }.count == 2 }
        try await Self.publish(0..<10, to: broker)
        try await running.log.committed.until { $0.count >= 10 }
        try await running.stop()
    }

    @Test(arguments: MQTTConfiguration.Version.allCases)
    func acknowledgesNothingOfACommitThatFailed(version: MQTTConfiguration.Version) async throws {
        let broker = try Broker()
        try await Running(broker.connection("gateway", version)).connected().stop()
        let acknowledged = try await Self.publish(0..<2000, to: broker)
        let running = try Running(broker.connection("gateway", version), CommitLog(failures: 3))
        try await running.log.committed.until { Set($0.map(\.payload)).count >= 2000 }
        #expect(acknowledged.isSubset(of: running.log.payloads))
        #expect(running.log.failed.elements.count == 3)
        #expect(running.log.failed.elements.allSatisfy { $0 > 0 })
        #expect(running.statuses.elements.compactMap(\.code).contains("mqtt-commit-failed"))
        try await running.stop()
    }

    /// What a crash between read and commit leaves behind: a batch that was read, never committed, never acknowledged.
    @Test(arguments: MQTTConfiguration.Version.allCases)
    func losesNothingWhenItEndsBetweenReadAndCommit(version: MQTTConfiguration.Version) async throws {
        let broker = try Broker()
        try await Running(broker.connection("gateway", version)).connected().stop()
        let acknowledged = try await Self.publish(0..<500, to: broker)
        let crashing = try Running(broker.connection("gateway", version), CommitLog(failures: .max))
        try await crashing.log.failed.until { !$0.isEmpty }
        try await crashing.stop()
        #expect(crashing.log.payloads.isEmpty)
        let running = try Running(broker.connection("gateway", version))
        try await running.log.committed.until { Set($0.map(\.payload)).count >= 500 }
        #expect(acknowledged.isSubset(of: running.log.payloads))
        #expect(acknowledged.count == 500)
        try await running.stop()
    }

    @Test(arguments: MQTTConfiguration.Version.allCases)
    func saysThatAPasswordIsWrong(version: MQTTConfiguration.Version) async throws {
        let broker = try Broker(.password)
        var configuration = broker.connection("gateway", version)
        configuration.user = "gateway"
        configuration.passwordFile = broker.directory + "/password"
        try Fixture.write(Array("wrong\n".utf8), to: broker.directory + "/password")
        let running = try Running(configuration)
        let statuses = try await running.statuses.until { !$0.isEmpty }
        guard case .disconnected(let error, _) = statuses.first else { Issue.record("connected"); return }
        #expect(error.code == "mqtt-login-refused")
        try Fixture.write(Array("secret\n".utf8), to: broker.directory + "/password")
        _ = try await running.connected()
        try await running.stop()
    }

    @Test func talksTLSWithABrokerThatItTrusts() async throws {
        let broker = try Broker(.tls)
        var configuration = broker.connection("gateway")
        configuration.tls = .init(authorityFile: broker.authorityFile)
        let running = try await Running(configuration).connected()
        var truck = broker.connection("truck", topics: [])
        truck.tls = configuration.tls
        try await Self.publish(0..<3000, to: broker, as: truck)
        try await running.log.committed.until { $0.count >= 3000 }
        #expect(running.log.payloads == Self.texts(0..<3000))
        try await running.stop()
    }

    @Test(arguments: ["other.pem", "localhost"])
    func refusesABrokerThatItCannotTrust(wrong: String) async throws {
        let broker = try Broker(.tls)
        var configuration = broker.connection("gateway")
        configuration.tls = .init(authorityFile: broker.authorityFile)
        if wrong == "localhost" {
            configuration.host = wrong
        } else {
            configuration.tls?.authorityFile = broker.directory + "/" + wrong
        }
        let running = try Running(configuration)
        let statuses = try await running.statuses.until { $0.count >= 2 }
        let codes = statuses.compactMap(\.code)
        #expect(codes.count == statuses.count && Set(codes) == ["mqtt-tls-refused"])
        try await running.stop()
    }

    @Test func keepsTheBeginningOfAPayloadThatIsTooLarge() async throws {
        let batch = MQTTBatch(
            decode: { InboundMessage(topic: $0, payload: $1, receivedAt: $2, content: .readings([])) }, now: { 7 })
        let limit = MQTTClient.payloadBytesMax
        for count in [limit - 1, limit, limit + 1] {
            [UInt8](repeating: 0x41, count: count).withUnsafeBytes { batch.append(topic: "t", payload: $0) }
        }
        #expect(batch.messages.map(\.payload.count) == [limit - 1, limit, MQTTClient.payloadBytesKept])
        guard case .undecodable(let reason)? = batch.messages.last?.content else { Issue.record("decoded"); return }
        #expect(reason.code == .payloadTooLarge)
    }

    @Test func fillsABatchByCountOrByBytes() {
        let decode: MQTTClient.Decoder = {
            InboundMessage(topic: $0, payload: $1, receivedAt: $2, content: .readings([]))
        }
        let many = MQTTBatch(decode: decode, now: { 0 })
        let fullAt = (1...MQTTClient.batchMax + 1).filter { _ in
            many.append(topic: "t", payload: UnsafeRawBufferPointer(start: nil, count: 0))
            return many.isFull
        }
        #expect(fullAt == [MQTTClient.batchMax, MQTTClient.batchMax + 1])
        for (offset, isFull) in [(-1, false), (0, true), (1, true)] {
            let large = MQTTBatch(decode: decode, now: { 0 })
            [UInt8](repeating: 0, count: MQTTClient.batchBytesMax + offset).withUnsafeBytes {
                large.append(topic: "t", payload: $0)
            }
            #expect(large.isFull == isFull)
        }
    }

    @Test(arguments: [(-1, true), (0, true), (1, false)])
    func limitsThePasswordFile(offset: Int, isAllowed: Bool) throws {
        let file = try Fixture.temporaryDirectory() + "/password"
        try Fixture.write([UInt8](repeating: 0x41, count: MQTTConfiguration.passwordBytesMax + offset), to: file)
        let configuration = MQTTConfiguration(host: "h", port: 1, clientID: "c", user: "u", passwordFile: file)
        #expect(((try? configuration.password()) != nil) == isAllowed)
    }

    @Test func refusesAConfigurationThatNoBrokerCouldAccept() {
        let wrong = [
            MQTTConfiguration(host: "", port: 1883, clientID: "c"),
            MQTTConfiguration(host: "h", port: 0, clientID: "c"),
            MQTTConfiguration(host: "h", port: 65_536, clientID: "c"),
            MQTTConfiguration(host: "h", port: 1883, clientID: ""),
            MQTTConfiguration(host: "h", port: 1883, clientID: "c", passwordFile: "p"),
            MQTTConfiguration(host: "h", port: 1883, clientID: "c", tls: .init(authorityFile: "a", keyFile: "k")),
            MQTTConfiguration(host: "h", port: 1883, clientID: "c", keepAlive: .seconds(1)),
        ]
        for configuration in wrong {
            #expect(throws: CustodyError("mqtt-configuration-invalid", "")) { try configuration.check() }
        }
    }

    @Test func waitsLongerAfterEachFailureButNeverLongerThanTheLongest() {
        var backoff = Backoff(first: .seconds(1), longest: .seconds(5), random: { 0 })
        #expect((0..<5).map { _ in backoff.next() } == [0.5, 1, 2, 2.5, 2.5].map { .seconds($0) })
        backoff.reset()
        #expect(backoff.next() == .seconds(0.5))
    }

    @Test func stopsWaitingPublishersWhenItStops() async throws {
        let broker = try Broker()
        broker.stop()
        let publisher = try MQTTPublisher(
            configuration: broker.connection("truck", topics: []), windowMax: 1, onOutcome: { _ in },
            onStatus: { _ in })
        let running = Task { try await publisher.run() }
        try await publisher.publish(topic: "t", payload: [])
        let waiting = Task { try await publisher.publish(topic: "t", payload: []) }
        running.cancel()
        try await running.value
        await #expect(throws: CustodyError("mqtt-publisher-stopped", "")) { try await waiting.value }
    }
}

extension MQTTStatus {
    /// Why it is disconnected, if it is.
    fileprivate var code: CustodyError.Code? {
        if case .disconnected(let error, _) = self { error.code } else { nil }
    }
}
