/// GS1 identifiers, as EPC URNs or Digital Links of any host, as the one Digital Link on id.gs1.org that the hash is made
/// of: the finest level alone, without attributes. Check digits that are there are not judged: whoever hashes an event
/// does not correct it.
enum CanonicalEPC {
    private static let host = "https://id.gs1.org/"

    /// Nil for what names nothing of GS1's.
    static func of(_ text: String) -> String? {
        if text.hasPrefix("urn:epc:") { return urn(text.dropFirst(8)) }
        guard text.hasPrefix("https://") || text.hasPrefix("http://") else { return nil }
        return link(text)
    }

    // MARK: EPC URNs

    private enum Layout {
        /// Company prefix and item reference, 13 digits, of which the first of the reference goes to the front.
        case trade(qualifier: String)
        /// The same for pieces of a trade item: how many and of how many stand between.
        case piece
        /// Company prefix and reference, so many digits, then a check digit; `indicator` moves a digit to the front.
        case key(digits: Int, indicator: Bool, serial: Serial)
        /// Company prefix and whatever follows.
        case loose
        case component
    }

    private enum Serial {
        case none
        /// Right behind the key.
        case appended
        /// Under an application identifier, unless it is 0.
        case extension254
    }

    private static let schemes: [String: (ai: String, layout: Layout)] = [
        "sgtin": ("01", .trade(qualifier: "21")), "upui": ("01", .trade(qualifier: "235")),
        "lgtin": ("01", .trade(qualifier: "10")), "itip": ("8006", .piece),
        "sscc": ("00", .key(digits: 17, indicator: true, serial: .none)),
        "sgln": ("414", .key(digits: 12, indicator: false, serial: .extension254)),
        "pgln": ("417", .key(digits: 12, indicator: false, serial: .none)),
        "grai": ("8003", .key(digits: 12, indicator: false, serial: .appended)),
        "gdti": ("253", .key(digits: 12, indicator: false, serial: .appended)),
        "sgcn": ("255", .key(digits: 12, indicator: false, serial: .appended)),
        "gsrn": ("8018", .key(digits: 17, indicator: false, serial: .none)),
        "gsrnp": ("8017", .key(digits: 17, indicator: false, serial: .none)),
        "gsin": ("402", .key(digits: 16, indicator: false, serial: .none)),
        "giai": ("8004", .loose), "ginc": ("401", .loose), "cpi": ("8010", .component),
    ]

    private static func urn(_ rest: Substring) -> String? {
        let parts = rest.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let (ai, layout) = schemes[String(parts[1])] else { return nil }
        let isPattern = parts[0] == "idpat"
        guard isPattern || parts[0] == (parts[1] == "lgtin" ? "class" : "id") else { return nil }
        guard let path = path(layout, String(parts[1]), String(parts[2]), isPattern: isPattern) else { return nil }
        return host + ai + "/" + path
    }

    private static func path(_ layout: Layout, _ scheme: String, _ body: String, isPattern: Bool) -> String? {
        switch layout {
        case .trade(let qualifier):
            guard let parts = fields(body, 3), let key = trade(parts[0], parts[1]) else { return nil }
            return end(key, "/\(qualifier)/", parts[2], isPattern)
        case .piece:
            guard let parts = fields(body, 5), let key = trade(parts[0], parts[1]), parts[2].utf8.count == 2,
                parts[3].utf8.count == 2, (parts[2] + parts[3]).utf8.allSatisfy({ $0 &- 0x30 < 10 })
            else { return nil }
            return end(key + parts[2] + parts[3], "/21/", parts[4], isPattern)
        case .key(let digits, let indicator, let serial):
            guard let parts = fields(body, serial == .none ? 2 : 3),
                let key = key(parts[0], parts[1], digits: digits, indicator: indicator)
            else { return nil }
            let padded = scheme == "grai" ? "0" + key : key
            switch serial {
            case .none: return isPattern ? nil : padded
            case .appended: return end(padded, "", parts[2], isPattern)
            case .extension254:
                return parts[2] == "0" && !isPattern ? padded : end(padded, "/254/", parts[2], isPattern)
            }
        case .loose:
            guard !isPattern, let parts = fields(body, 2), isPrefix(parts[0]), isSerial(parts[1]) else { return nil }
            return parts[0] + parts[1]
        case .component:
            guard let dot = body.lastIndex(of: "."), let parts = fields(String(body[..<dot]), 2), isPrefix(parts[0])
            else { return nil }
            return end(parts[0] + parts[1], "/8011/", String(body[body.index(after: dot)...]), isPattern)
        }
    }

    private static func end(_ key: String, _ qualifier: String, _ serial: String, _ isPattern: Bool) -> String? {
        if isPattern { return serial == "*" ? key : nil }
        return isSerial(serial) ? key + qualifier + serial : nil
    }

    /// Cut at the first dots: a serial may hold dots of its own.
    private static func fields(_ body: String, _ count: Int) -> [String]? {
        let fields = body.split(separator: ".", maxSplits: count - 1, omittingEmptySubsequences: false)
        return fields.count == count ? fields.map(String.init) : nil
    }

    private static func trade(_ prefix: String, _ reference: String) -> String? {
        key(prefix, reference, digits: 13, indicator: true)
    }

    private static func key(_ prefix: String, _ reference: String, digits: Int, indicator: Bool) -> String? {
        guard isPrefix(prefix), reference.utf8.allSatisfy({ $0 &- 0x30 < 10 }),
            prefix.utf8.count + reference.utf8.count == digits
        else { return nil }
        let text = indicator ? reference.prefix(1) + prefix + reference.dropFirst() : prefix + reference
        return text + checkDigit(text)
    }

    private static func isPrefix(_ text: String) -> Bool {
        (6...12).contains(text.utf8.count) && text.utf8.allSatisfy { $0 &- 0x30 < 10 }
    }

    private static func isSerial(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") }
    }

    private static func checkDigit(_ digits: String) -> String {
        var sum = 0
        for (place, digit) in digits.utf8.reversed().enumerated() {
            sum += Int(digit &- 0x30) * (place.isMultiple(of: 2) ? 3 : 1)
        }
        return String((10 - sum % 10) % 10)
    }

    // MARK: Digital Links

    private static let names = [
        "gtin": "01", "itip": "8006", "cpid": "8010", "gln": "414", "party": "417", "gsrnp": "8017", "gsrn": "8018",
        "gcn": "255", "sscc": "00", "gdti": "253", "ginc": "401", "gsin": "402", "grai": "8003", "giai": "8004",
        "cpv": "22", "lot": "10", "ser": "21",
    ]

    /// What may follow a key, the coarser first.
    private static let qualifiers: [String: [String]] = [
        "01": ["22", "10", "21", "235"], "8006": ["22", "10", "21"], "414": ["254"], "8010": ["8011"], "00": [],
        "253": [], "255": [], "401": [], "402": [], "417": [], "8003": [], "8004": [], "8017": [], "8018": [],
    ]

    private static func link(_ text: String) -> String? {
        let path = text.prefix { $0 != "?" && $0 != "#" }
        let segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst(3)
            .map { names[String($0)] ?? String($0) }
        guard let start = segments.indices.first(where: { isKey(segments, at: $0) }) else { return nil }
        let ai = segments[start]
        var rest = Array(segments[(start + 2)...])
        while rest.last == "" { rest.removeLast() }
        guard let key = padded(segments[start + 1], ai), let finest = finest(rest, of: ai) else { return nil }
        return host + ai + "/" + key + finest
    }

    private static func isKey(_ segments: [String], at place: Int) -> Bool {
        guard qualifiers[segments[place]] != nil, place + 1 < segments.count else { return false }
        let value = segments[place + 1].utf8
        return value.count > 4 && value.prefix(4).allSatisfy { $0 &- 0x30 < 10 }
    }

    private static func padded(_ value: String, _ ai: String) -> String? {
        let lengths: [String: Int] = [
            "00": 18, "402": 17, "414": 13, "417": 13, "8006": 18, "8017": 18, "8018": 18,
        ]
        let isNumber = value.utf8.allSatisfy { $0 &- 0x30 < 10 }
        if ai == "01" {
            guard isNumber, [8, 12, 13, 14].contains(value.utf8.count) else { return nil }
            return String(repeating: "0", count: 14 - value.utf8.count) + value
        }
        guard let length = lengths[ai] else { return isSerial(value) ? value : nil }
        return isNumber && value.utf8.count == length ? value : nil
    }

    /// The finest of the qualifiers behind a key; nil where what follows is none.
    private static func finest(_ rest: [String], of ai: String) -> String? {
        guard rest.count.isMultiple(of: 2), let known = qualifiers[ai] else { return nil }
        var finest = ""
        var last = -1
        for place in stride(from: 0, to: rest.count, by: 2) {
            guard let rank = known.firstIndex(of: rest[place]), rank > last, isSerial(rest[place + 1]) else {
                return nil
            }
            last = rank
            // A variant of the packaging tells no thing from another.
            if rest[place] != "22" { finest = "/\(rest[place])/\(rest[place + 1])" }
        }
        return finest
    }
}
