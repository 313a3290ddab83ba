import FoundationEssentials
import Glibc
import Ledger
import Testing

@testable import Consortium

@Suite struct OrganisationFolderTests {
    private static let keyFiles = ["ca.key", "organisation.key", "cosigner.key", "reading.key"]

    private func make(_ id: String, at folder: String, name: String = "St. Mary's") throws -> OrganisationFolder {
        var random = SystemRandomNumberGenerator()
        return try OrganisationFolder.create(
            id: id, name: name, role: .hospital, at: folder, now: .now, random: &random)
    }

    @Test func bringsBackWhatItWrote() async throws {
        try await withFolder { folder in
            let made = try make("st-mary", at: "\(folder)/org", name: "St. \"Mary\": {#1}\u{2028}\u{7F} \\ Ü 病院")
            let loaded = try OrganisationFolder.load(at: "\(folder)/org")
            #expect(loaded.organisation == made.organisation)
            #expect(loaded.key.encoded == made.key.encoded)
            #expect(loaded.cosigner.verifierKey.name == "st-mary/cosigner")
            #expect(try OrganisationFolder.publicPart(ofFile: "\(folder)/org/organisation.yaml") == made.organisation)
        }
    }

    @Test func theReadingKeyIsTheOneOfThePublicPart() async throws {
        try await withFolder { folder in
            let made = try make("st-mary", at: "\(folder)/org")
            let loaded = try OrganisationFolder.load(at: "\(folder)/org")
            #expect(loaded.reading?.readingKey == made.organisation.readingKey)
            let other = PrivateReadingKey.generate()
            try Data("\(other.encoded)\n".utf8).write(to: URL(filePath: "\(folder)/org/reading.key"))
            #expect(throws: CustodyError(.keyMismatched, "")) { try OrganisationFolder.load(at: "\(folder)/org") }
        }
    }

    /// Before there were reading keys.
    @Test func aFolderWithoutAReadingKeyStaysUsable() async throws {
        try await withFolder { folder in
            let path = "\(folder)/organisation.yaml"
            _ = try make("st-mary", at: folder)
            let lines = try String(contentsOf: URL(filePath: path), encoding: .utf8).split(separator: "\n")
            let old = lines.filter { !$0.hasPrefix("reading-key") }.map { $0 + "\n" }.joined()
            try Data(old.utf8).write(to: URL(filePath: path))
            let loaded = try OrganisationFolder.load(at: folder)
            #expect(loaded.reading == nil && loaded.organisation.readingKey == nil)
        }
    }

    @Test func keepsPrivateKeysFromOthers() async throws {
        try await withFolder { folder in
            _ = try make("st-mary", at: folder)
            for file in Self.keyFiles {
                var status = stat()
                #expect(stat("\(folder)/\(file)", &status) == 0)
                #expect(status.st_mode & 0o777 == 0o600, "\(file)")
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == Self.keyFiles.count + 1)
        }
    }

    @Test(arguments: keyFiles, [0o640, 0o604, 0o620, 0o601] as [mode_t])
    func refusesAKeyFileThatOthersMayUse(file: String, mode: mode_t) async throws {
        try await withFolder { folder in
            _ = try make("st-mary", at: folder)
            chmod("\(folder)/\(file)", mode)
            #expect(throws: CustodyError(.keyFileExposed, "")) { try OrganisationFolder.load(at: folder) }
            chmod("\(folder)/\(file)", 0o600)
            _ = try OrganisationFolder.load(at: folder)
        }
    }

    @Test func neverOverwrites() async throws {
        try await withFolder { folder in
            let made = try make("st-mary", at: folder)
            #expect(throws: CustodyError(.fileExists, "")) { try make("other", at: folder) }
            #expect(throws: CustodyError(.fileExists, "")) { try PrivateFile.create("\(folder)/ca.key", bytes: []) }
            #expect(try OrganisationFolder.load(at: folder).organisation == made.organisation)
        }
    }

    @Test func refusesAKeyThatIsNotTheOneOfThePublicPart() async throws {
        try await withFolder { folder in
            _ = try make("st-mary", at: "\(folder)/a")
            _ = try make("st-mary", at: "\(folder)/b")
            for file in Self.keyFiles {
                let (from, to) = ("\(folder)/b/\(file)", "\(folder)/a/\(file)")
                let right = try PrivateFile.read(to)
                unlink(to)
                try PrivateFile.create(to, bytes: PrivateFile.read(from))
                #expect(throws: CustodyError.self, "\(file)") { try OrganisationFolder.load(at: "\(folder)/a") }
                unlink(to)
                try PrivateFile.create(to, bytes: right)
            }
            _ = try OrganisationFolder.load(at: "\(folder)/a")
        }
    }

    @Test(arguments: [
        "", "St", "a b", "a/b", "a+b", "ü", "a_b", "none", "members", "regulators", "others", "everyone",
        String(repeating: "a", count: OrganisationFolder.idMax + 1),
    ])
    func refusesAnIDThatNoOrganisationCanHave(id: String) async throws {
        try await withFolder { folder in
            #expect(throws: CustodyError(.organisationIDMalformed, "")) { try make(id, at: folder) }
            let files = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(files.isEmpty)
        }
    }

    @Test(arguments: [1, OrganisationFolder.idMax - 1, OrganisationFolder.idMax])
    func takesIDsUpToTheLimit(count: Int) async throws {
        try await withFolder { folder in
            let id = String(repeating: "a", count: count)
            let made = try make(id, at: folder)
            #expect(made.organisation.id == id)
        }
    }

    @Test(arguments: [-1, 0, 1]) func readsFilesUpToTheLimit(beyond: Int) async throws {
        try await withFolder { folder in
            let bytes = [UInt8](repeating: 1, count: PrivateFile.bytesMax + beyond)
            try PrivateFile.create("\(folder)/key", bytes: bytes)
            guard beyond > 0 else {
                #expect(try PrivateFile.read("\(folder)/key") == bytes)
                return
            }
            #expect(throws: CustodyError(.limitExceeded, "")) { try PrivateFile.read("\(folder)/key") }
        }
    }

    @Test func saysThatAFileIsMissing() {
        #expect(throws: CustodyError(.fileUnusable, "")) { try PrivateFile.read("/nonexistent/key") }
        #expect(throws: CustodyError(.fileUnusable, "")) { try PrivateFile.read("/") }
        #expect(throws: CustodyError(.fileUnusable, "")) { try PrivateFile.create("/nonexistent/key", bytes: []) }
    }
}
