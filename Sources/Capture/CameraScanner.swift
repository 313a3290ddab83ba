import Identifiers
import Ledger
import Logging

/// A camera over a desk or a door: each symbol that comes into its view is one scan.
///
/// Frames come faster than they are decoded, so only the newest is looked at. A symbol that stays in view is the same
/// scan. The camera cannot show what became of a scan.
public struct CameraScanner: ScanSource {
    /// Every symbol in a frame; an empty list when there is none.
    public typealias FrameDecoder = @Sendable (LumaFrame) async throws -> [DecodedSymbol]

    public let name: String
    private let dwell: Duration
    private let open: @Sendable () throws -> any FrameDevice
    private let decode: FrameDecoder
    private let device: ReturningDevice
    private let delivery: OneWayDelivery
    private let logger: Logger

    /// - Parameters:
    ///   - path: the device under its stable name, such as `/dev/v4l/by-id/usb-...-video-index0`.
    ///   - width: what is asked of the camera; it may give another size.
    ///   - dwell: how long a symbol must have been out of view to count again.
    public init(
        name: String, path: String, width: Int = 1280, height: Int = 720, dwell: Duration = .seconds(3),
        backoff: Backoff = Backoff(first: .milliseconds(250), longest: .seconds(10)), logger: Logger,
        decode: @escaping FrameDecoder
    ) {
        self.init(
            name: name, path: path, dwell: dwell, backoff: backoff, logger: logger,
            open: { try Camera(path, width: width, height: height) }, decode: decode)
    }

    init(
        name: String, path: String, dwell: Duration, backoff: Backoff, logger: Logger,
        open: @escaping @Sendable () throws -> any FrameDevice, decode: @escaping FrameDecoder
    ) {
        self.name = name
        self.dwell = dwell
        self.open = open
        self.decode = decode
        self.logger = logger
        device = ReturningDevice(name: name, path: path, backoff: backoff, logger: logger)
        delivery = OneWayDelivery(name: name, logger: logger)
    }

    /// Throws `descriptors-exhausted`.
    public func run(_ accept: @escaping ScanAcceptor) async throws {
        var filter = DwellFilter(window: dwell.microseconds)
        try await device.run(open: open) { camera, waker in try await serve(camera, waker, &filter, accept) }
    }

    private func serve(
        _ camera: any FrameDevice, _ waker: Waker, _ filter: inout DwellFilter, _ accept: ScanAcceptor
    ) async throws {
        let (frames, newest) = AsyncStream.makeStream(of: LumaFrame.self, bufferingPolicy: .bufferingNewest(1))
        // Ends by itself when the camera fails or the waker is woken.
        async let watching: Void = watch(camera, waker, newest)
        var failure: CustodyError?
        for await frame in frames {
            do {
                let symbols = try await decode(frame)
                failure = nil
                await deliver(symbols, &filter, accept)
            } catch let error as CustodyError {
                if failure != error { logger.warning("cannot decode frames", metadata: ["error": "\(error)"]) }
                failure = error
            }
        }
        try await watching
    }

    private func watch(
        _ camera: any FrameDevice, _ waker: Waker, _ newest: AsyncStream<LumaFrame>.Continuation
    ) async throws {
        defer { newest.finish() }
        let lane = BlockingLane("custody.camera-scanner")
        while !Task.isCancelled {
            if let frame = try await lane.run({ try camera.next(waker) }) { newest.yield(frame) }
        }
    }

    private func deliver(_ symbols: [DecodedSymbol], _ filter: inout DwellFilter, _ accept: ScanAcceptor) async {
        for symbol in symbols {
            let isNew = filter.admits(symbol.scan, at: CameraScanner.start.duration(to: .now).microseconds)
            if isNew { await delivery.deliver(symbol.scan, accept) }
        }
    }

    private static let start = ContinuousClock.now
}

extension Duration {
    fileprivate var microseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000 + attoseconds / 1_000_000_000_000
    }
}
