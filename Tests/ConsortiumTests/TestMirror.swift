import FoundationEssentials
import Hummingbird
import Ledger
import Store
import Testing

@testable import Consortium

/// The hospital's consortium port with a mirror of the supplier's log of 300 entries: it has 270 of them, cosigned, and
/// knows the head of 300.
final class TestMirror: Sendable {
    static let stored: UInt64 = 270
    static let pending: UInt64 = 300
    /// UTC microseconds.
    static let time: Int64 = 1_700_000_000_000_000

    let folder: String
    let members: TestMembers
    let owner: TestOwner
    let store: LedgerStore
    let mirror: Consortium.Mirror
    let logged = LoggedLines()

    init() async throws {
        folder = FileManager.default.temporaryDirectory.path + "/custody-port-\(UInt64.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        members = try TestMembers()
        owner = try TestOwner(members.supplier, in: folder, document: members.document)
        try owner.append(Int(Self.pending) - 1)
        store = try TestOwner.store(in: folder, name: "mirror", document: members.document)
        mirror = Mirror(store: store, cosigner: ("hospital", members.hospital.cosigner), now: { Self.time })
        try await mirror.introduce(origin: owner.origin, chain: owner.chain)
        #expect(try await mirror.addCheckpoint(owner.checkpoint(old: 0, size: Self.stored)).status == 200)
        try await upload(from: 0, to: Self.stored)
        #expect(try await mirror.addCheckpoint(owner.checkpoint(old: Self.stored, size: Self.pending)).status == 200)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func upload(from start: UInt64, to end: UInt64) async throws {
        let header = MirrorUpload.Header(origin: owner.origin, start: start, end: end)
        guard case .proceed(let target) = try await mirror.begin(header) else {
            Issue.record("the upload was refused")
            return
        }
        for package in try owner.packages(from: start, to: end) {
            _ = try await mirror.take(package, for: target.checkpoint)
        }
        #expect(try await mirror.finish(target)?.status == 200)
    }

    var record: LogRecord {
        get throws { try #require(try store.read { try $0.log(owner.origin) }) }
    }

    /// Serves the port while the supplier's gateway calls it.
    func calling<Value: Sendable>(_ body: (ConsortiumClient) async throws -> Value) async throws -> Value {
        let router = Router(context: MemberContext.self)
        MirrorRoutes(
            store: store, mirror: mirror, pushes: RecentPushes(), instance: "test", now: { Self.time },
            logger: logged.logger
        ).add(to: router)
        let tls = try members.supplier.tls("supplier/gw")
        return try await serving(members.document, members.hospital.tls("hospital/gw"), router: router) { address in
            try await ConsortiumTests.calling("hospital", at: address, as: tls, members.document, body: body)
        }
    }
}
