import Foundation
import Ledger

/// What people know of a device or a lot where they do not know its whole identifier.
public enum OrderMark: Hashable, Sendable {
    case lot(String)
    case serial(String)

    /// Under which it stands in the order index: the GS1 application identifier and the value.
    var key: String {
        switch self {
        case .lot(let value): "10:" + value
        case .serial(let value): "21:" + value
        }
    }

    /// What an update says in public facts of these names.
    static func facts(of update: Update) -> [OrderMark] {
        var marks: [OrderMark] = []
        for fact in update.facts {
            guard case .text(let value) = fact.value else { continue }
            switch fact.name {
            case OrderFact.lot: marks.append(.lot(value))
            case OrderFact.serial: marks.append(.serial(value))
            default: break
            }
        }
        return marks
    }

    private static let link = "https://id.gs1.org/"

    /// What stands in a subject: the qualifiers of a Digital Link, the lot or serial number of an HIBC label.
    public static func parts(of subject: String) -> [OrderMark] {
        guard subject.hasPrefix(link) else { return medicalPart(of: subject).map { [$0] } ?? [] }
        let parts = subject.dropFirst(link.count).split(separator: "/")
        return stride(from: 2, to: parts.count - 1, by: 2).compactMap { place in
            let value = parts[place + 1].removingPercentEncoding ?? String(parts[place + 1])
            return parts[place] == "10" ? .lot(value) : parts[place] == "21" ? .serial(value) : nil
        }
    }

    private static func medicalPart(of subject: String) -> OrderMark? {
        guard subject.hasPrefix("+"), let slash = subject.lastIndex(of: "/") else { return nil }
        let part = subject[subject.index(after: slash)...]
        return part.first == "S"
            ? .serial(String(part.dropFirst())) : part.first == "$" ? .lot(String(part.dropFirst())) : nil
    }
}
