import Glibc
import Ledger
import Synchronization

/// Decodes images in a helper process, so that a hostile image can crash, hang or take over only that process.
///
/// One image at a time; further calls wait their turn. The helper is started with the first image, and again after it
/// died or was stopped for taking too long.
public final class DecodeClient: Sendable {
    private let executable: String
    private let arguments: [String]
    private let timeLimit: Duration
    private let lane = BlockingLane("custody.decode-client")
    /// Used on `lane` only; the lock is never contended.
    private let helper = Mutex<HelperProcess?>(nil)

    /// - Parameters:
    ///   - executable: path of a program that calls `DecodeWorker.run(input: 0, output: 1)`.
    ///   - arguments: what follows the program's name, such as `["decode-worker"]`.
    ///   - timeLimit: how long one image may take.
    public init(executable: String, arguments: [String], timeLimit: Duration = .seconds(10)) {
        self.executable = executable
        self.arguments = arguments
        self.timeLimit = timeLimit
    }

    /// Failures that say nothing about the image: it may be sent again.
    public static let ownFailures: Set<CustodyError.Code> = ["decode-worker-not-started", "decoder-out-of-memory"]

    /// Every symbol in the image; an empty list when there is none.
    ///
    /// Throws what `ImageDecoder.decode` throws, and `decode-worker-died`, `decode-worker-too-slow`,
    /// `decode-worker-not-started`, `decode-answer-malformed`. An image over which the helper died is sent once more, to a
    /// new helper that looks with the simpler decoder alone.
    public func decode(_ image: [UInt8]) async throws -> [DecodedSymbol] {
        try ImageDecoder.checkSize(image.count)
        return try await lane.run { try self.decodeBlocking(image) }
    }

    /// Every symbol in one frame of a camera; an empty list when there is none. The helper compares it with the frame
    /// before, so each camera has a client of its own.
    ///
    /// Throws as `decode(_:)` does. A frame over which the helper died is not sent again: another one comes.
    public func decode(_ frame: LumaFrame) async throws -> [DecodedSymbol] {
        let image = frame.pgm
        return try await lane.run { try self.decode(image, .frame) }
    }

    private func decodeBlocking(_ image: [UInt8]) throws -> [DecodedSymbol] {
        do {
            return try decode(image, .thorough)
        } catch let error as CustodyError where error.code == "decode-worker-died" {
            // zxing ends the process over some pictures, by assertions of its own.
            return try decode(image, .careful)
        }
    }

    private func decode(_ image: [UInt8], _ kind: DecodeFrame.Request.Kind) throws -> [DecodedSymbol] {
        try helper.withLock { helper in
            let process =
                try helper.flatMap { $0.isRunning ? $0 : nil }
                ?? HelperProcess(executable: executable, arguments: arguments)
            // Whatever fails between here and a readable answer leaves a process that cannot be trusted: it is dropped,
            // which ends it.
            helper = nil
            let deadline = ContinuousClock.now + timeLimit
            try process.send(DecodeFrame.Request(kind, count: image.count).bytes, until: deadline)
            try process.send(image, until: deadline)
            let answer = try DecodeFrame.decode(answerBody(from: process, until: deadline))
            helper = process
            return try answer.get()
        }
    }

    private func answerBody(
        from process: HelperProcess, until deadline: ContinuousClock.Instant
    ) throws -> [UInt8] {
        let count = DecodeFrame.count(try process.receive(DecodeFrame.lengthBytes, until: deadline))
        guard count <= DecodeFrame.answerBytesMax else {
            throw CustodyError("decode-answer-malformed", "The image decoder's answer has \(count) bytes")
        }
        return try process.receive(count, until: deadline)
    }
}
