import ArgumentParser
import Foundation
import Gateway
import History
import Ledger
import Store

/// `custody audit`: who did what, when and why.
struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Report who did what, when and why, for people to read, with proofs.",
        discussion: "Without an order it is about all that have records in the span of time.")

    @Argument(help: OrderHelp.named)
    var order: [String] = []
    @Option(help: "From this time on, such as 2026-11-24 or 2026-11-24T08:00:00Z.")
    var from: String?
    @Option(help: "Up to and with this time.")
    var to: String?
    @Option(name: .shortAndLong, help: "Write a page with the proofs inside to this HTML file.")
    var output: String?
    @OptionGroup var state: StateOptions
    @OptionGroup var shown: OutputOptions

    func validate() throws {
        if order.isEmpty, from == nil { throw ValidationError("name an order, or a time with --from.") }
    }

    func run() async throws {
        let (start, end) = (try Self.time(from, "--from", isEnd: false), try Self.time(to, "--to", isEnd: true))
        guard start <= end else { throw ValidationError("--to is before --from.") }
        let span = start...end
        let now = Instruments.system().now()
        let (report, proofs) = try state.ledger().read { snapshot in
            let rulebook = try snapshot.rulebook()
            let orders =
                order.isEmpty
                ? try snapshot.orders(recordedIn: span, limit: AuditReport.rowsMax)
                : try order.map { try OrderSearch.order($0, year: CalendarYear.present, in: snapshot, rulebook) }
            let report = try AuditReport(of: orders, in: span, now: now, snapshot, rulebook)
            guard output != nil else { return (report, [(order: String, bytes: [UInt8])]()) }
            let proofs = try orders.prefix(AuditReport.proofsMax).map {
                (order: $0.name, bytes: try snapshot.bundle(of: $0).encoded())
            }
            return (report, proofs)
        }
        if let output { try NamedFile.write(Array(AuditPage(report, proofs: proofs).html().utf8), to: output) }
        try shown.print(report, text: report.text)
    }

    private static func time(_ text: String?, _ option: String, isEnd: Bool) throws -> Int64 {
        guard let text else { return isEnd ? .max : .min }
        let whole = text.count == 10 ? text + (isEnd ? "T23:59:59Z" : "T00:00:00Z") : text
        guard let date = try? Date(whole, strategy: .iso8601) else {
            throw ValidationError("\(option) \(text) is no time such as 2026-11-24 or 2026-11-24T08:00:00Z.")
        }
        return Int64(date.timeIntervalSince1970 * 1e6) + (isEnd ? 999_999 : 0)
    }
}
