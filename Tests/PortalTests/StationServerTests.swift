import AsyncHTTPClient
import Capture
import Consortium
import Foundation
import Gateway
import Identifiers
import Ledger
import Logging
import NIOCore
import NIOHTTP1
import NIOSSL
import Portal
import ServiceLifecycle
import Synchronization
import Testing

/// Uploads over real TLS to a station that answers as the test says.
@Suite final class StationServerTests {
    static let token = "a-token-of-the-dock-0001"

    let folder: String
    let organisation: OrganisationFolder
    let tls: ConsortiumTLS

    init() throws {
        folder = FileManager.default.temporaryDirectory.path + "/custody-uploads-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        var random = SystemRandomNumberGenerator()
        organisation = try OrganisationFolder.create(
            id: "hospital", name: "hospital", role: .hospital, at: "\(folder)/organisation", now: Date(),
            random: &random)
        let pair = try organisation.authority.issueTLSCertificate(
            origin: "hospital/main", hosts: ["127.0.0.1"], now: Date(), random: &random)
        tls = try ConsortiumTLS(certificate: pair.certificate, key: pair.key)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private func tokenFile(_ text: String = token + "\n") throws -> String {
        let path = "\(folder)/token-\(UUID().uuidString)"
        try PrivateFile.create(path, bytes: Array(text.utf8))
        return path
    }

    private func station(_ answer: @escaping @Sendable (String) -> ScanAcknowledgement) throws -> UploadStation {
        let inlet = StationInlet(
            station: "dock",
            reader: PayloadReader(kind: .text, decoder: DecodeClient(executable: "/bin/false", arguments: [])),
            dwell: 0, now: { 0 }, accept: { scan, _ in answer(String(decoding: scan.bytes, as: UTF8.self)) })
        return try UploadStation(inlet: inlet, tokenFile: try tokenFile())
    }

    private struct Upload {
        var path = "/v1/stations/dock"
        var token: String? = StationServerTests.token
        var body = Array("A1\n".utf8)
    }

    private func answers(
        to uploads: [Upload], from station: UploadStation
    ) async throws -> [(status: UInt, body: String)] {
        let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
        let server = try StationServer(
            stations: [station], tls: tls, host: "127.0.0.1", port: 0, logger: Logger(label: "test"),
            onRunning: { continuation.yield($0) })
        var client = TLSConfiguration.makeClientConfiguration()
        client.trustRoots = .certificates(
            [try NIOSSLCertificate(bytes: Array(organisation.organisation.certificate.utf8), format: .pem)])
        let http = HTTPClient(configuration: .init(tlsConfiguration: client))
        let group = ServiceGroup(
            configuration: .init(services: [.init(service: server)], logger: Logger(label: "test")))
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            var found: [(status: UInt, body: String)] = []
            for await port in ports {
                for upload in uploads {
                    var request = HTTPClientRequest(url: "https://127.0.0.1:\(port)\(upload.path)")
                    request.method = .POST
                    if let token = upload.token { request.headers.add(name: "authorization", value: "Bearer \(token)") }
                    request.body = .bytes(ByteBuffer(bytes: upload.body))
                    let response = try await http.execute(request, timeout: .seconds(30))
                    let body = try await response.body.collect(upTo: 1 << 20)
                    found.append((response.status.code, String(buffer: body)))
                }
                break
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            try await http.shutdown()
            return found
        }
    }

    @Test func answersWithWhatBecameOfEachScan() async throws {
        let busy = CustodyError(.recorderBusy, "the gateway is busy")
        let station = try station { text in
            switch text {
            case "A1": .recorded
            case "A2": .held(CustodyError("scan-incomplete", "scan the other symbol"))
            case "A3": .refused(CustodyError("scan-unmatched", "no order is known"))
            default: .unavailable(busy)
            }
        }
        let found = try await answers(
            to: ["A1", "A1\nA2", "A1\nA3", "A3\nA4"].map { Upload(body: Array($0.utf8)) }, from: station)
        #expect(found.map(\.status) == [200, 200, 422, 503])
        #expect(found[0].body.contains(#""verdict":"recorded""#))
        #expect(found[1].body.contains(#""verdict":"held""#))
        #expect(found[2].body.contains("no order is known"))
        #expect(found[3].body.contains(#""code":"recorder-busy""#))
    }

    @Test func letsNobodyInWithoutTheStationsToken() async throws {
        let taken = Mutex(0)
        let station = try station { _ in
            taken.withLock { $0 += 1 }
            return .recorded
        }
        let found = try await answers(
            to: [
                Upload(token: nil), Upload(token: ""), Upload(token: Self.token + "x"),
                Upload(token: String(Self.token.dropLast()) + "2"), Upload(path: "/v1/stations/another"),
            ], from: station)
        #expect(found.map(\.status) == [401, 401, 401, 401, 401])
        #expect(Set(found.map(\.body)).count == 1)
        #expect(taken.withLock { $0 } == 0)
    }

    @Test func refusesAnUploadAboveItsLimit() async throws {
        let station = try station { _ in .recorded }
        let found = try await answers(
            to: [Upload(body: [UInt8](repeating: 0x41, count: StationServer.bodyBytesMax + 1)), Upload(body: [])],
            from: station)
        #expect(found.map(\.status) == [413, 422])
    }

    @Test(arguments: ["", "short\n", String(repeating: "x", count: 513)])
    func refusesATokenThatIsTooShortOrTooLong(text: String) throws {
        let inlet = StationInlet(
            station: "dock",
            reader: PayloadReader(kind: .text, decoder: DecodeClient(executable: "/bin/false", arguments: [])),
            dwell: 0, now: { 0 }, accept: { _, _ in .recorded })
        let file = try tokenFile(text)
        #expect(throws: CustodyError("token-unusable", "")) { try UploadStation(inlet: inlet, tokenFile: file) }
    }
}
