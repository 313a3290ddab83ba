import FoundationEssentials
import Hummingbird
import Ledger
import Logging
import NIOSSL
import ServiceLifecycle
import Testing
import X509

@testable import Consortium

/// A consortium of three, made in memory.
struct TestMembers {
    let hospital: TestMember
    let supplier: TestMember
    let regulator: TestMember
    let document: ConsortiumDocument

    init() throws {
        hospital = try TestMember("hospital", .hospital)
        supplier = try TestMember("supplier", .supplier)
        regulator = try TestMember("regulator", .regulator)
        let organisations = [hospital, supplier, regulator].map(\.organisation)
        let draft = try ConsortiumDraft(name: "Test", organisations: organisations, contracts: [])
        document = try ConsortiumDocument(text: draft.text)
    }
}

struct TestMember {
    let authority: CertificateAuthority
    let key: SigningKey
    let cosigner: SigningKey
    let organisation: ConsortiumDocument.Organisation

    init(_ id: String, _ role: Role) throws {
        var random = SystemRandomNumberGenerator()
        authority = try CertificateAuthority.create(organisation: id, now: .now, random: &random)
        key = try SigningKey.generate(name: id, algorithm: .ed25519)
        cosigner = try SigningKey.generate(name: "\(id)/cosigner", algorithm: .cosignature)
        organisation = ConsortiumDocument.Organisation(
            id: id, name: "The \(id)", role: role, certificate: authority.certificatePEM, key: key.verifierKey,
            cosigner: cosigner.verifierKey)
    }

    func tls(
        _ origin: String, hosts: [String] = ["127.0.0.1"],
        usages: [ExtendedKeyUsage.Usage] = [.serverAuth, .clientAuth], now: Date = .now
    ) throws -> ConsortiumTLS {
        let issued = try authority.issueTLS(
            origin: origin, hosts: hosts, usages: usages, days: CertificateAuthority.tlsDays, now: now, serial: .init())
        return try ConsortiumTLS(certificate: issued.certificate, key: issued.key)
    }
}

/// Runs a consortium port with these routes while `body` calls it.
func serving<Value: Sendable>(
    _ document: ConsortiumDocument, _ tls: ConsortiumTLS, router: Router<MemberContext>,
    body: (_ address: String) async throws -> Value
) async throws -> Value {
    let (ports, running) = AsyncStream<Int>.makeStream()
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    let server = try ConsortiumServer(
        router: router, document: document, tls: tls, host: "127.0.0.1", port: 0, logger: logger,
        onRunning: { running.yield($0) })
    let services = ServiceGroup(configuration: .init(services: [server], logger: logger))
    return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
            defer { running.finish() }
            try await services.run()
        }
        let port = try #require(await ports.first { _ in true })
        let result: Result<Value, any Error>
        do { result = .success(try await body("https://127.0.0.1:\(port)")) } catch { result = .failure(error) }
        await services.triggerGracefulShutdown()
        try await group.waitForAll()
        return try result.get()
    }
}

/// Gives one client to `body` and closes it after.
func calling<Value>(
    _ organisation: String, at address: String, as tls: ConsortiumTLS, _ document: ConsortiumDocument,
    body: (ConsortiumClient) async throws -> Value
) async throws -> Value {
    let client = try ConsortiumClient(organisation: organisation, address: address, tls: tls, document: document)
    let result: Result<Value, any Error>
    do { result = .success(try await body(client)) } catch { result = .failure(error) }
    try await client.shutdown()
    return try result.get()
}

extension ContinuousClock.Instant {
    /// Long enough for any machine: a test that waits for it has failed.
    static var soon: Self { .now + .seconds(30) }
}

/// A folder that goes away with the test.
func withFolder<Value>(_ body: (String) async throws -> Value) async throws -> Value {
    let folder = FileManager.default.temporaryDirectory.path + "/custody-\(UInt64.random(in: 0 ... .max))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try await body(folder)
}

/// The code of the error that `body` throws.
func code(_ body: () async throws -> Void) async -> CustodyError.Code? {
    do {
        try await body()
        return nil
    } catch {
        return (error as? CustodyError)?.code
    }
}
