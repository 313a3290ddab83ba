import FoundationEssentials
import Glibc

/// What a command says to whoever called it: whole lines, at once, also into a pipe.
enum StandardOutput {
    static func line(_ text: String) {
        writeLine(text, to: STDOUT_FILENO)
    }

    /// One line of JSON, its keys sorted.
    static func json(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        line(String(decoding: try encoder.encode(value), as: UTF8.self))
    }
}

/// What a command says about its failure.
enum StandardError {
    static func line(_ text: String) {
        writeLine(text, to: STDERR_FILENO)
    }
}

/// A reader who went away is no failure of the device.
private func writeLine(_ text: String, to descriptor: Int32) {
    var rest = ArraySlice(Array(text.utf8) + [0x0A])
    while !rest.isEmpty {
        let wrote = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        if wrote < 0 && errno == EINTR { continue }
        guard wrote > 0 else { return }
        rest = rest.dropFirst(wrote)
    }
}
