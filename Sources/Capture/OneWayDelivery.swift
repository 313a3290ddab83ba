import Identifiers
import Ledger
import Logging

/// Hands over the scans of a device that cannot be told what became of them.
///
/// Nobody stands there waiting for a beep that means "on disk", and nobody would scan again: so a scan that the gateway
/// cannot take now is offered until it can, and what it refuses is logged.
struct OneWayDelivery {
    let name: String
    var retryAfter: Duration = .seconds(2)
    let logger: Logger

    func deliver(_ scan: Scan, _ accept: ScanAcceptor) async {
        var isReported = false
        while !Task.isCancelled {
            switch await accept(scan, ScanOrigin(source: name)) {
            case .recorded: return
            case .held(let error): return report("scan waits for another symbol", error, .notice)
            case .refused(let error): return report("scan refused", error, .warning)
            case .unavailable(let error):
                if !isReported { report("scan not taken yet", error, .warning) }
                isReported = true
                try? await Task.sleep(for: retryAfter)
            }
        }
    }

    /// Says that a scan was lost before it was whole.
    func reportLoss(_ error: CustodyError) {
        report("scan lost", error, .warning)
    }

    private func report(_ message: Logger.Message, _ error: CustodyError, _ level: Logger.Level) {
        logger.log(level: level, message, metadata: ["scanner": "\(name)", "error": "\(error)"])
    }
}
