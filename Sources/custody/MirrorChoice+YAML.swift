import Consortium
import Ledger

extension MirrorChoice {
    /// `all`, or a mapping of what to keep besides the logs of the gateway's own organisation.
    init(_ reader: YAMLReader) throws {
        if reader.isScalar {
            guard try reader.text() == "all" else {
                throw reader.failure(
                    "mirror is 'all' or a mapping", remedy: "such as {orders: true, roles: [regulator]}")
            }
            self = .all
            return
        }
        let keys = try reader.mapping(known: ["orders", "roles", "organisations"])
        self = .some(
            Part(
                orders: try keys["orders"]?.flag() ?? false,
                roles: Set(try keys["roles"]?.list().map(Self.role) ?? []),
                organisations: Set(try keys["organisations"]?.texts() ?? [])))
    }

    private static func role(_ reader: YAMLReader) throws -> Role {
        guard let role = Role(rawValue: try reader.text()) else {
            throw reader.failure("roles are: \(Role.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return role
    }
}
