import Foundation
import Testing

/// What a broker needs of the folder that it stands in.
enum Fixture {
    static func temporaryDirectory() throws -> String {
        let path = FileManager.default.temporaryDirectory.path + "/custody-broker-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }

    static func write(_ bytes: [UInt8], to path: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: path))
    }

    static func run(_ executable: String, _ arguments: [String], in directory: String) throws {
        let program = try Program("/usr/bin/env", ["-C", directory, executable] + arguments)
        try #require(program.wait() == 0, "\(executable)")
    }
}
