import Glibc

/// The input that is being read, in a file that outlives a process which traps.
final class SharedInput {
    private static let bytesMax = 1 << 20
    private static let nameMax = 64

    struct Unusable: Error {
        let path: String
    }

    private let memory: UnsafeMutableRawBufferPointer

    init(path: String) throws {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Unusable(path: path) }
        defer { close(descriptor) }
        let count = Self.nameMax + MemoryLayout<Int64>.size + Self.bytesMax
        guard ftruncate(descriptor, count) == 0,
            let start = mmap(nil, count, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0), start != MAP_FAILED
        else { throw Unusable(path: path) }
        memory = UnsafeMutableRawBufferPointer(start: start, count: count)
    }

    deinit { munmap(memory.baseAddress, memory.count) }

    func keep(_ bytes: [UInt8], for parser: String) {
        let name = Array(parser.utf8.prefix(Self.nameMax - 1)) + [0]
        memory.copyBytes(from: name)
        let kept = bytes.prefix(Self.bytesMax)
        memory.storeBytes(of: Int64(kept.count), toByteOffset: Self.nameMax, as: Int64.self)
        UnsafeMutableRawBufferPointer(rebasing: memory[(Self.nameMax + 8)...]).copyBytes(from: kept)
    }

    var parser: String { String(decoding: memory.prefix(Self.nameMax).prefix { $0 != 0 }, as: UTF8.self) }

    var bytes: [UInt8] {
        let count = Int(memory.load(fromByteOffset: Self.nameMax, as: Int64.self))
        return [UInt8](memory[(Self.nameMax + 8)...].prefix(max(0, count)))
    }
}
