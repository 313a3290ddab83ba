import Glibc
import GRDB
import Store
import Testing

/// What cannot be written is not acknowledged: the broker keeps it until it can.
@Suite(.serialized, .timeLimit(.minutes(2))) struct IntakeRefusalTests {
    static let readings = 300
    /// More than fit into a quarter of a mebibyte, also where few commits take them all.
    static let readingsBeyondTheDisk = 10_000

    @Test func aCommitThatFailsAcknowledgesNothing() async throws {
        let (site, broker) = (try TestSite(), try Broker())
        let relay = try Relay(to: broker.port)
        defer { relay.stop() }
        try site.configure(broker: relay.port)
        let gateway = try await RunningGateway(site)
        let intake = try site.intake()
        let other = try writer(of: site)
        try await other.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
        let sensor = try NumberedSensor("truck", at: broker)
        try await sensor.send(0..<Self.readings)
        let acknowledged = await sensor.acknowledged()
        #expect(acknowledged.count == Self.readings)
        try await gateway.untilLogged("[durability-unknown]")
        #expect(relay.acknowledgements == 0)
        #expect(try intake.readingCount() == 0)
        try await other.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
        try await until("all readings are there") { try intake.readingCount() >= Self.readings }
        gateway.stop()
        #expect(relay.acknowledgements >= Self.readings)
        try site.expectReadings(acknowledged, of: sensor.device)
    }

    @Test(.enabled(if: bytesFree < 1 << 40, "there is no larger reserve than a tebibyte"))
    func aDiskThatIsNearlyFullLeavesReadingsWithTheBroker() async throws {
        let (site, broker) = (try TestSite(), try Broker())
        try site.configure(broker: broker.port, more: ["disk: {reserve-mib: 1048576}"])
        let full = try await RunningGateway(site)
        let sensor = try NumberedSensor("truck", at: broker)
        try await sensor.send(0..<Self.readings)
        let acknowledged = await sensor.acknowledged()
        #expect(acknowledged.count == Self.readings)
        try await full.untilLogged("[disk-nearly-full]")
        full.stop()
        let intake = try site.intake()
        #expect(try intake.readingCount() == 0)
        try site.configure(broker: broker.port, more: ["disk: {reserve-mib: 0}"])
        let roomy = try await RunningGateway(site)
        try await until("all readings are there") { try intake.readingCount() >= Self.readings }
        roomy.stop()
        try site.expectReadings(acknowledged, of: sensor.device)
    }

    @Test(.enabled(if: SmallDisk.isPossible, "only root may mount a small disk"))
    func aFullDiskAcknowledgesNothingAndGoesOnWhenThereIsRoom() async throws {
        let (site, broker) = (try TestSite(), try Broker())
        let relay = try Relay(to: broker.port)
        defer { relay.stop() }
        try site.configure(broker: relay.port, more: ["disk: {reserve-mib: 0}"])
        let disk = try SmallDisk(at: site.state(of: "disk"), megabytes: 16)
        try site.copyState(to: "state-disk")
        let gateway = try await RunningGateway(site, of: "disk")
        try await gateway.untilLogged("broker connected")
        let intake = try site.intake(of: disk.path)
        try disk.fill(leaving: 1 << 18)
        let sensor = try NumberedSensor("truck", at: broker)
        try await sensor.send(0..<Self.readingsBeyondTheDisk)
        let acknowledged = await sensor.acknowledged()
        #expect(acknowledged.count == Self.readingsBeyondTheDisk)
        try await gateway.untilLogged("database or disk is full")
        #expect(try intake.readingCount() < Self.readingsBeyondTheDisk)
        #expect(relay.acknowledgements <= (try intake.readingCount()))
        try disk.makeRoom()
        try await until("all readings are there") { try intake.readingCount() >= Self.readingsBeyondTheDisk }
        gateway.stop()
        try site.expectReadings(acknowledged, of: sensor.device, at: disk.path)
    }

    /// Somebody else with the intake open, who may leave a transaction open.
    private func writer(of site: TestSite) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        configuration.busyMode = .timeout(10)
        return try DatabaseQueue(path: site.state + "/intake.sqlite", configuration: configuration)
    }

    private static var bytesFree: UInt64 {
        var status = statvfs()
        return statvfs("/tmp", &status) == 0 ? UInt64(status.f_bavail) * UInt64(status.f_frsize) : .max
    }
}
