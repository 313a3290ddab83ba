import Foundation
import Gateway
import Ledger
import Store

/// Contract-checked, signed, durable updates beside plain inserts of the same bytes in the same batches.
struct AppendBench {
    let folder: String

    func run() async throws -> [Measurement] {
        let gateway = try BenchGateway.make(in: folder)
        let recorder = try gateway.recorder()
        let plain = PlainSQLite(path: "\(folder)/plain.sqlite")
        var workload = Workload()
        // The orders on which the measured updates go on.
        for _ in 0..<2 { _ = try await record([workload.openings(Recorder.batchMax)], &workload, recorder) }
        var rows: [Measurement] = []
        for (batch, batches, rounds) in [(1_024, 10, 15), (64, 100, 9)] {
            rows.append(
                try await pairs(batch: batch, batches: batches, rounds: rounds, &workload, recorder, gateway, plain))
        }
        rows += try await single(&workload, recorder, gateway, plain)
        return rows
    }

    /// Hands in the next batch while the one before it is being committed, as busy stations do.
    /// - Returns: seconds until the last receipt.
    private func record(
        _ batches: [[Draft]], _ workload: inout Workload, _ recorder: Recorder
    ) async throws -> Double {
        var receipts: [Receipt] = []
        var waiting: Task<[Result<Receipt, any Error>], any Error>?
        let began = ContinuousClock.now
        for batch in batches {
            let next = Task { try await recorder.record(batch) }
            if let waiting { receipts += try await waiting.value.map { try $0.get() } }
            waiting = next
        }
        if let waiting { receipts += try await waiting.value.map { try $0.get() } }
        let seconds = (ContinuousClock.now - began) / .seconds(1)
        workload.take(receipts)
        return seconds
    }

    private func pairs(
        batch: Int, batches: Int, rounds: Int, _ workload: inout Workload, _ recorder: Recorder,
        _ gateway: BenchGateway, _ plain: PlainSQLite
    ) async throws -> Measurement {
        var ours: [Double] = []
        var theirs: [Double] = []
        for _ in 0..<rounds {
            let before = try size(of: gateway)
            let drafts = (0..<batches).map { _ in workload.drafts(batch) }
            ours.append(Double(batch * batches) / (try await record(drafts, &workload, recorder)))
            let bytes = try entries(of: gateway, from: before)
            theirs.append(
                Double(bytes.count)
                    / (await Statistic.seconds {
                        for start in stride(from: 0, to: bytes.count, by: batch) {
                            plain.commit(bytes[start..<min(start + batch, bytes.count)])
                        }
                    }))
        }
        return Measurement(
            name: "append, batch \(batch)", value: Statistic.median(ours), unit: "updates/s",
            reference: Statistic.median(theirs), ratio: Statistic.median(zip(ours, theirs).map { $0 / $1 }),
            target: batch == 1_024 ? "ratio >= 0.5" : "-")
    }

    private func single(
        _ workload: inout Workload, _ recorder: Recorder, _ gateway: BenchGateway, _ plain: PlainSQLite
    ) async throws -> [Measurement] {
        var ours: [Double] = []
        var theirs: [Double] = []
        for _ in 0..<1_500 {
            let draft = workload.drafts(1)[0]
            let before = try size(of: gateway)
            let began = ContinuousClock.now
            let receipt = try await recorder.record(draft)
            ours.append((ContinuousClock.now - began) / .milliseconds(1))
            workload.take([receipt])
            let bytes = try entries(of: gateway, from: before)
            theirs.append(await Statistic.seconds { plain.commit(bytes[...]) } * 1_000)
        }
        let extra = zip(ours, theirs).map { $0 - $1 }
        return [
            Measurement(
                name: "append, batch 1", value: 1_000 / Statistic.median(ours), unit: "updates/s",
                reference: 1_000 / Statistic.median(theirs), ratio: Statistic.median(zip(theirs, ours).map { $0 / $1 }),
                target: "-"),
            Measurement(
                name: "append, batch 1: median above one plain commit", value: Statistic.median(extra), unit: "ms",
                reference: Statistic.median(theirs), target: "<= 1 ms"),
            Measurement(
                name: "append, batch 1: p99", value: Statistic.percentile(ours, 0.99), unit: "ms",
                reference: Statistic.percentile(theirs, 0.99), target: "-"),
        ]
    }

    private func size(of gateway: BenchGateway) throws -> UInt64 {
        try gateway.store.read { try $0.ownLog()?.size ?? 0 }
    }

    private func entries(of gateway: BenchGateway, from start: UInt64) throws -> [[UInt8]] {
        try gateway.store.read { snapshot in
            guard let log = try snapshot.ownLog() else { return [] }
            return try snapshot.entries(log: log.id, from: start, count: Int(log.size - start))
        }
    }
}
