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
        let path = subject.hasPrefix(Self.host) ? subject.dropFirst(Self.host.count) : ""
        let parts = path.split(separator: "/")
        switch parts.first {
        case "414", "417": self = .place
        case "01", "8006": self = parts.contains("21") || parts.contains("235") ? .instance : .lot
        case "8013": self = .lot
        default: self = .instance
        }
    }
}
