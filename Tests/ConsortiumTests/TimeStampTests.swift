import FoundationEssentials
import Glibc
import HTTPTypes
import Hummingbird
import Ledger
import Logging
import Store
import Testing

@testable import Consortium
@testable import TimeStamps

/// What an authority's time stamp is worth, against answers of `openssl ts`.
@Suite(.timeLimit(.minutes(2))) struct TimeStampTests {
    private static let nonce: UInt64 = 0xF00D_0123_4567_89AB

    private let note: SignedNote

    init() throws {
        let key = try SigningKey.generate(name: "hospital/gw", algorithm: .ed25519)
        note = try Checkpoint(origin: "hospital/gw", size: 3, root: .emptyTree).signed(by: key)
    }

    /// Asks an authority that answers in some way.
    private func stamp(
        _ kind: String, believing name: String = "ca", policy: String? = nil,
        patience: Duration = TimeStampClient.answerMax
    ) async throws -> TimeStamp {
        try await withFolder { folder in
            let authority = try await TestTimeAuthority(in: folder)
            let client = try TimeStampClient(
                url: authority.url(kind), authority: authority.authority(name, policy: policy), patience: patience)
            let result: Result<TimeStamp, any Error>
            do { result = .success(try await client.stamp(note, nonce: Self.nonce)) } catch { result = .failure(error) }
            try await client.shutdown()
            return try result.get()
        }
    }

    // MARK: Taking

    @Test(arguments: ["ca", "tsa"])
    func aGrantedTimeStampIsTaken(believing name: String) async throws {
        let before = Int64(Date().timeIntervalSince1970 * 1e6)
        let stamp = try await stamp("granted", believing: name)
        #expect(stamp.time > before - 10_000_000 && stamp.time < before + 60_000_000)
        #expect(stamp.accuracy == 1_500_250 && stamp.latest == stamp.time + 1_500_250)
        #expect(stamp.authority == "CN=Test tsa" && stamp.policy == "1.2.3.4.1")
    }

    @Test func aCertificateNeedsToBeValidWhenTheTimeStampWasMade() async throws {
        let stamp = try await stamp("past")
        // 2020-06-01T12:00:00.111Z; the certificate ended in 2021.
        #expect(stamp.time == 1_591_012_800_111_000 && stamp.authority == "CN=Test expired")
    }

    @Test(arguments: ["1.2.3.4.1", "1.2.3.4.2"])
    func thePolicyThatIsAskedForIsFollowed(policy: String) async throws {
        #expect(try await stamp("granted", policy: policy).policy == policy)
    }

    // MARK: Refusing

    @Test(
        arguments: [
            ("other-imprint", .timeStampImprint), ("other-nonce", .timeStampNonce), ("no-nonce", .timeStampNonce),
            ("other-authority", .timeStampUntrusted), ("purpose", .timeStampPurpose), ("expired", .timeStampExpired),
            ("weak", .timeStampWeak), ("changed", .timeStampSignature), ("truncated", .timeStampMalformed),
            ("longer", .timeStampMalformed), ("nonsense", .timeStampMalformed), ("modified", .timeStampRejected),
            ("rejected", .timeStampRejected), ("error", .timeStampUnavailable), ("redirect", .timeStampUnavailable),
            ("size/0", .timeStampMalformed), ("size/65535", .timeStampMalformed), ("size/65536", .timeStampMalformed),
            ("size/65537", .peerAnswerTooLarge),
        ] as [(String, CustodyError.Code)])
    func anAnswerIsRefused(kind: String, refusal: CustodyError.Code) async throws {
        #expect(await code { _ = try await stamp(kind) } == refusal)
    }

    @Test func anotherPolicyThanTheOneThatIsWantedIsRefused() async {
        #expect(await code { _ = try await stamp("other-policy", policy: "1.2.3.4.1") } == .timeStampPolicy)
    }

    @Test func anAuthorityThatSaysNothingIsNotWaitedForLong() async {
        #expect(await code { _ = try await stamp("silent", patience: .milliseconds(300)) } == .peerUnreachable)
    }

    @Test func whyAnAuthorityRejectsIsSaid() async {
        do { _ = try await stamp("rejected") } catch {
            #expect("\(error)".contains("rejected, unaccepted policy"), "\(error)")
        }
    }

    @Test(arguments: [(-1, nil), (0, nil), (1, .timeStampAuthority)] as [(Int, CustodyError.Code?)])
    func anAuthorityHasAtMostSoManyCertificates(more: Int, refusal: CustodyError.Code?) async throws {
        try await withFolder { folder in
            let one = try await TestTimeAuthority(in: folder).certificates()
            let all = (0..<TimeStampAuthority.certificatesMax + more).flatMap { _ in one }
            #expect(await code { _ = try TimeStampAuthority(certificates: all) } == refusal)
        }
    }

    @Test(arguments: [(-1, nil), (0, nil), (1, .timeStampAuthority)] as [(Int, CustodyError.Code?)])
    func anAuthoritysCertificatesHaveAtMostSoManyBytes(more: Int, refusal: CustodyError.Code?) async throws {
        try await withFolder { folder in
            let one = try await TestTimeAuthority(in: folder).certificates()
            let space = [UInt8](repeating: 0x0A, count: TimeStampAuthority.bytesMax - one.count + more)
            #expect(await code { _ = try TimeStampAuthority(certificates: space + one) } == refusal)
        }
    }

    @Test(arguments: ["", "nothing", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
    func whatIsNoCertificateIsNoAuthority(text: String) async {
        #expect(await code { _ = try TimeStampAuthority(certificates: Array(text.utf8)) } == .timeStampAuthority)
    }

    @Test(arguments: ["", "1", "1.2.", "time", "1.2.3.x", "9.9.9", "sha256"])
    func whatIsNoObjectIdentifierIsNoPolicy(text: String) async throws {
        try await withFolder { folder in
            let certificates = try await TestTimeAuthority(in: folder).certificates()
            #expect(
                await code { _ = try TimeStampAuthority(certificates: certificates, policy: text) } == .timeStampPolicy)
        }
    }

    /// No byte makes another claim: each is signed, or says nothing.
    @Test func aTokenWithAChangedByteSaysTheSameOrIsRefused() async throws {
        try await withFolder { folder in
            let test = try await TestTimeAuthority(in: folder)
            let client = try TimeStampClient(url: test.url(), authority: test.authority())
            let stamp = try await client.stamp(note, nonce: Self.nonce)
            try await client.shutdown()
            for place in stamp.token.indices {
                var token = stamp.token
                token[place] ^= 0x20
                let again = try? client.authority.check(token: token, of: note.imprint)
                #expect(again == nil || (again?.time == stamp.time && again?.authority == stamp.authority), "\(place)")
                #expect((try? client.authority.check(token: Array(token[..<place]), of: note.imprint)) == nil)
            }
        }
    }

    // MARK: Now and then

    @Test(
        arguments: [
            (nil, 0, 0), (0, 0, 60), (0, 59, 1), (0, 60, 0), (0, 1_000_000, 0), (100, 50, 60), (.min, .max, 60),
            (.max, .min, 60),
        ] as [(Int64?, Int64, Int)])
    func afterAStartTheIntervalIsKeptAndNeverExceeded(last: Int64?, now: Int64, wait: Int) {
        let schedule = TimeStampSchedule(interval: .seconds(60))
        let micros = { (seconds: Int64) in seconds.multipliedReportingOverflow(by: 1_000_000) }
        func time(_ seconds: Int64) -> Int64 { micros(seconds).overflow ? seconds : micros(seconds).partialValue }
        #expect(schedule.wait(since: last.map(time), now: time(now)) == .seconds(wait))
    }

    /// A session with an authority, over a log of its own.
    private func withSession(
        _ kind: String, interval: Duration,
        _ body: (TestOwner, TestTimeAuthority, TimeStampSession) async throws -> Void
    ) async throws {
        try await withFolder { folder in
            let members = try TestMembers()
            let owner = try TestOwner(members.hospital, in: folder, document: members.document)
            let test = try await TestTimeAuthority(in: folder)
            let session = TimeStampSession(
                client: try TimeStampClient(url: test.url(kind), authority: test.authority()), interval: interval,
                store: owner.store, now: { Int64(Date().timeIntervalSince1970 * 1e6) },
                random: { .random(in: 0 ... .max) }, logger: Logger(label: "test"))
            let running = Task { await session.run() }
            try await body(owner, test, session)
            running.cancel()
            await running.value
        }
    }

    private func stamps(_ owner: TestOwner) throws -> [TimeStampRecord] {
        try owner.store.read { snapshot in
            try snapshot.timeStamps(of: try #require(try snapshot.ownLog()), limit: 100)
        }
    }

    private func until(_ isMet: () throws -> Bool) async throws {
        let deadline = ContinuousClock.Instant.soon
        while try !isMet() {
            try #require(ContinuousClock.now < deadline)
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    @Test func eachNewHeadIsStampedOnceAndNoHeadTwice() async throws {
        try await withSession("granted", interval: .milliseconds(1)) { owner, test, session in
            try await until { try stamps(owner).count == 1 }
            try owner.append(4)
            try await until { try stamps(owner).count == 2 }
            #expect(try stamps(owner).map(\.size) == [5, 1])
            #expect(session.status.isConnected)
            #expect(try test.made() == 2)
            for stamp in try stamps(owner) { #expect(stamp.note == (try owner.head(stamp.size))) }
            try owner.store.applyPending()
            let report = await LedgerVerifier(store: owner.store).run()
            #expect(report.findings.filter { $0.place.hasPrefix(owner.origin) } == [])
            #expect(report.timeStamps == 2)
        }
    }

    @Test func untilTheIntervalIsOverHeadsWait() async throws {
        try await withSession("granted", interval: .milliseconds(700)) { owner, _, _ in
            try await until { try stamps(owner).count == 1 }
            try owner.append(1)
            try await until { try stamps(owner).count == 2 }
            let times = try stamps(owner).map(\.time)
            // The second is asked for an interval after the first has come, which is after it was made.
            #expect(times[0] - times[1] >= 690_000)
        }
    }

    @Test func anAuthorityThatWasAwayStampsTheNewestHeadWhenItIsBack() async throws {
        try await withSession("down", interval: .milliseconds(1)) { owner, test, session in
            try await until { try stamps(owner).count == 1 }
            try Data().write(to: URL(filePath: test.downFile))
            try owner.append(1)
            try await until { session.status.problem != nil }
            #expect(session.status.problem?.contains("503") == true)
            try owner.append(7)
            #expect(unlink(test.downFile) == 0)
            try await until { try stamps(owner).count == 2 && session.status.problem == nil }
            #expect(try stamps(owner).map(\.size) == [9, 1])
        }
    }

    // MARK: Serving

    @Test func membersAreServedTheHeadsWithTheirTimeStamps() async throws {
        try await withFolder { folder in
            let members = try TestMembers()
            let owner = try TestOwner(members.hospital, in: folder, document: members.document)
            let test = try await TestTimeAuthority(in: folder)
            let client = try TimeStampClient(url: test.url(), authority: test.authority())
            let log = try #require(try owner.store.read { try $0.ownLog() })
            for size in [UInt64(1), 5] {
                if size > 1 { try owner.append(Int(size) - 1) }
                let stamp = try await client.stamp(owner.head(size), nonce: 1)
                try owner.store.write {
                    try $0.keep(stamp, of: owner.head(size), by: client.authority, url: client.url, log: log)
                }
            }
            try await client.shutdown()
            let router = Router(context: MemberContext.self)
            TimeStampRoutes(store: owner.store).add(to: router)
            let tls = try members.supplier.tls("supplier/gw")
            let path = LogPath.prefix(owner.origin) + "/custody/v1/time-stamp"
            try await serving(members.document, members.hospital.tls("hospital/gw"), router: router) { address in
                try await calling("hospital", at: address, as: tls, members.document) { client in
                    for (query, size) in [("", 5), ("?including=0", 1), ("?including=1", 5), ("?including=4", 5)] {
                        let answer = try await client.get(path: path + query, deadline: .soon)
                        let note = try SignedNote(bytes: answer.body)
                        #expect(try Checkpoint.open(note, log: owner.key.verifierKey).size == UInt64(size))
                        let stamp = try #require(note.timeStamps.first)
                        let imprint = try note.signedBy(log: owner.key.verifierKey).imprint
                        #expect(try test.authority().check(token: stamp.token, of: imprint).authority == "CN=Test tsa")
                    }
                    for (query, status) in [
                        ("?including=5", 404), ("?including=18446744073709551615", 404), ("?including=x", 400),
                        ("?including=-1", 400),
                    ] {
                        #expect(try await client.get(path: path + query, deadline: .soon).status == status, "\(query)")
                    }
                    let other = LogPath.prefix("supplier/gw") + "/custody/v1/time-stamp"
                    #expect(try await client.get(path: other, deadline: .soon).status == 404)
                }
            }
        }
    }
}
