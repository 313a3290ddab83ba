import Foundation
import History
import Ledger
import Store

/// What a store of many entries costs: to fill, to keep, to check, to start from and to look something up in.
struct LargeBench {
    let folder: String
    let entries: Int

    func run() async throws -> [Measurement] {
        let gateway = try BenchGateway.make(in: folder)
        let filling = try await Statistic.seconds { try await gateway.fill(entries) }
        let size = try gateway.store.read { try $0.ownLog()?.size ?? 0 }
        let checking = await Statistic.seconds {
            let report = await LedgerVerifier(store: gateway.store).run()
            precondition(report.isSound && report.entries == size, "\(report.findings)")
        }
        let traces = try trace(gateway.store)
        let start = try await Daemon(try Daemon.custody(), state: gateway.state).secondsToReady()
        return [
            Measurement(name: "entries", value: Double(size), unit: "entries", target: "-"),
            Measurement(name: "append, batch 1024", value: Double(size) / filling, unit: "updates/s", target: "-"),
            Measurement(
                name: "on disk", value: Double(bytes(of: gateway.state)) / Double(size), unit: "bytes/entry",
                target: "-"),
            Measurement(name: "verify", value: Double(size) / checking, unit: "entries/s", target: "-"),
            Measurement(
                name: "trace by a serial number, median of 100", value: Statistic.median(traces), unit: "ms",
                target: "< 50 ms"),
            Measurement(
                name: "trace by a serial number, slowest of 100", value: traces.max() ?? 0, unit: "ms",
                target: "< 50 ms"),
            Measurement(name: "start to ready", value: start, unit: "s", target: "< 1 s"),
        ]
    }

    private func bytes(of state: StateDirectory) -> Int {
        ["", "-wal"].reduce(0) { sum, suffix in
            let attributes = try? FileManager.default.attributesOfItem(atPath: state.ledger + suffix)
            return sum + (attributes?[.size] as? Int ?? 0)
        }
    }

    /// From a serial number to all that is shown of its order.
    private func trace(_ store: LedgerStore) throws -> [Double] {
        let rulebook = store.rulebook
        return try (0..<100).map { number in
            let serial = try store.read { snapshot in
                let found = try snapshot.orders(keyed: "PO-\(1 + number * entries / 1_000)")
                guard let order = found.first else { preconditionFailure("an order is missing") }
                return String(order.name.suffix(16))
            }
            let began = ContinuousClock.now
            try store.read { snapshot in
                let order = try OrderSearch.order(serial, year: 2_026, in: snapshot, rulebook)
                blackHole(try JSONEncoder().encode(Trace(of: order, snapshot: snapshot, rulebook: rulebook)))
            }
            return (ContinuousClock.now - began) / .milliseconds(1)
        }
    }
}

/// A large table with the machine that it holds for.
struct LargeResult: Encodable {
    let machine: String
    let rows: [Measurement]

    init(rows: [Measurement]) {
        let models =
            (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8))?.split(separator: "\n")
            .filter { $0.hasPrefix("model name") }.compactMap { $0.split(separator: ":").last } ?? []
        let memory = ProcessInfo.processInfo.physicalMemory >> 30
        machine = "\(models.count) x\(models.first ?? " unknown"), \(memory) GiB"
        self.rows = rows
    }
}
