import ArgumentParser
import Foundation
import Gateway
import History
import Ledger
import Store

/// `custody case`: a patient's need.
struct CaseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "case", abstract: "Patients' cases.", subcommands: [Order.self])

    struct Order: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Open the order of a device for a patient's case, and print the patient's link.",
            discussion: """
                The case notes order and link as private facts, so nobody else can tell which order is whose; the link's token is \
                shown now, and read again with: custody reveal CASE link.
                """)

        @Argument(help: "The patient's case: its order, or a unique part of it.")
        var patientCase: String
        @Option(help: "The contract of the device's order.")
        var contract = "custom-device"
        @Option(help: "What is ordered: the fact 'product'.")
        var product: String
        @Option(help: "A purchase order number, by which people find the order.")
        var number: String?
        @Option(help: "Where the hospital's pages for patients are.")
        var base = "https://localhost"
        @Option(help: "An order that is open already: what a cut between the two left undone.")
        var order: String?
        @OptionGroup var facts: FactOptions
        @OptionGroup var state: StateOptions
        @OptionGroup var output: OutputOptions

        private struct Done: Encodable {
            let order, link: String
        }

        func run() async throws {
            let own = try state.ledger().read { snapshot in
                let record = try snapshot.order(patientCase)
                let contract = try snapshot.ends(of: record).flatMap {
                    try snapshot.rulebook().contracts[$0.first.update.contract]?.name
                }
                guard OrderKind(contract: contract) == .patientCase else {
                    throw CustodyError(.orderUnknown, "this order is no patient's case", at: record.name)
                }
                return record.name
            }
            let device = try await deviceOrder()
            let link = "\(base)/orders/\(device)#\(Self.token())"
            let noted: [(name: String, value: Draft.Value)] = [
                ("order", .private(Array(device.utf8))), ("link", .private(Array(link.utf8))),
            ]
            _ = try await RecorderAccess.record(
                Draft(order: .existing(own), step: "device.ordered", facts: noted, source: Source(.operator)),
                state: state.directory)
            try output.print(Done(order: device, link: link), text: "\(device)\n\(link)")
        }

        private func deviceOrder() async throws -> String {
            if let order { return try state.ledger().read { try $0.order(order).name } }
            let named: [(name: String, value: String?)] = [("product", product), (OrderFact.number, number)]
            return try await RecorderAccess.record(
                Draft(
                    order: .open(contract: contract), step: "order.placed", facts: named.known + (try facts.facts()),
                    subjects: try facts.subjects(instruments: .system()), source: Source(.operator)),
                state: state.directory
            ).order
        }

        /// 256 bits that nobody can guess, in base64url.
        private static func token() -> String {
            var source = SystemRandomNumberGenerator()
            let bytes = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &source) }
            return Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
                .replacing("=", with: "")
        }
    }
}
