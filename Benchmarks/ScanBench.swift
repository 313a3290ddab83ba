import Capture
import Foundation
import Gateway
import Identifiers
import Labels
import Ledger
import Store

/// A photograph of a label until its update is on disk, beside decoding it and one commit of as many bytes.
struct ScanBench {
    static let scans = 200

    let folder: String

    func run() async throws -> [Measurement] {
        let gateway = try BenchGateway.make(in: folder)
        let recorder = try gateway.recorder()
        let station = Station(
            rule: Station.Rule(name: "dock", step: "design.set"), recorder: recorder, ledger: gateway.store,
            intake: try IntakeStore(path: gateway.state.intake), instruments: .system())
        let decoder = DecodeClient(executable: try Daemon.custody(), arguments: ["decode-worker"])
        let plain = PlainSQLite(path: "\(folder)/plain.sqlite")
        var ours: [Double] = []
        var theirs: [Double] = []
        for number in 0..<Self.scans {
            let label = try await label(number, recorder)
            ours.append(
                try await milliseconds {
                    for symbol in try await decoder.decode(label) {
                        let answer = await station.accept(symbol.scan, from: ScanOrigin(source: "dock"))
                        precondition(answer == .recorded, "\(answer)")
                    }
                })
            theirs.append(
                try await milliseconds {
                    let symbols = try await decoder.decode(label)
                    precondition(symbols.count == 1)
                    plain.commit([[UInt8](repeating: 1, count: 400)])
                })
        }
        return [
            Measurement(
                name: "image to durable entry: median above decode and one commit",
                value: Statistic.median(zip(ours, theirs).map { $0 - $1 }), unit: "ms",
                reference: Statistic.median(theirs), target: "<= 2 ms")
        ]
    }

    /// The image of a label on whose device an order waits.
    private func label(_ number: Int, _ recorder: Recorder) async throws -> [UInt8] {
        let label = try DeviceLabel(gtin: "04012345000016", serial: "SN-\(number)", year: 2_026)
        _ = try await recorder.record(
            Draft(
                order: .open(contract: "bench-device"), step: "order.placed", facts: [("product", .text("hip stem"))],
                subjects: [label.identifier.subject ?? ""], source: Source(.operator)))
        return LabelFormat.png.render(try LabelLayout(label, in: .dataMatrix, on: try LabelStock()))
    }

    private func milliseconds(_ work: () async throws -> Void) async rethrows -> Double {
        try await Statistic.seconds(work) * 1_000
    }
}
