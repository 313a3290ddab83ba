import FoundationEssentials
import Ledger
import Testing

@testable import Consortium

/// The supplier's log of 2,900 entries: more than a body reads at once.
@Suite final class UploadBodyTests {
    let folder: String
    let owner: TestOwner

    init() throws {
        folder = FileManager.default.temporaryDirectory.path + "/custody-upload-\(UInt64.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let members = try TestMembers()
        owner = try TestOwner(members.supplier, in: folder, document: members.document)
        try owner.append(2_899)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private func body(from start: UInt64, to end: UInt64, packagesMax: Int = .max) async throws -> [UInt8] {
        let parts = UploadBody(
            header: MirrorUpload.Header(origin: owner.origin, start: start, end: end), store: owner.store,
            clock: .system, packagesMax: packagesMax, until: .now + .seconds(60), sent: SentBytes())
        var body: [UInt8] = []
        for try await part in parts { body += part }
        return body
    }

    /// What a proof shares with the one before it is not read again, and every proof is what it would be alone.
    @Test(arguments: [(0, 0), (0, 1), (0, 256), (0, 2_048), (0, 2_900), (250, 2_049), (2_048, 2_900), (2_899, 2_900)])
    func aBodyIsItsHeaderAndItsPackages(start: UInt64, end: UInt64) async throws {
        let header = MirrorUpload.Header(origin: owner.origin, start: start, end: end)
        let packages = try owner.packages(from: start, to: end)
        #expect(try await body(from: start, to: end) == MirrorUpload.header(header) + packages.flatMap(\.bytes))
    }

    @Test(arguments: [1, 7, 8, 9, 12, 13]) func aBodyHasAtMostItsPackages(count: Int) async throws {
        let header = MirrorUpload.Header(origin: owner.origin, start: 0, end: 2_900)
        let packages = try owner.packages(from: 0, to: 2_900).prefix(count)
        let body = try await body(from: 0, to: 2_900, packagesMax: count)
        #expect(body == MirrorUpload.header(header) + packages.flatMap(\.bytes))
    }
}
