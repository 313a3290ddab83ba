import CZlib
import Ledger

/// The gzip format (RFC 1952), in which C2SP asks for entry bundles and uploads to be sent.
enum Gzip {
    /// The name in `Content-Encoding` and `Accept-Encoding`.
    static let name = "gzip"
    /// Fast, because entries are mostly hashes, of which no effort makes less.
    private static let level: Int32 = 1
    /// zlib's way to say: the largest window, with gzip's header and trailer.
    private static let window: Int32 = 15 + 16

    /// - Returns: nil if there is no memory for it.
    static func compress(_ bytes: [UInt8]) -> [UInt8]? {
        var stream = z_stream()
        guard
            deflateInit2_(
                &stream, level, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
                Int32(MemoryLayout<z_stream>.size)) == Z_OK
        else { return nil }
        defer { deflateEnd(&stream) }
        return bytes.withUnsafeBufferPointer { input in
            let capacity = Int(deflateBound(&stream, UInt(input.count)))
            stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
            stream.avail_in = UInt32(input.count)
            var isWhole = false
            let output = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
                stream.next_out = buffer.baseAddress
                stream.avail_out = UInt32(buffer.count)
                isWhole = deflate(&stream, Z_FINISH) == Z_STREAM_END
                count = buffer.count - Int(stream.avail_out)
            }
            return isWhole ? output : nil
        }
    }

    /// - Throws: `CustodyError` with code `gzip-malformed`, also above `bytesMax`.
    static func decompress(_ bytes: [UInt8], bytesMax: Int) throws -> [UInt8] {
        let inflater = try Inflater()
        inflater.feed(bytes)
        var output: [UInt8] = []
        while let piece = try inflater.next() {
            guard output.count + piece.count <= bytesMax else {
                throw CustodyError.malformedGzip("it holds more than \(bytesMax) bytes")
            }
            output += piece
        }
        guard inflater.isAtEnd else { throw CustodyError.malformedGzip("it is cut off") }
        return output
    }

    /// Takes compressed bytes as they arrive, and gives what is in them piece by piece: a small request cannot fill memory.
    final class Inflater {
        /// Bytes of a piece.
        static let pieceBytes = 1 << 16

        private var stream = z_stream()
        private var input: [UInt8] = []
        private var position = 0
        private var piece = [UInt8](repeating: 0, count: pieceBytes)
        /// Whether zlib may hold more than it has given.
        private var mayHoldMore = false
        private(set) var isAtEnd = false

        init() throws {
            guard inflateInit2_(&stream, window, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
                throw CustodyError.malformedGzip("there is no memory to read it")
            }
        }

        deinit { inflateEnd(&stream) }

        /// Gives it more; what it had must have been read.
        func feed(_ bytes: [UInt8]) {
            input = bytes
            position = 0
        }

        /// - Returns: the next piece; nil when more has to be fed.
        /// - Throws: `CustodyError` with code `gzip-malformed`, also for bytes behind its end.
        func next() throws -> ArraySlice<UInt8>? {
            while position < input.count || mayHoldMore {
                guard !isAtEnd else { throw CustodyError.malformedGzip("bytes follow its end") }
                let count = try step()
                if count > 0 { return piece[..<count] }
            }
            return nil
        }

        private func step() throws -> Int {
            let result = input.withUnsafeBufferPointer { input in
                piece.withUnsafeMutableBufferPointer { output in
                    stream.next_in = input.baseAddress.map { UnsafeMutablePointer(mutating: $0 + position) }
                    stream.avail_in = UInt32(input.count - position)
                    stream.next_out = output.baseAddress
                    stream.avail_out = UInt32(output.count)
                    return inflate(&stream, Z_NO_FLUSH)
                }
            }
            guard result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR else {
                throw CustodyError.malformedGzip("it is damaged")
            }
            position = input.count - Int(stream.avail_in)
            isAtEnd = result == Z_STREAM_END
            mayHoldMore = stream.avail_out == 0 && !isAtEnd
            return Self.pieceBytes - Int(stream.avail_out)
        }
    }
}

extension CustodyError.Code {
    /// Bytes that are not in the gzip format, or hold too much.
    public static let gzipMalformed: Self = "gzip-malformed"
}

extension CustodyError {
    fileprivate static func malformedGzip(_ reason: String) -> CustodyError {
        CustodyError(.gzipMalformed, "the compressed body cannot be read: \(reason)")
    }
}
