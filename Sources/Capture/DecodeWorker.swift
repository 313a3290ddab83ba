import CZBar
import Glibc
import Ledger

/// The helper process that decodes images from outside: it limits itself, then answers one request after another.
///
/// A hostile image that takes over the decoder finds a process that can open no file, gain no privilege and take only
/// so much memory and time.
public enum DecodeWorker {
    /// The address space that the whole process may take, in bytes.
    public static let addressSpaceMax: UInt = 1024 * 1024 * 1024
    /// The processor time that one image may take, in seconds.
    public static let processorSecondsMax: UInt = 20

    /// Answers requests from `input` on `output` until `input` ends; never throws, because its client learns everything
    /// from the answer or from the end of the process.
    ///
    /// Call it before the process has opened anything of worth or started threads. Returns the exit status.
    @discardableResult
    public static func run(input: Int32, output: Int32) -> Int32 {
        loadCharacterSets()
        guard limit() else { return 1 }
        guard let decoder = try? ImageDecoder() else { return 1 }
        while let header = readExactly(DecodeFrame.requestBytes, from: input) {
            // The client checks first, so if something is wrong this is not our client: there is nobody to answer.
            guard let request = DecodeFrame.Request(header), request.count <= ImageDecoder.imageBytesMax,
                let image = readExactly(request.count, from: input), allowProcessorTime()
            else { return 1 }
            let answer = Result { try request.answer(image, by: decoder) }.mapError(custodyError)
            guard send(answer, to: output) else { return 1 }
        }
        return 0
    }

    private static func send(_ answer: DecodeFrame.Answer, to output: Int32) -> Bool {
        let body = DecodeFrame.encode(answer)
        return writeAll(DecodeFrame.length(body.count) + body, to: output)
    }

    private static func custodyError(_ error: any Error) -> CustodyError {
        error as? CustodyError ?? CustodyError("image-damaged", "The image cannot be decoded: \(error)")
    }

    /// A QR Code with an ECI names a character set, which glibc would load from a file that may not be opened later;
    /// so each is opened here and kept.
    private static func loadCharacterSets() {
        for name in ["ISO8859-1", "ISO8859-2", "ISO8859-5", "ISO8859-15", "SJIS", "BIG-5"] {
            _ = iconv_open("UTF-8", name)
        }
    }

    private static func limit() -> Bool {
        setLimit(RLIMIT_AS, addressSpaceMax) && setLimit(RLIMIT_CORE, 0) && setLimit(RLIMIT_FSIZE, 0)
            && setLimit(RLIMIT_NOFILE, 0) && custody_no_new_privileges() == 0
    }

    private static func setLimit(_ resource: __rlimit_resource, _ value: UInt) -> Bool {
        var limit = rlimit(rlim_cur: rlim_t(value), rlim_max: rlim_t(value))
        return setrlimit(__rlimit_resource_t(resource.rawValue), &limit) == 0
    }

    /// The kernel counts over the life of the process, so the limit moves on with every image.
    private static func allowProcessorTime() -> Bool {
        var usage = rusage()
        guard getrusage(RUSAGE_SELF.rawValue, &usage) == 0 else { return false }
        let used = UInt(clamping: usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_CPU.rawValue), &limit) == 0 else { return false }
        limit.rlim_cur = min(rlim_t(used + processorSecondsMax), limit.rlim_max)
        return setrlimit(__rlimit_resource_t(RLIMIT_CPU.rawValue), &limit) == 0
    }

    private static func readExactly(_ count: Int, from file: Int32) -> [UInt8]? {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: min(count, 65_536))
        while bytes.count < count {
            let got = read(file, &chunk, min(chunk.count, count - bytes.count))
            if got < 0 && errno == EINTR { continue }
            guard got > 0 else { return nil }
            bytes += chunk.prefix(got)
        }
        return bytes
    }

    private static func writeAll(_ bytes: [UInt8], to file: Int32) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let wrote = bytes[sent...].withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
            if wrote < 0 && errno == EINTR { continue }
            guard wrote > 0 else { return false }
            sent += wrote
        }
        return true
    }
}
