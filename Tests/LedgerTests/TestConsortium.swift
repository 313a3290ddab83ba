import Foundation
import Ledger
import Testing

/// A consortium of five with fixed keys, so that all of its bytes are the same in every run.
struct TestConsortium {
    struct Member {
        let id: String
        let role: Role
        /// Signs consortium documents.
        let key: SigningKey
        let cosigner: SigningKey
        /// Of the log of its one gateway.
        let log: SigningKey

        var origin: String { "\(id)/gw" }

        init(_ role: Role, seed: UInt8) throws {
            id = role.rawValue
            self.role = role
            key = try Self.key(id, .ed25519, seed)
            cosigner = try Self.key("\(id)/cosigner", .cosignature, seed + 10)
            log = try Self.key("\(id)/gw", .ed25519, seed + 20)
        }

        private static func key(_ name: String, _ algorithm: KeyAlgorithm, _ seed: UInt8) throws -> SigningKey {
            try SigningKey(name: name, algorithm: algorithm, rawRepresentation: [UInt8](repeating: seed, count: 32))
        }
    }

    static let quorum = "group some 2 hospital supplier regulator\nquorum some\n"

    let members: [Member]
    let contracts: [Contract]
    /// Signed by all five.
    let note: SignedNote
    let document: ConsortiumDocument
    let rulebook: Rulebook

    /// - Parameter contracts: the sample contracts where none are given.
    init(contracts: [Contract]? = nil, version: Int = 1, previous: Hash? = nil) throws {
        self.contracts = try contracts ?? Self.sampleContracts()
        members = try Role.allCases.enumerated().map { try Member($1, seed: UInt8($0 + 1)) }
        let text = Self.text(members: members, contracts: self.contracts, version: version, previous: previous)
        note = try SignedNote(text: text, signatures: try members.map { try $0.key.sign(text) })
        document = try ConsortiumDocument(text: text)
        rulebook = Rulebook(documents: [document], contracts: self.contracts)
    }

    subscript(_ role: Role) -> Member { members[Role.allCases.firstIndex(of: role) ?? 0] }

    func contract(_ name: String) throws -> Contract {
        try #require(contracts.first { $0.name == name })
    }

    static func text(
        members: [Member], contracts: [Contract], version: Int = 1, previous: Hash? = nil, name: String = "Test",
        names: (Member) -> String = { "The \($0.id)" }, ids: (Member) -> String = \.id
    ) -> String {
        var lines = ["custody-consortium: 1", "name: \"\(name)\"", "version: \(version)"]
        if let previous { lines.append("previous: \"\(previous.hex)\"") }
        lines.append("organisations:")
        for member in members {
            lines += [
                "  - id: \"\(ids(member))\"", "    name: \"\(names(member))\"", "    role: \(member.role.rawValue)",
                "    certificate: none", "    key: \(member.key.verifierKey.vkey)",
                "    cosigner: \(member.cosigner.verifierKey.vkey)",
            ]
        }
        lines.append(contracts.isEmpty ? "contracts: []" : "contracts:")
        for contract in contracts {
            lines += [
                "  - name: \(contract.name)", "    version: \(contract.version)",
                "    sha256: \"\(contract.hash.hex)\"",
            ]
        }
        let quorum = quorum.split(separator: "\n").map { "  \($0)" }
        return (lines + ["quorum: |"] + quorum + ["recovery: |"] + quorum).joined(separator: "\n") + "\n"
    }

    /// Those that are shipped with Custody, with nobody who must sign: these members have no CA that certifies people.
    static func sampleContracts() throws -> [Contract] {
        try ["custom-device", "stock-device"].map { try sampleContract($0) }
    }

    static func sampleContract(_ name: String) throws -> Contract {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let file = tests.deletingLastPathComponent().appendingPathComponent("Config/contracts/\(name).yaml")
        let text = try String(contentsOf: file, encoding: .utf8)
        return try Contract(text: text.replacing("    signed-by: operator\n", with: ""), file: file.path)
    }
}
