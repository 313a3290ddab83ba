import FoundationEssentials
import Ledger
import Rig
import Testing
import TimeStamps

/// `Tests/Conformance/tsa.py`: a time stamping authority whose answers `openssl ts` makes.
final class TestTimeAuthority {
    private static let script =
        #filePath.split(separator: "/").dropLast(2).reduce("") { "\($0)/\($1)" }
        + "/Conformance/tsa.py"

    private let process: ChildProcess
    private let folder: String
    private let port: Int

    init(in folder: String) async throws {
        self.folder = folder + "/tsa"
        let output = folder + "/tsa.out"
        let process = try ChildProcess(
            "/usr/bin/python3", [Self.script, "serve", self.folder], output: .file(output),
            errors: folder + "/tsa.errors")
        let deadline = ContinuousClock.now + .seconds(30)
        var port: Int?
        while port == nil {
            try #require(ContinuousClock.now < deadline && process.isRunning, "the authority does not start")
            try await Task.sleep(for: .milliseconds(10))
            let said = (try? String(contentsOfFile: output, encoding: .utf8)) ?? ""
            if said.hasSuffix("\n") { port = Int(said.filter(\.isNumber)) }
        }
        self.process = process
        self.port = port ?? 0
    }

    /// - Parameter kind: how it answers.
    func url(_ kind: String = "granted") -> String { "http://127.0.0.1:\(port)/\(kind)" }

    func certificates(_ name: String = "ca") throws -> [UInt8] {
        Array(try Data(contentsOf: URL(filePath: folder + "/\(name).pem")))
    }

    func authority(_ name: String = "ca", policy: String? = nil) throws -> TimeStampAuthority {
        try TimeStampAuthority(certificates: try certificates(name), policy: policy)
    }

    /// A file in its folder, which tells it to be down.
    var downFile: String { folder + "/down" }

    /// How many time stamps it has made.
    func made() throws -> Int {
        let next = try String(contentsOfFile: folder + "/tsa.serial", encoding: .utf8).filter { !$0.isWhitespace }
        return (Int(next, radix: 16) ?? 0) - 1
    }
}
