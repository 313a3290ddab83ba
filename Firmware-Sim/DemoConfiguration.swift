/// The `gateway.yaml` of one member.
struct DemoConfiguration {
    /// Length of a window, short because people watch.
    static let windowSeconds = 2

    let member: DemoMember
    let members: [DemoMember]
    let brokerPort: Int
    let passwordFile: String
    let vehicle: String

    var text: String {
        var lines = [
            "# Written by the demo. The peers of \(member.id).", "custody-gateway: 1",
            "listen: 127.0.0.1:\(member.port)", "peers:",
        ]
        lines += members.filter { $0 != member && $0.isReachable }.map {
            "  - {organisation: \($0.id), address: 'https://127.0.0.1:\($0.port)'}"
        }
        switch member.role {
        case .manufacturer: lines += station("line", "production.completed", "folder: labels")
        case .hospital: lines += station("goods-in", "received", "folder: labels")
        case .logistics: lines += station("dock", "shipped", "serial: scanner, facts: {vehicle: \(vehicle)}") + sensors
        case .supplier, .regulator: break
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func station(_ name: String, _ step: String, _ source: String) -> [String] {
        ["stations:", "  - {name: \(name), step: \(step), \(source)}"]
    }

    private var sensors: [String] {
        [
            "mqtt:", "  - host: 127.0.0.1", "    port: \(brokerPort)", "    topics: ['sensors/{device}/+']",
            "    user: gateway", "    password-file: '\(passwordFile.split(separator: "'").joined(separator: "''"))'",
            "conditions: {window: \(DemoConfiguration.windowSeconds)}",
        ]
    }
}
