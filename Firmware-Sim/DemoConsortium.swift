import Glibc
import Ledger

/// Founds the consortium of the demo, through the command line alone.
struct DemoConsortium: Sendable {
    static let contractName = "custom-device"

    let folder: DemoFolder
    let program: CustodyProgram
    let members: [DemoMember]
    /// The folder with the contracts.
    let contracts: String

    private var note: String { folder.file("consortium.note") }

    /// Organisations, a document that all of them sign, and a state directory for each.
    func found() async throws {
        try checkContracts()
        try folder.makeFolder("organisations")
        for member in members { try await createOrganisation(member) }
        try await program.output(
            ["consortium", "create", "demo"]
                + members.flatMap { ["--organisation", "\(organisation($0))/organisation.yaml"] }
                + ["--contract", contractFile, "-o", note])
        for member in members {
            try await program.output(["consortium", "sign", note, "--organisation", organisation(member)])
        }
        for member in members { try await makeState(member) }
    }

    /// A person of an organisation with a key of their own, which no gateway has.
    /// - Returns: what lets `custody record` sign as this operator.
    func certifyOperator(_ id: String, of member: DemoMember) async throws -> [String] {
        let place = folder.file(id)
        try await program.output(["operator", "init", id, "--directory", place])
        try await program.output([
            "operator", "certify", "\(place)/operator.csr", "--organisation", organisation(member),
        ])
        return ["--operator-key", "\(place)/operator.key"]
    }

    private var contractFile: String { "\(contracts)/\(DemoConsortium.contractName).yaml" }

    private func checkContracts() throws {
        guard access(contractFile, R_OK) == 0 else {
            throw CustodyError(
                "demo-contract-missing", "The demo's contract cannot be read: \(systemMessage())", at: contractFile,
                remedy: "Run the demo in the project's folder, or name the right --contracts.")
        }
    }

    private func organisation(_ member: DemoMember) -> String { folder.file("organisations/\(member.id)") }

    private func createOrganisation(_ member: DemoMember) async throws {
        try await program.output([
            "organisation", "create", member.id, "--role", member.role.rawValue, "--name", member.role.name,
            "--directory", organisation(member),
        ])
    }

    private func makeState(_ member: DemoMember) async throws {
        try await program.output([
            "init", "--state", member.state, "--organisation", organisation(member), "--gateway", "main",
            "--consortium", note, "--contracts", contracts, "--cosigner",
        ])
        try folder.makeFolder("\(member.id)/labels")
    }
}
