import FoundationEssentials
import Glibc
import Labels
import Ledger
import Testing

@Suite struct LabelFileTests {
    private let folder = FileManager.default.temporaryDirectory.path + "/labels-\(UUID().uuidString)"

    private func inFolder(_ work: () throws -> Void) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try work()
    }

    @Test func replacesTheFileAndLeavesNothingElse() throws {
        try inFolder {
            for text in ["first", "second"] { try LabelFile.write(Array(text.utf8), to: folder + "/a.png") }
            #expect(try Data(contentsOf: URL(filePath: folder + "/a.png")) == Data("second".utf8))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a.png"])
        }
    }

    @Test func everybodyMayReadIt() throws {
        try inFolder {
            try LabelFile.write([1], to: folder + "/a.png")
            var found = stat()
            #expect(stat(folder + "/a.png", &found) == 0)
            #expect(found.st_mode & 0o777 == 0o644)
        }
    }

    @Test(arguments: ["", "/none/a.png", "/dev/null", "/tmp", "/tmp/"])
    func refusesWhatIsNoFile(path: String) {
        #expect(throws: CustodyError("label-path-unusable", "")) { try LabelFile.write([1], to: path) }
    }
}
