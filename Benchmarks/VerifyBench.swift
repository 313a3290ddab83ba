import Foundation
import Gateway
import Ledger
import Store

/// Every hash, link, signature and verdict checked, beside nothing but SHA-256 over the same bytes.
struct VerifyBench {
    static let entries = 200_000

    let folder: String

    func run() async throws -> [Measurement] {
        let gateway = try BenchGateway.make(in: folder)
        try await gateway.fill(Self.entries)
        let bytes = try gateway.store.read { snapshot in
            try snapshot.ownLog().map { try snapshot.entries(log: $0.id, from: 0, count: Int($0.size)) } ?? []
        }
        var ours: [Double] = []
        var theirs: [Double] = []
        for _ in 0..<5 {
            ours.append(
                Double(bytes.count)
                    / (await Statistic.seconds {
                        let report = await LedgerVerifier(store: gateway.store).run()
                        precondition(report.isSound && report.entries == UInt64(bytes.count), "\(report.findings)")
                    }))
            theirs.append(
                Double(bytes.count)
                    / (await Statistic.seconds { for entry in bytes { blackHole(Hash.sha256(entry)) } }))
        }
        let size = bytes.reduce(0) { $0 + $1.count } / bytes.count
        return [
            Measurement(
                name: "verify, entries of \(size) bytes", value: Statistic.median(ours), unit: "entries/s",
                reference: Statistic.median(theirs), ratio: Statistic.median(zip(ours, theirs).map { $0 / $1 }),
                target: "ratio >= 0.3")
        ]
    }
}

extension BenchGateway {
    /// Records this many updates, in full batches.
    func fill(_ count: Int) async throws {
        let recorder = try recorder()
        var workload = Workload()
        for _ in 0..<(count / Recorder.batchMax) {
            let outcomes = try await recorder.record(workload.drafts(Recorder.batchMax))
            workload.take(try outcomes.map { try $0.get() })
        }
    }
}

@inline(never)
func blackHole(_ value: some Any) {}
