import Foundation
import Glibc
import Ledger
import Rig
import Store
import Testing

/// After a lost or rolled-back disk the next generation opens at once, without a network, and no index is signed twice.
@Suite(.serialized, .timeLimit(.minutes(3))) struct RestoreTests {
    private func remove(_ names: [String], in folder: String) throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: folder)
        where names.contains(where: { name.hasPrefix($0) }) {
            try FileManager.default.removeItem(atPath: folder + "/" + name)
        }
    }

    /// A gateway with one order that everybody has, and which has ended.
    private func siteWithAnOrder() async throws -> (RestoreSite, String) {
        let site = try await RestoreSite()
        let gateway = try await site.start(peers: RestoreSite.others)
        let order = try site.open("before")
        try site.record(order, "design.set", "design=d1")
        for member in RestoreSite.others { try await site.untilAccepted(order, steps: 2, by: member) }
        gateway.stop()
        return (site, order)
    }

    /// Starts without a network and records; then finds the others, reads the old log back, and goes on with its order.
    private func expectNextGeneration(_ site: RestoreSite, continuing order: String) async throws {
        let began = ContinuousClock.now
        let offline = try await site.start(peers: [])
        #expect(ContinuousClock.now - began < .seconds(10))
        #expect(offline.log.contains("the next generation of the log is open"))
        let other = try site.open("offline")
        #expect(other.hasPrefix("hospital/main."))
        try site.record(other, "design.set", "design=d2")
        offline.stop()
        let online = try await site.start(peers: RestoreSite.others)
        try await site.untilEverybodyHasAll()
        try await until("the old order is here") { try site.accepted(order, at: site.state) == 2 }
        let receipt = try site.record(order, "materials.recorded", "material=titanium", "lot=7")
        #expect(Generation.number(ofOrigin: receipt.origin) > 0)
        for member in RestoreSite.others {
            try await site.untilAccepted(order, steps: 3, by: member)
            try await site.untilAccepted(other, steps: 2, by: member)
        }
        try await site.untilEverybodyHasAll()
        online.stop()
        #expect(!online.log.contains("the next generation"))
        #expect(try site.generations().generations.count == 2)
        site.stopMembers()
        try site.expectNoLie()
    }

    @Test func aLostDatabase() async throws {
        let (site, order) = try await siteWithAnOrder()
        try remove(["ledger.sqlite", "intake.sqlite"], in: site.state)
        try await expectNextGeneration(site, continuing: order)
        #expect(try site.generations().generations.last?.known == 3)
    }

    @Test func allButTheKeysLost() async throws {
        let (site, order) = try await siteWithAnOrder()
        try remove(["ledger.sqlite", "intake.sqlite", "head", "gateway."], in: site.state)
        try FileManager.default.removeItem(atPath: site.state + ".head")
        try await expectNextGeneration(site, continuing: order)
        #expect(try site.generations().generations.last?.known == 0)
    }

    /// Where members can be asked, the next generation says what it follows.
    @Test func membersKnowWhatNothingHereTells() async throws {
        let (site, order) = try await siteWithAnOrder()
        try remove(["ledger.sqlite", "intake.sqlite", "head"], in: site.state)
        try FileManager.default.removeItem(atPath: site.state + ".head")
        let gateway = try await site.start(peers: RestoreSite.others)
        #expect(try site.generations().generations.last?.known == 3)
        try await until("the order is here") { try site.accepted(order, at: site.state) == 2 }
        gateway.stop()
        site.stopMembers()
        try site.expectNoLie()
    }

    @Test func anOldBackup() async throws {
        let (site, order) = try await siteWithAnOrder()
        let gateway = try await site.start(peers: RestoreSite.others)
        try site.site.custody("backup", site.site.folder + "/backup", "--include-keys", "--state", site.state)
        let late = try site.open("after the backup")
        try await site.untilAccepted(late, steps: 1, by: "supplier")
        gateway.stop()
        site.state = site.site.folder + "/restored"
        try site.site.custody("restore", site.site.folder + "/backup", "--state", site.state)
        try await expectNextGeneration(site, continuing: order)
        #expect(try site.accepted(late, at: site.state) == 1)
    }

    /// The same backup twice: neither knows of the other.
    @Test func oneBackupTwice() async throws {
        let (site, order) = try await siteWithAnOrder()
        let backup = site.site.folder + "/backup"
        try site.site.custody("backup", backup, "--include-keys", "--state", site.state)
        site.state = site.site.folder + "/first"
        try site.site.custody("restore", backup, "--state", site.state)
        let first = try await site.start(peers: ["regulator"])
        let lost = try site.open("between")
        try await site.untilAccepted(lost, steps: 1, by: "regulator")
        first.kill()
        site.state = site.site.folder + "/second"
        try site.site.custody("restore", backup, "--state", site.state)
        let second = try await site.start(peers: RestoreSite.others)
        let other = try site.open("again")
        for member in RestoreSite.others { try await site.untilAccepted(other, steps: 1, by: member) }
        try await until("what was recorded between is here") { try site.accepted(lost, at: site.state) == 1 }
        try site.record(order, "materials.recorded", "material=titanium", "lot=7")
        second.stop()
        site.stopMembers()
        try site.expectNoLie()
    }

    /// Copied back over what is there, head and all: only what stands beside the folder tells.
    @Test func aFolderThatWasRolledBack() async throws {
        let (site, order) = try await siteWithAnOrder()
        let yesterday = site.site.folder + "/yesterday"
        try copy(site.state, to: yesterday)
        let gateway = try await site.start(peers: RestoreSite.others)
        let late = try site.open("today")
        try await site.untilAccepted(late, steps: 1, by: "supplier")
        gateway.stop()
        try copy(yesterday, to: site.state)
        try await expectNextGeneration(site, continuing: order)
        #expect(try site.accepted(late, at: site.state) == 1)
    }

    /// Nothing on the disk tells: it recorded again on indexes that members have, and takes that back when they say so.
    @Test func aDiskThatWasRolledBackAndOnlyMembersKnow() async throws {
        let (site, order) = try await siteWithAnOrder()
        let yesterday = site.site.folder + "/yesterday"
        try copy(site.state, to: yesterday)
        let gateway = try await site.start(peers: RestoreSite.others)
        let late = try site.open("today")
        for member in RestoreSite.others { try await site.untilAccepted(late, steps: 1, by: member) }
        gateway.stop()
        try copy(yesterday, to: site.state)
        try FileManager.default.removeItem(atPath: site.state + ".head")
        let offline = try await site.start(peers: [])
        #expect(!offline.log.contains("the next generation"))
        let again = try site.open("offline")
        try site.record(order, "materials.recorded", "material=titanium", "lot=7")
        offline.stop()
        let online = try await site.start(peers: RestoreSite.others)
        try await online.untilLogged("the next generation of the log is open")
        for member in RestoreSite.others {
            try await site.untilAccepted(again, steps: 1, by: member)
            try await site.untilAccepted(order, steps: 3, by: member)
        }
        try await site.untilEverybodyHasAll()
        online.stop()
        site.stopMembers()
        let generations = try site.generations()
        #expect(generations.generations.count == 2)
        #expect(generations.takenBack.map(\.was) == ["hospital/main:3", "hospital/main:4"])
        #expect(generations.takenBack.allSatisfy { $0.recorded != nil })
        #expect(try site.accepted(late, at: site.state) == 1)
        try site.expectNoLie()
    }

    @Test func aBackupThatIsNotWholeIsRefused() throws {
        let site = try TestSite()
        let (backup, restored) = (site.folder + "/backup", site.folder + "/restored")
        try site.custody("backup", backup, "--state", site.state)
        let files = try FileManager.default.contentsOfDirectory(atPath: backup).sorted()
        #expect(files == ["gateway.yaml", "intake.sqlite", "ledger.sqlite", "manifest.json", "rules"])
        for file in files where file != "rules" {
            let mode = try FileManager.default.attributesOfItem(atPath: backup + "/" + file)[.posixPermissions] as? Int
            #expect(mode == 0o600, "\(file)")
        }
        func refuses(_ file: String, _ bytes: Data?) throws {
            let path = backup + "/" + file
            let whole = try Data(contentsOf: URL(fileURLWithPath: path))
            if let bytes {
                try bytes.write(to: URL(fileURLWithPath: path))
            } else {
                try FileManager.default.removeItem(atPath: path)
            }
            let outcome = try site.run(["restore", backup, "--state", restored])
            #expect(outcome.code == 1 && outcome.errors.contains("[backup-damaged]"), "\(file): \(outcome.errors)")
            #expect(!FileManager.default.fileExists(atPath: restored + "/ledger.sqlite"))
            try whole.write(to: URL(fileURLWithPath: path))
        }
        for file in ["manifest.json", "ledger.sqlite", "intake.sqlite", "gateway.yaml"] { try refuses(file, nil) }
        for file in ["ledger.sqlite", "intake.sqlite"] {
            let whole = try Data(contentsOf: URL(fileURLWithPath: backup + "/" + file))
            try refuses(file, whole.dropLast(4_096))
            var damaged = whole
            damaged[whole.count / 2] ^= 1
            try refuses(file, damaged)
        }
        let manifest = try String(contentsOfFile: backup + "/manifest.json", encoding: .utf8)
        try refuses("manifest.json", Data(manifest.replacingOccurrences(of: "gateway.yaml", with: "../x.yaml").utf8))
        try site.custody("restore", backup, "--state", restored)
        // Without its keys it says what is missing.
        let refused = try site.run(["run", "--state", restored])
        #expect(refused.code == 2)
        #expect(refused.errors.contains("[generations-unavailable]"), "\(refused.errors)")
    }

    /// Whoever takes the copy's files by hand has the mark too.
    @Test func aBackupNeverContinuesTheLog() async throws {
        let site = try await RestoreSite()
        try site.site.custody("backup", site.site.folder + "/backup", "--state", site.state)
        try remove(["ledger.sqlite", "head"], in: site.state)
        try FileManager.default.removeItem(atPath: site.state + ".head")
        try FileManager.default.copyItem(
            atPath: site.site.folder + "/backup/ledger.sqlite", toPath: site.state + "/ledger.sqlite")
        let gateway = try await site.start(peers: [])
        #expect(gateway.log.contains("the database came out of a backup"))
        gateway.stop()
        #expect(try site.generations().generations.count == 2)
        site.stopMembers()
    }

    @Test func aLostPowerSupplyAloneStartsNoGeneration() async throws {
        let site = try await RestoreSite()
        var numbers = SeededRandom(seed: 1)
        for _ in 0..<20 {
            let program = try Program(try TestSite.program("custody"), ["append-load", "--state", site.state])
            _ = try #require(program.line())
            usleep(.random(in: 1_000...150_000, using: &numbers))
            program.send(SIGKILL)
            _ = program.wait()
        }
        let gateway = try await site.start(peers: RestoreSite.others)
        #expect(!gateway.log.contains("generation"))
        gateway.stop()
        site.stopMembers()
        #expect(try site.generations().generations.map(\.origin) == ["hospital/main"])
    }

    private func copy(_ folder: String, to other: String) throws {
        // In place: what is there keeps its file, as with cp.
        try? FileManager.default.createDirectory(atPath: other, withIntermediateDirectories: true)
        try remove(["ledger.sqlite-", "intake.sqlite-"], in: other)
        let copied = try Program("/bin/cp", ["-a", folder + "/.", other])
        #expect(copied.wait() == 0)
    }
}
