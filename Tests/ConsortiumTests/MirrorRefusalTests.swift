import FoundationEssentials
import HTTPTypes
import Ledger
import Store
import Testing

@testable import Consortium

/// What a mirror refuses, each with a code of its own; what was signed is kept as evidence.
@Suite(.timeLimit(.minutes(2))) struct MirrorRefusalTests {
    struct Lie: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let status: Int
        let code: CustodyError.Code
        var path = "/add-entries"
        var isEvidence = false
        let body: @Sendable (TestMirror) throws -> [UInt8]
    }

    private static func header(_ test: TestMirror, from start: UInt64, to end: UInt64) -> [UInt8] {
        MirrorUpload.header(MirrorUpload.Header(origin: test.owner.origin, start: start, end: end))
    }

    private static func checkpoint(
        _ size: UInt64, from old: UInt64, proof: [Hash] = [], by key: SigningKey, origin: String? = nil
    ) throws -> [UInt8] {
        let note = try Checkpoint(origin: origin ?? key.name, size: size, root: Hash.sha256([9])).signed(by: key)
        return Array(CheckpointRequest(oldSize: old, proof: proof, note: note).text.utf8)
    }

    static let heads = [
        Lie(
            testDescription: "another head of the size that is pending", status: 409, code: .headsInconsistent,
            path: "/add-checkpoint", isEvidence: true
        ) { try checkpoint(300, from: 300, by: $0.owner.key) },
        Lie(
            testDescription: "another head of a size that is long past", status: 409, code: .headsInconsistent,
            path: "/add-checkpoint", isEvidence: true
        ) { try checkpoint(100, from: 0, by: $0.owner.key) },
        Lie(
            testDescription: "a longer head of another branch, with its proof", status: 422, code: .headsInconsistent,
            path: "/add-checkpoint", isEvidence: true
        ) { test in
            let clone = try TestOwner(
                cloneOf: test.owner, of: test.members.supplier, in: test.folder, document: test.members.document)
            try clone.append(309, saying: "otherwise")
            return Array(try clone.checkpoint(old: 300, size: 310).text.utf8)
        },
        Lie(
            testDescription: "a longer head without a proof", status: 422, code: .consistencyRefused,
            path: "/add-checkpoint"
        ) { try checkpoint(301, from: 300, by: $0.owner.key) },
        Lie(
            testDescription: "a proof where none is needed", status: 422, code: .consistencyRefused,
            path: "/add-checkpoint"
        ) { test in
            let request = CheckpointRequest(oldSize: 300, proof: [.emptyTree], note: try test.owner.head(300))
            return Array(request.text.utf8)
        },
        Lie(
            testDescription: "a head that another key signed", status: 403, code: .checkpointUnsigned,
            path: "/add-checkpoint"
        ) { test in
            let key = try SigningKey.generate(name: test.owner.origin, algorithm: .ed25519)
            return try checkpoint(301, from: 300, by: key)
        },
        Lie(testDescription: "no checkpoint", status: 400, code: .requestMalformed, path: "/add-checkpoint") { _ in
            Array("old 1\n\nno note\n".utf8)
        },
        Lie(
            testDescription: "an old size above the head's", status: 400, code: .requestMalformed,
            path: "/add-checkpoint"
        ) { test in
            Array(CheckpointRequest(oldSize: 301, proof: [], note: try test.owner.head(300)).text.utf8)
        },
        Lie(
            testDescription: "a checkpoint without end", status: 413, code: .requestTooLarge, path: "/add-checkpoint"
        ) { _ in [UInt8](repeating: 0x61, count: CheckpointRequest.bytesMax + 1) },
    ]

    static let uploads = [
        Lie(testDescription: "another entry at an index that is taken", status: 422, code: .indexReused) { test in
            let right = try test.owner.packages(from: 260, to: 300)[0]
            var entries = right.entries
            entries[5][40] ^= 1
            return header(test, from: 260, to: 300)
                + MirrorUpload.Package(start: 260, entries: entries, proof: right.proof).bytes
        },
        Lie(testDescription: "another entry than the head says", status: 422, code: .packageRefused) { test in
            let right = try test.owner.packages(from: 270, to: 300)[0]
            var entries = right.entries
            entries[5][40] ^= 1
            return header(test, from: 270, to: 300)
                + MirrorUpload.Package(start: 270, entries: entries, proof: right.proof).bytes
        },
        Lie(testDescription: "an upload that came before", status: 409, code: .uploadReplayed) { test in
            try header(test, from: 0, to: 270) + test.owner.packages(from: 0, to: 270).flatMap(\.bytes)
        },
        Lie(testDescription: "an upload that begins far back", status: 409, code: .uploadReplayed) { test in
            try header(test, from: 0, to: 300) + test.owner.packages(from: 0, to: 300).flatMap(\.bytes)
        },
        Lie(testDescription: "half an upload", status: 400, code: .uploadTruncated) { test in
            let package = try test.owner.packages(from: 270, to: 300)[0].bytes
            return header(test, from: 270, to: 300) + package.prefix(package.count / 2)
        },
        Lie(testDescription: "half a header", status: 400, code: .uploadTruncated) { test in
            Array(header(test, from: 270, to: 300).dropLast())
        },
        Lie(testDescription: "an upload with more behind it", status: 413, code: .uploadOversized) { test in
            try header(test, from: 270, to: 300) + test.owner.packages(from: 270, to: 300).flatMap(\.bytes) + [0]
        },
        Lie(testDescription: "a proof of 64 hashes", status: 413, code: .uploadOversized) { test in
            let right = try test.owner.packages(from: 270, to: 300)[0]
            let proof = [Hash](repeating: .emptyTree, count: 64)
            return header(test, from: 270, to: 300)
                + MirrorUpload.Package(start: 270, entries: right.entries, proof: proof).bytes
        },
    ]

    @Test(arguments: heads + uploads) func aLieIsRefusedWithItsCode(lie: Lie) async throws {
        let test = try await TestMirror()
        let body = try lie.body(test)
        let answer = try await test.calling { client in
            try await client.post(
                path: lie.path, contentType: "application/octet-stream", body: body, deadline: .soon)
        }
        #expect(answer.status == lie.status)
        let name = try #require(MirrorRoutes.refusalCode)
        #expect(answer.headers[name] == lie.code.rawValue)
        if answer.status != 409 {
            #expect(String(decoding: answer.body, as: UTF8.self).contains("[\(lie.code)]"))
        }
        #expect(test.logged.all.contains { $0.contains("code=\(lie.code) ") && $0.contains("member=supplier/gw") })
        let record = try test.record
        #expect(record.size == TestMirror.stored)
        #expect((record.frozen != nil) == lie.isEvidence)
        let evidence = try test.store.read { try $0.evidence(against: record.id) }
        #expect((evidence != nil) == lie.isEvidence)
        _ = try evidence?.check(log: test.owner.key.verifierKey)
        #expect(try test.store.read { try $0.cosignatures(size: TestMirror.pending, of: record.id) }.isEmpty)
    }

    @Test func aBrokenChainIsRefusedAndKeptAsEvidenceBecauseItsLogSignedIt() async throws {
        let test = try await TestMirror()
        try test.owner.appendBroken(then: 0)
        let request = try test.owner.checkpoint(old: 300, size: 301)
        let packages = try test.owner.packages(from: 270, to: 301)
        let answer = try await test.calling { client in
            let taken = try await client.post(
                path: "/add-checkpoint", contentType: "text/plain", body: Array(request.text.utf8), deadline: .soon)
            #expect(taken.status == 200)
            let header = MirrorUpload.Header(origin: test.owner.origin, start: 270, end: 301)
            return try await client.post(
                path: "/add-entries", contentType: "application/octet-stream",
                body: MirrorUpload.header(header) + packages.flatMap(\.bytes), deadline: .soon)
        }
        #expect(answer.status == 422)
        #expect(String(decoding: answer.body, as: UTF8.self).contains("[previous-mismatch]"))
        let record = try test.record
        #expect(record.size == 300 && record.common == 300)
        let evidence = try #require(try test.store.read { try $0.evidence(against: record.id) })
        #expect(try evidence.check(log: test.owner.key.verifierKey).size == 301)
        #expect(try test.store.read { try $0.cosignatures(size: 301, of: record.id) }.isEmpty)
    }

    @Test func aMemberThatIsRefusedTooOftenHasToWait() async throws {
        let test = try await TestMirror()
        try await test.calling { client in
            for _ in 0..<RefusalLimit.refusalsMax {
                let answer = try await client.post(
                    path: "/add-checkpoint", contentType: "text/plain", body: [0x0A], deadline: .soon)
                #expect(answer.status == 400)
            }
            let answer = try await client.post(
                path: "/add-checkpoint", contentType: "text/plain", body: [0x0A], deadline: .soon)
            #expect(answer.status == 429)
            #expect(answer.headers[.retryAfter] == "\(RefusalLimit.span)")
        }
    }

    @Test(arguments: [(-1, nil), (0, 10), (1, 10)] as [(Int, Int64?)])
    func refusalsAreCountedForASpan(step: (offset: Int, wait: Int64?)) {
        let limit = RefusalLimit()
        for _ in 0..<(RefusalLimit.refusalsMax + step.offset) { limit.note("supplier/gw", now: 100) }
        #expect(limit.wait(of: "supplier/gw", now: 100 + RefusalLimit.span - 10) == step.wait)
        #expect(limit.wait(of: "supplier/gw", now: 100 + RefusalLimit.span) == nil)
        #expect(limit.wait(of: "hospital/gw", now: 100) == nil)
    }
}
