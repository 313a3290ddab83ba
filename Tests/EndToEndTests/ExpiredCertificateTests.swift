import Consortium
import Foundation
import Testing

/// A certificate that has run out cuts a gateway's connections, and never its recording.
@Suite(.timeLimit(.minutes(2))) struct ExpiredCertificateTests {
    private static let contract = """
        custody-contract: 2
        name: custom-device
        version: 2
        steps:
          opened: {by: [hospital], facts: {number: public}}
          noted: {by: [regulator], after: opened, repeats: true}
        """

    private let site: TestSite
    private var regulator: String { site.state(of: "regulator") }

    init() throws {
        site = try TestSite(["supplier", "hospital", "regulator"], changed: { _ in Self.contract })
    }

    /// Gives the regulator's gateway a certificate that is `days` old.
    private func age(byDays days: Int) throws {
        let folder = try OrganisationFolder.load(at: site.folder + "/regulator")
        var random = SystemRandomNumberGenerator()
        let issued = try folder.authority.issueTLSCertificate(
            origin: "regulator/main", hosts: ["127.0.0.1"], now: .now - TimeInterval(days * 86_400), random: &random)
        try Data(issued.key.utf8).write(to: URL(fileURLWithPath: regulator + "/tls.key"))
        try Data(issued.certificate.utf8).write(to: URL(fileURLWithPath: regulator + "/tls.pem"))
    }

    /// Entries that the hospital has of the regulator's log.
    private func entriesAtTheHospital() throws -> UInt64 {
        struct Shown: Decodable {
            struct Log: Decodable {
                let origin: String
                let size: UInt64
            }

            let logs: [Log]
        }

        let lines = try site.custody("peers", "--json", "--state", site.state(of: "hospital"))
        let shown = try JSONDecoder().decode(Shown.self, from: Data(lines.joined().utf8))
        return shown.logs.first { $0.origin == "regulator/main" }?.size ?? 0
    }

    private func knowsTheOrder() throws -> Bool { try site.run(["trace", "N-1", "--state", regulator]).code == 0 }

    private func note() throws { try site.custody("record", "N-1", "noted", "--state", regulator) }

    @Test func aGatewayWhoseCertificateHasExpiredIsCutOffAndGoesOnRecording() async throws {
        try site.custody(
            "order", "open", "--contract", "custom-device", "--number", "N-1", "--state", site.state(of: "hospital"))
        try site.listen("hospital")
        let hospital = try await RunningGateway(site, of: "hospital")
        try site.listen("regulator", peers: [("hospital", hospital.port)])
        let before = try await RunningGateway(site, of: "regulator")
        try await until("the order is known") { try knowsTheOrder() }
        try await until("the hospital has the log") { try entriesAtTheHospital() == 1 }
        before.stop()

        try age(byDays: CertificateAuthority.tlsDays + 1)
        let expired = try await RunningGateway(site, of: "regulator")
        try await until("people are told") {
            try site.custody("peers", "--json", "--state", regulator).joined().contains("does not accept this gateway")
        }
        try note()
        #expect(try site.custody("trace", "N-1", "--state", regulator).contains { $0.hasPrefix("noted") })
        expired.stop()
        #expect(try entriesAtTheHospital() == 1)

        try site.custody("organisation", "tls", site.folder + "/regulator", "--state", regulator)
        let renewed = try await RunningGateway(site, of: "regulator")
        try await until("what was recorded meanwhile arrives") { try entriesAtTheHospital() == 2 }
        renewed.stop()
        hospital.stop()
        try site.custody("verify", "--state", regulator)
    }
}
