import Identifiers

/// What `custody identify` does between its input and its output, with labels as stations see them.
struct IdentifyBench {
    static let lines = 1_000_000
    static let chunkSize = 1 << 18

    func run() async -> [Measurement] {
        let input = Self.input()
        var rates: [Double] = []
        for _ in 0..<5 {
            rates.append(Double(Self.lines) / (await Statistic.seconds { blackHole(Self.identify(input)) }))
        }
        return [
            Measurement(name: "identify", value: Statistic.median(rates), unit: "lines/s", target: ">= 200000")
        ]
    }

    /// - Returns: how many bytes of reports were written.
    private static func identify(_ input: [UInt8]) -> Int {
        var writer = IdentifierReportWriter(year: 2_026)
        var output: [UInt8] = []
        var written = 0
        input.withUnsafeBytes { bytes in
            for start in stride(from: 0, to: bytes.count, by: chunkSize) {
                let chunk = bytes[start..<min(start + chunkSize, bytes.count)]
                writer.read(UnsafeRawBufferPointer(rebasing: chunk), into: &output)
                written += output.count
                output.removeAll(keepingCapacity: true)
            }
        }
        writer.finish(into: &output)
        return written + output.count
    }

    private static func input() -> [UInt8] {
        var workload = UInt64(1)
        var input: [UInt8] = []
        for _ in 0..<lines {
            workload = workload &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            input += labels[Int(workload >> 33) % labels.count].utf8
            input.append(UInt8(ascii: "\n"))
        }
        return input
    }

    /// One in eight is not valid.
    private static let labels = [
        "]d20104012345000016172612311021A\u{1D}21S1", "]C101040123450000161727013110LOT7788\u{1D}21SN0001",
        "(01)04012345000016(17)270131(10)A1B2C3(21)SN-1", "4012345000115", "96385074", "]E04012345000115",
        "https://id.gs1.org/01/04012345000016/10/A1/21/SN-1?17=270131", "]C100340123450000000017",
        "]C10034012345000000001737120204012345000016", "(10)LOT55", "0104012345000013", "(8003)04012345000115XYZ",
        "]d2010401234500001611250600172612311012345678901234567890\u{1D}211234567890ABCDEFGHIJ\u{1D}240XYZ-1",
        "+A123BJC5D6E71G", "hello world", "]Q3010401234500001610A{GS}21B<GS>400PO-1",
    ]
}
