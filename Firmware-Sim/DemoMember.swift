import Rig

/// One organisation of the demo with its one gateway.
struct DemoMember: Hashable, Sendable {
    enum Role: String, CaseIterable, Sendable {
        case hospital, manufacturer, supplier, regulator, logistics

        var name: String {
            switch self {
            case .hospital: "Bergmann Hospital"
            case .manufacturer: "Orthoform Implants"
            case .supplier: "Titan Powder Works"
            case .regulator: "Device Authority"
            case .logistics: "Coldline Transport"
            }
        }
    }

    let role: Role
    let port: Int
    /// The state directory, absolute.
    let state: String

    var id: String { role.rawValue }

    var logPath: String { "\(state)/gateway.log" }

    /// Images put here are scanned.
    var labelFolder: String { "\(state)/labels" }

    /// Where the handheld scanner is plugged in.
    var scannerLink: String { "\(state)/scanner" }

    /// Logistics sits behind NAT: nobody can dial in there, it dials out to all.
    var isReachable: Bool { role != .logistics }
}

/// All five of them.
struct DemoMembers: Sendable {
    let hospital: DemoMember
    let manufacturer: DemoMember
    let supplier: DemoMember
    let regulator: DemoMember
    let logistics: DemoMember

    var all: [DemoMember] { [hospital, manufacturer, supplier, regulator, logistics] }

    /// Each gets a port of its own. Throws `loopback-port-missing`.
    init(folder: DemoFolder) throws {
        var ports = try Loopback.freePorts(DemoMember.Role.allCases.count).makeIterator()
        func member(_ role: DemoMember.Role) -> DemoMember {
            DemoMember(role: role, port: ports.next() ?? 0, state: folder.file(role.rawValue))
        }
        hospital = member(.hospital)
        manufacturer = member(.manufacturer)
        supplier = member(.supplier)
        regulator = member(.regulator)
        logistics = member(.logistics)
    }
}
