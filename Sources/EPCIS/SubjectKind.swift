/// How an update's subject stands in an event.
enum SubjectKind: Hashable, Sendable {
    /// One thing: an EPC.
    case instance
    /// A product or a lot: an EPC class, of which there is a quantity.
    case lot
    /// A place.
    case place

    private static let host = "https://id.gs1.org/"

    init(_ subject: String) {
        if let known = Self.ofOthers(subject) {
            self = known
            return
        }
        let path = subject.hasPrefix(Self.host) ? subject.dropFirst(Self.host.count) : ""
        let parts = path.split(separator: "/")
        switch parts.first {
        case "414", "417": self = .place
        case "01", "8006": self = parts.contains("21") || parts.contains("235") ? .instance : .lot
        case "8013": self = .lot
        default: self = .instance
        }
    }

    /// HIBC and ISBT 128 as their labels write them, and EPCs that are no Digital Link.
    private static func ofOthers(_ subject: String) -> SubjectKind? {
        if subject.hasPrefix("+") { return subject.contains("/S") ? .instance : .lot }
        if subject.hasPrefix("=/") { return subject.dropFirst().contains("=") ? .instance : .lot }
        if subject.hasPrefix("urn:epc:class:") { return .lot }
        return subject.hasPrefix("urn:epc:id:sgln:") || subject.hasPrefix("urn:epc:id:pgln:") ? .place : nil
    }
}
