import Capture
import Ledger
import Logging
import Store

/// Hands a station the messages that a broker delivered for it: out of the intake, in their order.
///
/// A message leaves the intake only when each of its scans is recorded or kept as unmatched, so one that a crash
/// interrupts is taken again.
public struct DeliveredScans: Sendable {
    private let inlet: StationInlet
    private let intake: IntakeStore
    private let retryAfter: Duration
    private let logger: Logger

    /// - Parameter retryAfter: how long to wait when the gateway cannot take a scan, or when an image cannot be decoded
    ///   for want of memory.
    public init(
        to inlet: StationInlet, from intake: IntakeStore, retryAfter: Duration = .seconds(2), logger: Logger
    ) {
        self.inlet = inlet
        self.intake = intake
        self.retryAfter = retryAfter
        self.logger = logger
    }

    /// Works until the task is cancelled.
    public func run() async throws {
        var news = intake.deliveries.follow().makeAsyncIterator()
        repeat {
            while !Task.isCancelled, let delivery = try intake.nextDelivery(for: inlet.station) {
                if try await !take(delivery) { try? await Task.sleep(for: retryAfter) }
            }
        } while await news.next() != nil && !Task.isCancelled
    }

    /// - Returns: whether the message needs no further attempt.
    private func take(_ delivery: Delivery) async throws -> Bool {
        do {
            for fate in try await inlet.take(delivery.payload, item: delivery.topic) {
                guard case .unavailable(let error) = fate.acknowledgement else { continue }
                log("scan not taken yet", delivery, error)
                return false
            }
            try intake.take(delivery)
        } catch let error as CustodyError where DecodeClient.ownFailures.contains(error.code) {
            log("delivery not read yet", delivery, error)
            return false
        } catch let error as CustodyError where error.code != .durabilityUnknown {
            log("no scan in a delivery", delivery, error)
            try intake.refuse(delivery, because: error.description)
        }
        return true
    }

    private func log(_ message: Logger.Message, _ delivery: Delivery, _ error: CustodyError) {
        logger.warning(
            message, metadata: ["station": "\(inlet.station)", "topic": "\(delivery.topic)", "error": "\(error)"])
    }
}
