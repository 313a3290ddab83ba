import Ledger

/// Which members' logs a gateway keeps, as `mirror` in its configuration says. Those of its own organisation it always
/// keeps.
public enum MirrorChoice: Hashable, Sendable {
    case all
    case some(Part)

    /// What a gateway keeps that does not keep everything.
    public struct Part: Hashable, Sendable {
        /// Whether to keep the logs with updates of orders on which this gateway has recorded.
        public let orders: Bool
        /// Logs of organisations with these roles.
        public let roles: Set<Role>
        /// Logs of organisations with these ids.
        public let organisations: Set<String>

        public init(orders: Bool = false, roles: Set<Role> = [], organisations: Set<String> = []) {
            self.orders = orders
            self.roles = roles
            self.organisations = organisations
        }
    }

    /// Whether it wants the logs of its orders, and only them, kept for that reason.
    public var asksForOrders: Bool { if case .some(let part) = self { part.orders } else { false } }

    /// - Parameters:
    ///   - origin: of a member's log.
    ///   - own: this gateway's organisation.
    ///   - document: the newest one; who is no member has no role.
    ///   - orderLogs: origins of the logs that its orders need, where the choice names orders.
    public func keeps(
        _ origin: String, own: String, document: ConsortiumDocument?, orderLogs: Set<String>
    ) -> Bool {
        guard case .some(let part) = self else { return true }
        let organisation = ConsortiumDocument.organisation(ofOrigin: origin)
        if organisation == own || part.organisations.contains(organisation) { return true }
        if let role = document?.role(of: organisation), part.roles.contains(role) { return true }
        return part.orders && orderLogs.contains(origin)
    }

    /// An organisation's cosigner answers for every log that it has seen: it keeps all.
    /// - Throws: `CustodyError` with code `cosigner-keeps-all`.
    public func check(isCosigner: Bool, file: String) throws {
        guard isCosigner, self != .all else { return }
        throw CustodyError(
            .cosignerKeepsAll, "this gateway is its organisation's cosigner and must keep all logs", at: file,
            remedy: "write 'mirror: all', or let another gateway of the organisation cosign")
    }
}

extension CustodyError.Code {
    /// A cosigner that is told not to keep all logs.
    public static let cosignerKeepsAll: Self = "cosigner-keeps-all"
    /// A log that the mirror has chosen not to keep.
    public static let logNotKept: Self = "log-not-kept"
}
