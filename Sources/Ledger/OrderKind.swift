/// What an order is about, as the name of its contract says.
public enum OrderKind: String, Hashable, Sendable, Codable, CaseIterable {
    /// A device, or several, on the way to a patient: whatever has no meaning of its own below.
    case device
    /// A lot of raw material.
    case material
    /// A transport with what its sensors said.
    case journey
    /// A case or pallet with what is in it.
    case unit
    /// Harm, or nearly.
    case event
    case recall
    /// A patient's need.
    case patientCase

    private static let contracts: [String: OrderKind] = [
        "material": .material, "transport": .journey, "packing": .unit, "adverse-event": .event, "recall": .recall,
        "patient-case": .patientCase,
    ]

    /// - Parameter contract: the contract's name; nil where it is not known.
    public init(contract: String?) {
        self = contract.flatMap { Self.contracts[$0] } ?? .device
    }
}
