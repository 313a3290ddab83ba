import FoundationEssentials
import HTTPTypes
import Ledger
import Testing

@testable import Consortium

/// C2SP tlog-tiles and tlog-mirror as a stranger's client meets them.
@Suite(.timeLimit(.minutes(2))) struct TileRouteTests {
    private func get(_ path: String) async throws -> (PeerAnswer, TestMirror) {
        let test = try await TestMirror()
        let prefix = LogPath.prefix(test.owner.origin)
        return (try await test.calling { try await $0.get(path: prefix + path, deadline: .soon) }, test)
    }

    @Test func theCheckpointIsTextThatNobodyKeepsAndCarriesTheMirrorsCosignature() async throws {
        let (answer, test) = try await get("/checkpoint")
        #expect(answer.status == 200)
        #expect(answer.headers[.contentType] == "text/plain; charset=utf-8")
        #expect(answer.headers[.cacheControl] == "no-cache")
        let note = try SignedNote(bytes: answer.body)
        #expect(try Checkpoint.open(note, log: test.owner.key.verifierKey).size == TestMirror.stored)
        #expect(try note.verified(by: [test.members.hospital.cosigner.verifierKey]).count == 1)
    }

    @Test(arguments: [("/tile/0/000", 256), ("/tile/0/001.p/14", 14), ("/tile/0/001.p/3", 3), ("/tile/1/000.p/1", 1)])
    func aTileIsItsHashesForEver(path: String, width: Int) async throws {
        let (answer, _) = try await get(path)
        #expect(answer.status == 200)
        #expect(answer.body.count == width * Hash.byteCount)
        #expect(answer.headers[.contentType] == "application/octet-stream")
        #expect(answer.headers[.cacheControl]?.contains("immutable") == true)
        #expect(answer.headers[.contentEncoding] == nil)
    }

    @Test(arguments: [("/tile/entries/000", 256), ("/tile/entries/001.p/14", 14), ("/tile/entries/001.p/1", 1)])
    func aBundleIsItsEntriesForEverAndCompressed(path: String, width: Int) async throws {
        let (answer, test) = try await get(path)
        #expect(answer.status == 200)
        #expect(answer.headers[.contentEncoding] == "gzip")
        #expect(answer.headers[.vary] == "Accept-Encoding")
        #expect(answer.headers[.cacheControl]?.contains("immutable") == true)
        let entries = try #require(MirrorUpload.entries(inBundle: answer.body, count: width))
        let first = UInt64(path.contains("001") ? 256 : 0)
        #expect(entries == (try test.owner.packages(from: first, to: first + UInt64(width)).flatMap(\.entries)))
    }

    @Test(arguments: [
        "/tile/0/001", "/tile/0/001.p/15", "/tile/0/001.p/0", "/tile/0/001.p/256", "/tile/0/002.p/1", "/tile/0/0",
        "/tile/1/000", "/tile/1/000.p/2", "/tile/8/000.p/1", "/tile/63/000", "/tile/64/000", "/tile/00/000",
        "/tile/entries/001", "/tile/entries/001.p/15", "/tile/entries/x000/000",
        "/tile/entries/x018/x446/x744/x073/x709/x551/615", "/tile/0/x18446744073709551615", "/tile/", "/other",
    ])
    func whatIsNotThereIsNotFound(path: String) async throws {
        #expect(try await get(path).0.status == 404)
    }

    @Test func anUnknownLogIsNotFound() async throws {
        let test = try await TestMirror()
        let prefix = LogPath.prefix("supplier/other")
        for path in ["/checkpoint", "/tile/0/000"] {
            #expect(try await test.calling { try await $0.get(path: prefix + path, deadline: .soon) }.status == 404)
        }
    }

    @Test func anUploadMayBeCompressed() async throws {
        let test = try await TestMirror()
        let header = MirrorUpload.Header(origin: test.owner.origin, start: 270, end: 300)
        let body = MirrorUpload.header(header) + (try test.owner.packages(from: 270, to: 300)).flatMap(\.bytes)
        let small = try #require(Gzip.compress(body))
        #expect(small.count < body.count)
        let answers = try await test.calling { client in
            let wrong = try await client.post(
                path: "/add-entries", contentType: "application/octet-stream", body: body, encoding: "br",
                deadline: .soon)
            let damaged = try await client.post(
                path: "/add-entries", contentType: "application/octet-stream", body: body, encoding: "gzip",
                deadline: .soon)
            let right = try await client.post(
                path: "/add-entries", contentType: "application/octet-stream", body: small, encoding: "gzip",
                deadline: .soon)
            return [wrong, damaged, right]
        }
        #expect(answers.map(\.status) == [400, 400, 200])
        #expect(answers[2].headers[.acceptEncoding]?.contains("gzip") == true)
        #expect(String(decoding: answers[2].body, as: UTF8.self).hasPrefix("\u{2014} hospital/cosigner "))
    }

    @Test func anUploadOfNothingAsksWhereTheMirrorStands() async throws {
        let test = try await TestMirror()
        let header = MirrorUpload.header(MirrorUpload.Header(origin: test.owner.origin, start: 0, end: 0))
        let answer = try await test.calling {
            try await $0.post(
                path: "/add-entries", contentType: "application/octet-stream", body: header, deadline: .soon)
        }
        #expect(answer.status == 409)
        #expect(answer.headers[.contentType] == "text/x.tlog.mirror-info")
        let info = try #require(MirrorInfo(text: String(decoding: answer.body, as: UTF8.self)))
        #expect(info.size == 300 && info.next == 270)
    }
}
