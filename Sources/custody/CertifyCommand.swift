import ArgumentParser
import Consortium
import Foundation
import Gateway
import Ledger
import Store

/// Lets a gateway that an earlier release made open next generations of its log.
struct CertifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "certify", abstract: "Let a gateway open the next generations of its log by itself.",
        discussion: """
            custody init does this for new gateways. A CA that an earlier release made may have no authority below it: with \
            --next it certifies one generation itself, of a gateway that must not continue its log.
            """)

    @Option(help: "The organisation's folder.")
    var organisation: String
    @Flag(help: "Open the next generation now, certified by the CA itself.")
    var next = false
    @OptionGroup var state: StateOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let folder = try OrganisationFolder.load(at: organisation)
        let directory = state.directory
        let lock = try directory.lock()
        defer { withExtendedLifetime(lock) {} }
        if next { try open(directory, folder) } else { try certify(directory, folder) }
    }

    private func certify(_ directory: StateDirectory, _ folder: OrganisationFolder) throws {
        let origin =
            PrivateFile.exists(directory.ledger)
            ? try LedgerStore(path: directory.ledger, readOnly: true).ownOrigin() : try GatewayKeys.log(directory).name
        let gateway = Generation.gateway(ofOrigin: origin)
        var random = SystemRandomNumberGenerator()
        let issued = try folder.authority.issueGenerationAuthority(gateway: gateway, now: Date(), random: &random)
        try PrivateFile.create(directory.generationKey, bytes: Array(issued.key.utf8))
        try PrivateFile.create(directory.generationCertificate, bytes: Array(issued.certificate.utf8))
        try output.print(["gateway": gateway], text: "\(gateway) can open the next generations of its log")
    }

    private func open(_ directory: StateDirectory, _ folder: OrganisationFolder) throws {
        let start = try GatewayStart(state: directory, instruments: .system())
        let opened = try start.open(certify: { origin, key in
            var random = SystemRandomNumberGenerator()
            return try folder.authority.issueLogCertificate(origin: origin, key: key, now: Date(), random: &random)
        })
        guard let opening = opened.opening else {
            return try output.print(
                ["log": try opened.ledger.ownOrigin()], text: "nothing speaks against this log: it goes on")
        }
        try output.print(
            ["log": opening.origin, "why": opening.doubt.cause.rawValue],
            text: "\(opening.origin) is open: \(opening.doubt.cause.message)")
    }
}
