import Foundation
import Glibc
import Ledger
import Testing

@testable import Store

@Suite struct DocumentFolderTests {
    private static let key = [UInt8](1...32)

    private let root: String
    private let folder: DocumentFolder

    init() throws {
        root = FileManager.default.temporaryDirectory.path + "/custody-documents-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        folder = DocumentFolder(besideLedger: root + "/ledger.sqlite")
    }

    private static func document(_ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 >> 2) }
    }

    /// Gives bytes in pieces that fit nothing.
    private static func source(_ bytes: [UInt8]) -> (Int) -> [UInt8] {
        var rest = bytes[...]
        return { count in
            let piece = Array(rest.prefix(min(count, 1_000)))
            rest = rest.dropFirst(piece.count)
            return piece
        }
    }

    private func seal(_ bytes: [UInt8]) throws -> DocumentFact {
        try folder.seal(name: "n", media: "a/b", key: Self.key, reserve: 0, from: Self.source(bytes))
    }

    private func opened(_ fact: DocumentFact) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try folder.open(fact) { bytes += $0 }
        return bytes
    }

    private func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    }

    private func contents(_ file: Hash) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder.file(file))))
    }

    private func code(_ body: () throws -> Void) -> CustodyError.Code? {
        do { try body() } catch { return (error as? CustodyError)?.code }
        return nil
    }

    @Test(arguments: [0, 1, 65_535, 65_536, 65_537, 300_000])
    func aDocumentIsAFileNamedByItsBytesAndComesBack(count: Int) throws {
        let document = Self.document(count)
        let fact = try seal(document)
        #expect(try names() == [fact.file.hex])
        #expect(Hash.sha256(try contents(fact.file)) == fact.file)
        #expect(folder.bytes(of: fact.file) == fact.fileBytes)
        #expect(try opened(fact) == document)
        if count >= 65_535 { #expect(try Data(contents(fact.file)).range(of: Data(document.prefix(64))) == nil) }
    }

    @Test func nobodyElseMayReadAFile() throws {
        let fact = try seal([1])
        let rights = try FileManager.default.attributesOfItem(atPath: folder.file(fact.file))[.posixPermissions] as? Int
        #expect(rights == 0o600)
    }

    @Test(.enabled(if: geteuid() == 0)) func whatTheSuperuserAddsBelongsToWhoeverTheStateDirectoryBelongsTo() throws {
        #expect(chown(root, 12_345, 12_346) == 0)
        let fact = try seal([1])
        for path in [folder.path, folder.file(fact.file)] {
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            #expect(attributes[.ownerAccountID] as? Int == 12_345, "\(path)")
            #expect(attributes[.groupOwnerAccountID] as? Int == 12_346, "\(path)")
        }
    }

    @Test func aPublicDocumentRestsAsItIs() throws {
        let document = Self.document(600_000)
        let file = try folder.add(reserve: 0, from: Self.source(document))
        #expect(file == Hash.sha256(document))
        var bytes: [UInt8] = []
        try folder.read(file) { bytes += $0 }
        #expect(bytes == document)
    }

    @Test func aPublicDocumentHasBytes() throws {
        #expect(code { _ = try folder.add(reserve: 0, from: Self.source([])) } == .documentEmpty)
        #expect(try names() == [])
    }

    @Test func whatCannotBeReadToItsEndLeavesNothing() throws {
        struct Broken: Error {}
        #expect(throws: Broken.self) {
            _ = try folder.seal(name: "n", media: "a/b", key: Self.key, reserve: 0, from: { _ in throw Broken() })
        }
        #expect(try names() == [])
    }

    @Test func theReserveOfTheDiskIsNotEaten() throws {
        let code = code {
            _ = try folder.seal(name: "n", media: "a/b", key: Self.key, reserve: .max, from: Self.source([1]))
        }
        #expect(code == .diskNearlyFull)
        #expect(try names() == [])
        #expect(self.code { _ = try part(of: .emptyTree, 1_000, reserve: .max) } == .diskNearlyFull)
    }

    @Test(arguments: [0, 20, 70_000])
    func aChangedFileIsFound(place: Int) throws {
        let fact = try seal(Self.document(80_000))
        var bytes = try contents(fact.file)
        bytes[place] ^= 1
        try Data(bytes).write(to: URL(fileURLWithPath: folder.file(fact.file)))
        #expect(code { _ = try opened(fact) } == .documentDamaged)
        #expect(code { try folder.read(fact.file) { _ in } } == .documentDamaged)
        try Data(bytes.dropLast()).write(to: URL(fileURLWithPath: folder.file(fact.file)))
        #expect(code { _ = try opened(fact) } == .documentDamaged)
        try folder.remove(fact.file)
        #expect(code { _ = try opened(fact) } == .documentMissing)
    }

    // MARK: Parts

    private func part(of file: Hash, _ bytes: Int, reserve: UInt64 = 0) throws -> DocumentPart {
        let part = try DocumentPart(of: file, bytes: UInt64(bytes), in: folder, reserve: reserve)
        while !part.isReady { try part.prepare() }
        return part
    }

    @Test func aPartGrowsAcrossRestartsAndGetsItsNameWhenItIsWhole() throws {
        let bytes = Self.document(5_000_000)
        let file = Hash.sha256(bytes)
        for (from, to) in [(0, 1), (1, 4_200_000), (4_200_000, 5_000_000)] {
            let part = try part(of: file, bytes.count)
            #expect(part.count == UInt64(from))
            try part.append(Array(bytes[from..<to]))
            try part.sync()
            #expect(folder.partBytes(of: file) == UInt64(to))
            if to == bytes.count { try part.finish() } else { #expect(folder.bytes(of: file) == nil) }
        }
        #expect(try names() == [file.hex])
        #expect(try contents(file) == bytes)
    }

    @Test func anotherFileThanItShouldBeIsRemoved() throws {
        let bytes = Self.document(1_000)
        let file = Hash.sha256(bytes)
        let part = try part(of: file, bytes.count)
        try part.append(Array(bytes.dropLast()) + [bytes[999] ^ 1])
        #expect(code { try part.finish() } == .documentDamaged)
        #expect(try names() == [])
    }

    @Test func whatIsTooMuchIsNotTaken() throws {
        let file = Hash.sha256([1, 2, 3])
        let part = try part(of: file, 3)
        try part.append([1, 2, 3, 4])
        #expect(part.count == 3)
        try part.finish()
        #expect(try contents(file) == [1, 2, 3])
    }

    @Test func aPartThatIsTooLongBeginsAnew() throws {
        let file = Hash.sha256([1, 2, 3])
        try part(of: file, 9).append([9, 9, 9, 9])
        #expect(try part(of: file, 3).count == 0)
    }

    @Test func whatIsErasedOnItsWayNeverGetsItsName() throws {
        let file = Hash.sha256([1, 2, 3])
        let part = try part(of: file, 3)
        try part.append([1, 2, 3])
        try folder.remove(file)
        #expect(code { try part.finish() } == .storeFailed)
        #expect(try names() == [])
    }

    // MARK: Sweeping

    @Test func whatNothingRefersToGoesAfterADayAndNotBefore() throws {
        let (kept, stray) = (try seal([1]), try folder.add(reserve: 0, from: Self.source([2])))
        try part(of: .emptyTree, 9).append([1])
        try Data([1]).write(to: URL(fileURLWithPath: folder.path + "/.new-1-2"))
        try Data([1]).write(to: URL(fileURLWithPath: folder.path + "/notes"))
        let written = Int64(Date().timeIntervalSince1970)
        #expect(try folder.sweep(now: written + 86_000) { $0 == kept.file } == 0)
        #expect(try folder.sweep(now: written + 86_500) { $0 == kept.file } == 3)
        #expect(try names() == [kept.file.hex, "notes"].sorted())
        #expect(stray != kept.file)
    }
}
