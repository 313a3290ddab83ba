import Foundation
import Glibc
import Testing

@testable import Capture

/// Files committed beside the tests, temporary directories, and the program that decodes images.
enum Fixture {
    static func bytes(_ name: String) throws -> [UInt8] {
        let file = Bundle.module.bundleURL.appendingPathComponent("Fixtures").appendingPathComponent(name)
        return [UInt8](try Data(contentsOf: file))
    }

    static func temporaryDirectory() throws -> String {
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("custody-capture-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }

    static func write(_ bytes: [UInt8], to path: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: path))
    }

    static func names(in directory: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
    }

    static func text(_ path: String) throws -> String {
        try String(contentsOfFile: path, encoding: .utf8)
    }

    /// `custody decode-worker`, or a program of that name alone, built beside the tests.
    static func decoder(timeLimit: Duration = .seconds(10)) throws -> DecodeClient {
        let (executable, arguments) = try decodeWorker()
        return DecodeClient(executable: executable, arguments: arguments, timeLimit: timeLimit)
    }

    static func decodeWorker() throws -> (executable: String, arguments: [String]) {
        let products = Bundle.module.bundleURL.deletingLastPathComponent()
        let candidates = [("custody", ["decode-worker"]), ("decodeworker", [])]
        let found = candidates.first { name, _ in
            FileManager.default.isExecutableFile(atPath: products.appendingPathComponent(name).path)
        }
        let (name, arguments) = try #require(found, "neither custody nor decodeworker is built beside the tests")
        return (products.appendingPathComponent(name).path, arguments)
    }

    /// Runs a program to its end, through a shell that stands in `directory` and says nothing.
    static func run(_ executable: String, _ arguments: [String], in directory: String) throws {
        let quoted = ([executable] + arguments).map { "'\($0)'" }.joined(separator: " ")
        let script = "cd '\(directory)' && exec \(quoted) >/dev/null 2>&1"
        let process = try spawnProcess("/bin/sh", ["-c", script], ["PATH=/usr/bin:/bin"], [])
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 && errno == EINTR {}
        try #require(status == 0, "\(quoted)")
    }
}
