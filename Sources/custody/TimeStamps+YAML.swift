import Ledger
import Store
import TimeStamps

extension GatewayConfiguration {
    /// Who stamps heads of this gateway's log, and how often.
    struct TimeStamps {
        let url: String
        let authority: TimeStampAuthority
        let interval: Duration

        private static let usualInterval: Duration = .seconds(3_600)

        init(_ reader: YAMLReader, state: StateDirectory) throws {
            let keys = try reader.mapping(known: ["url", "authority", "policy", "every"])
            url = try keys.required("url", of: reader).text()
            let file = state.path(try keys.required("authority", of: reader).text())
            authority = try TimeStampAuthority(
                certificates: try NamedFile.bytes(file), policy: try keys["policy"]?.text())
            interval = try keys["every"].map(Self.interval) ?? Self.usualInterval
        }

        private static let units: [Character: Int] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
        private static let secondsMax = 366 * 86_400

        private static func interval(_ reader: YAMLReader) throws -> Duration {
            let text = try reader.text()
            guard let unit = text.last.flatMap({ units[$0] }), let count = Int(text.dropLast()), count > 0,
                count <= secondsMax / unit
            else { throw reader.failure("a time from one time stamp to the next is written as 30s, 15m, 1h or 1d") }
            return .seconds(count * unit)
        }
    }
}
