/// Several symbols of one package as one identifier.
extension Identifier {
    /// What these symbols say together: the one that names the thing first, the rest in a fixed order, so that the order
    /// of scans leaves no trace. Throws where two of them say different things, where an HIBC link character leads to
    /// another product, and where the elements together break a rule of the scheme. `year` is the current year.
    static func merged(_ parts: [Identifier], year: Int) throws(IdentifierError) -> Identifier {
        guard let scheme = parts.first?.scheme, parts.allSatisfy({ $0.scheme == scheme }) else {
            throw IdentifierError(.partsDiffer, "The symbols follow the rules of different agencies.")
        }
        if parts.count == 1 { return parts[0] }
        try checkLinks(of: parts)
        let elements = try union(of: parts.sorted(by: comesBefore))
        switch scheme {
        case .hibc: return try linked(HIBC.identifier(of: elements, year: year), elements)
        case .iccbba: return try ISBT128.identifier(of: elements)
        case .gs1: return try gs1(elements, epc: parts.compactMap(\.epc).first, year: year)
        }
    }

    /// What the identifier names, without lot and serial number: the same for all symbols of one package that name it.
    /// Nil for a part that names nothing by itself.
    var thing: String? {
        guard subject != nil else { return nil }
        switch scheme {
        case .hibc: return udi?.di
        case .iccbba: return Identifier.first(["=/", "=)", "=-"], in: elements) ?? subject
        case .gs1: return Identifier.first(["00", "01", "03"], in: elements) ?? (isAboutAJourney ? nil : subject)
        }
    }

    /// Whether nothing is missing and the identifier tells one thing, or one lot of things, from the next.
    var isWhole: Bool {
        guard missing.isEmpty, subject != nil else { return false }
        guard let udi else { return true }
        return udi.lot != nil || udi.serial != nil || udi.donation != nil
    }

    /// Consignments, shipments and places stand on the label of a thing and are none.
    private var isAboutAJourney: Bool {
        ["401", "402", "414", "415", "417"].contains { value(of: $0) != nil }
    }

    private static func first(_ ais: [String], in elements: [Element]) -> String? {
        for ai in ais {
            if let element = elements.first(where: { $0.ai == ai }) { return "\(ai) \(element.value)" }
        }
        return nil
    }

    private static func comesBefore(_ left: Identifier, _ right: Identifier) -> Bool {
        if (left.thing == nil) != (right.thing == nil) { return left.thing != nil }
        return left.elements.lexicographicallyPrecedes(right.elements) { ($0.ai, $0.value) < ($1.ai, $1.value) }
    }

    private static func checkLinks(of parts: [Identifier]) throws(IdentifierError) {
        guard let check = parts.lazy.compactMap(HIBC.primaryCheck).first,
            parts.contains(where: { $0.value(of: HIBCField.link.ai).map { $0 != check } ?? false })
        else { return }
        throw IdentifierError(
            .linkCharacterWrong, "The symbols do not belong together: one links to another product.")
    }

    private static func union(of parts: [Identifier]) throws(IdentifierError) -> [Element] {
        var elements: [Element] = []
        for element in parts.flatMap(\.elements) {
            guard let known = elements.first(where: { $0.ai == element.ai }) else {
                elements.append(element)
                continue
            }
            guard known.value == element.value || element.ai == HIBCField.check.ai else {
                throw IdentifierError(
                    .partsDiffer,
                    "Two symbols say different things of \(element.ai): \(known.value) and \(element.value).")
            }
        }
        return elements
    }

    /// Secondary symbols without their primary keep the link that leads to it.
    private static func linked(_ identifier: Identifier, _ elements: [Element]) -> Identifier {
        guard !identifier.missing.isEmpty else { return identifier }
        let link = elements.filter { $0.ai == HIBCField.link.ai }
        return Identifier(
            scheme: .hibc, elements: identifier.elements + link, udi: nil, missing: identifier.missing)
    }

    private static func gs1(
        _ elements: [Element], epc: String?, year: Int
    ) throws(IdentifierError) -> Identifier {
        let merged = try GS1Message.identifier(of: elements.map { ($0.ai, $0.value) }, year: year)
        guard let epc else { return merged }
        return Identifier(
            scheme: .gs1, elements: merged.elements, udi: merged.udi, missing: merged.missing, epc: epc)
    }
}
