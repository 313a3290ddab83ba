import Ledger
import Logging

/// A device that comes and goes: opened, served until it is gone, and opened again as soon as it is back.
struct ReturningDevice {
    let name: String
    let path: String
    let backoff: Backoff
    let logger: Logger

    /// Until the task is cancelled. What `open` and `serve` throw as `CustodyError` is logged, once in a row, and waited
    /// out; anything else ends the run.
    ///
    /// - Parameters:
    ///   - open: may block; the device closes itself when it is let go.
    ///   - serve: returns or throws when the device is gone; its waker is woken when the task is cancelled.
    /// - Throws: `CustodyError` with code `descriptors-exhausted`.
    func run<Device: Sendable>(
        open: @escaping @Sendable () throws -> Device, serve: (Device, Waker) async throws -> Void
    ) async throws {
        let waker = try Waker()
        let lane = BlockingLane("custody.returning-device")
        try await withTaskCancellationHandler {
            var backoff = backoff
            var failure: CustodyError?
            while !Task.isCancelled {
                do {
                    let device = try await lane.run(open)
                    backoff.reset()
                    logger.info("scanner connected", metadata: ["scanner": "\(name)", "path": "\(path)"])
                    failure = nil
                    try await serve(device, waker)
                } catch let error as CustodyError {
                    if failure != error { report(error) }
                    failure = error
                    try? await Task.sleep(for: backoff.next())
                }
            }
        } onCancel: {
            waker.wake()
        }
    }

    private func report(_ error: CustodyError) {
        logger.warning("scanner not available", metadata: ["scanner": "\(name)", "error": "\(error)"])
    }
}
