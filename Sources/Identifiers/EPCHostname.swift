/// The host name in the `++` schemes (TDS 2.3 section 14.5.16): URN Code 40, or 7-bit characters with short forms for
/// frequent endings.
enum EPCHostname {
    /// The longest host name, in characters, and the most 7-bit groups.
    static let charactersMax = 63

    /// The short forms of one group, by group (optimisation table A).
    private static let short: [UInt64: String] = [
        30: "qr.", 31: "www.", 32: "id.", 91: ".com", 92: ".org", 93: ".net", 94: ".int", 96: ".edu", 123: ".gov",
        124: ".mil", 125: ".biz", 126: ".eco", 127: ".med",
    ]

    /// The short forms of two groups, by the first group; the second counts from 0 (optimisation tables B1 to B4).
    private static let long: [[String]] = [
        words(
            "ac ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo bq br bs bt bw by "
                + "bz ca cc cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg eh er es et "
                + "eu fi fj fk fm fo fr ga gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu id ie "
                + "il im in io iq ir is it je jm jo jp ke kg kh ki km kn kp kr kw ky kz la lb lc li"),
        words(
            "lk lr ls lt lu lv ly ma mc md me mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw mx my mz na nc ne nf ng ni "
                + "nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro rs ru rw sa sb sc sd se sg "
                + "sh si sk sl sm sn sr ss st su sv sx sy sz tc td tf tg th tj tk tl tm tn to tr tt tv tw tz ua ug us "
                + "uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw"),
        words(
            "com.au net.au org.au co.at com.bd co.bd com.br net.br co.nz com.ng com.pk co.in com.in co.il co.jp co.za "
                + "co.kr com.es com.lk co.th co.tt com.tt com.tr biz.tr com.ua co.uk co.zm com.zm com.cn org.cn "
                + "net.cn gov.cn"),
        words("tech"),
    ]

    private static func words(_ text: String) -> [String] {
        text.split(separator: " ").map { "." + $0 }
    }

    /// Throws where no Digital Link could have this host.
    static func check(_ hostname: String) throws(IdentifierError) {
        let isHost = hostname.utf8.allSatisfy { byte in
            isDigit(byte) || (0x41...0x5A).contains(byte & 0xDF) || "-.:".utf8.contains(byte)
        }
        guard isHost, (1...charactersMax).contains(hostname.utf8.count) else {
            throw IdentifierError(
                .epcValueInvalid,
                "A host name of 1 to \(charactersMax) letters, digits, hyphens and dots must stand here.")
        }
    }

    // MARK: Reading

    static func read(_ reader: inout EPCBitReader) throws(IdentifierError) -> String {
        let start = reader.position
        do {
            let isASCII = try reader.read(1) == 1
            let count = Int(try reader.read(6))
            let hostname = isASCII ? try readGroups(&reader, count) : try EPCText.readCode40(&reader, count)
            try check(hostname)
            return hostname
        } catch {
            throw error.placed(at: error.code == .epcTooShort ? nil : start)
        }
    }

    private static func readGroups(_ reader: inout EPCBitReader, _ count: Int) throws(IdentifierError) -> String {
        var text = ""
        var left = count
        while left > 0 {
            let group = try reader.read(7)
            left -= 1
            if let form = short[group] {
                text += form
            } else if Int(group) < long.count {
                text += try readLong(&reader, long[Int(group)], &left)
            } else {
                text.unicodeScalars.append(UnicodeScalar(UInt8(group)))
            }
        }
        return text
    }

    private static func readLong(
        _ reader: inout EPCBitReader,
        _ forms: [String],
        _ left: inout Int
    ) throws(IdentifierError) -> String {
        guard left > 0 else {
            throw IdentifierError(.epcValueInvalid, "The host name ends in the middle of a short form.")
        }
        left -= 1
        let index = Int(try reader.read(7))
        guard forms.indices.contains(index) else {
            throw IdentifierError(.epcValueInvalid, "The host name holds a short form that is reserved.")
        }
        return forms[index]
    }

    // MARK: Writing

    /// Appends the host name, which was checked, in the form that takes the fewest bits.
    static func write(_ hostname: String, to writer: inout EPCBitWriter) {
        let groups = shortest(Array(hostname.utf8))
        let count = hostname.utf8.count
        if EPCText.isCode40(hostname), (count + 2) / 3 * 16 < groups.count * 7 {
            writer.appendFixed(0, 1)
            writer.appendFixed(UInt64(count), 6)
            _ = EPCText.writeCode40(hostname, to: &writer)
            return
        }
        writer.appendFixed(1, 1)
        writer.appendFixed(UInt64(groups.count), 6)
        for group in groups { writer.appendFixed(group, 7) }
    }

    /// All short forms as text and groups.
    private static let forms: [(text: [UInt8], groups: [UInt64])] =
        short.map { (Array($0.value.utf8), [$0.key]) }
        + long.enumerated().flatMap { first, texts in
            texts.enumerated().map { (Array($1.utf8), [UInt64(first), UInt64($0)]) }
        }

    /// The fewest groups that say the text, found from its end: a form taken too early may cost more than it saves.
    private static func shortest(_ text: [UInt8]) -> [UInt64] {
        var tails: [[UInt64]] = [[]]
        for start in text.indices.reversed() {
            var best = [UInt64(text[start])] + (tails.last ?? [])
            for form in forms where text[start...].starts(with: form.text) {
                let candidate = form.groups + tails[text.count - start - form.text.count]
                if candidate.count < best.count { best = candidate }
            }
            tails.append(best)
        }
        return tails.last ?? []
    }
}
