/// Every application identifier of the GS1 General Specifications, after the GS1 Barcode Syntax Dictionary.
///
/// One row says all: the parts of the value with their checks, whether a separator must follow, which elements must or
/// must not stand on the same package, and the place in a Digital Link. A new application identifier is a row.
///
/// An alternative in brackets meets a rule and is not named when the rule is broken: a made-to-order number (03) never
/// stands beside the number that a person is sent to look for.
///
/// Where the dictionary checks that a number begins with a GS1 Company Prefix, and the number is all digits, the check
/// cannot fail without a list of allocated prefixes, which we do not have; it stands only with text.
enum ApplicationIdentifierTable {
    private typealias Row = ApplicationIdentifier

    static let rows: [ApplicationIdentifier] =
        identification + details + measures + counts + amounts + orders + delivery + addresses + processing
        + certificates + patients + keys + coupons + internals

    private static let product = "01|02|8006|8026"
    private static let productOrMadeToOrder = "01|02|(03)|8006|8026"
    private static let tradeItem = "01|02"
    private static let quantity = "30|31nn|32nn|35nn|36nn"

    private static let identification: [ApplicationIdentifier] = [
        Row("00", .digits(18, .checkDigit), predefined: true, paths: [[]]),
        Row(
            "01", .digits(14, .checkDigit), predefined: true, excludes: ["255", "37"],
            paths: [[22, 10, 21], [235]]),
        Row("02", .digits(14, .checkDigit), predefined: true, requires: ["37"], excludes: ["01", "03"]),
        Row("03", .digits(14, .checkDigit), predefined: true, attribute: false, excludes: ["01", "02", "37"]),
    ]

    private static let details: [ApplicationIdentifier] = [
        Row("10", .text(upTo: 20), requires: [productOrMadeToOrder]),
        Row("11", .digits(6, .date), predefined: true, requires: [productOrMadeToOrder]),
        Row("12", .digits(6, .date), predefined: true, requires: ["8020"]),
        Row("13", .digits(6, .date), predefined: true, requires: [productOrMadeToOrder]),
        Row("15", .digits(6, .date), predefined: true, requires: [productOrMadeToOrder]),
        Row("16", .digits(6, .date), predefined: true, requires: [productOrMadeToOrder]),
        Row("17", .digits(6, .date), predefined: true, requires: ["01|02|(03)|255|8006|8026"]),
        Row("20", .digits(2), predefined: true, requires: [product]),
        Row("21", .text(upTo: 20), attribute: false, requires: ["01|(03)|8006"], excludes: ["235"]),
        Row("22", .text(upTo: 20), attribute: false, requires: ["01"]),
        Row("235", .text(upTo: 28), attribute: false, requires: ["01"]),
        Row("240", .text(upTo: 30), requires: [product]),
        Row("241", .text(upTo: 30), requires: [product]),
        Row("242", .digits(upTo: 6), requires: [product]),
        Row("243", .text(upTo: 20), requires: ["01"]),
        Row("250", .text(upTo: 30), requires: ["01|8006", "21"]),
        Row("251", .text(upTo: 30), requires: ["01|8006"]),
        Row("253", .digits(13, .checkDigit), .text(upTo: 17).optional, paths: [[]]),
        Row("254", .text(upTo: 20), attribute: false, requires: ["414"]),
        Row(
            "255", .digits(13, .checkDigit), .digits(upTo: 12).optional,
            excludes: ["01", "02", "415", "8006", "8020", "8026"], paths: [[]]),
    ]

    /// The fourth digit says where the decimal point stands.
    private static let measures: [ApplicationIdentifier] = {
        let ofTradeItem = Array(310...316) + Array(320...329) + Array(350...352) + [356, 357, 360, 361, 364, 365, 366]
        let ofLogisticUnit =
            Array(330...336) + Array(340...349) + Array(353...355) + [362, 363] + Array(367...369)
        let groups = [(ofTradeItem, tradeItem), (ofLogisticUnit, "00|01"), ([337], "01")]
        return groups.flatMap { families, requirement in
            families.flatMap { family in
                (0...5).map { point in
                    Row(
                        "\(family)\(point)", .digits(6), predefined: true, requires: [requirement],
                        excludes: ["\(family)n"])
                }
            }
        }
    }()

    private static let counts: [ApplicationIdentifier] = [
        Row("30", .digits(upTo: 8), requires: [tradeItem]),
        Row("37", .digits(upTo: 8), requires: ["00", "02|8026"]),
    ]

    /// The fourth digit says where the decimal point stands.
    private static let amounts: [ApplicationIdentifier] =
        (0...9).map {
            Row(
                "390\($0)", .digits(upTo: 15), requires: ["255|8020"], excludes: ["390n", "391n", "394n", "8111"])
        }
        + (0...9).map {
            Row("391\($0)", .digits(3, .currency), .digits(upTo: 15), requires: ["8020"], excludes: ["391n"])
        }
        + (0...9).map {
            Row("392\($0)", .digits(upTo: 15), requires: ["01", quantity], excludes: ["392n", "393n"])
        }
        + (0...9).map {
            Row("393\($0)", .digits(3, .currency), .digits(upTo: 15), requires: [quantity], excludes: ["393n"])
        }
        + (0...3).map { Row("394\($0)", .digits(4), requires: ["255"], excludes: ["394n", "8111"]) }
        + (0...5).map {
            Row("395\($0)", .digits(6), requires: [quantity], excludes: ["392n", "393n", "395n", "8005"])
        }

    private static let orders: [ApplicationIdentifier] = [
        Row("400", .text(upTo: 30)),
        Row("401", .text(upTo: 30, .companyPrefix), paths: [[]]),
        Row("402", .digits(17, .checkDigit), paths: [[]]),
        Row("403", .text(upTo: 30), requires: ["00"]),
        Row("410", .digits(13, .checkDigit), predefined: true),
        Row("411", .digits(13, .checkDigit), predefined: true),
        Row("412", .digits(13, .checkDigit), predefined: true),
        Row("413", .digits(13, .checkDigit), predefined: true),
        Row("414", .digits(13, .checkDigit), predefined: true, paths: [[254], [7040]]),
        Row("415", .digits(13, .checkDigit), predefined: true, requires: ["8020"], paths: [[8020]]),
        Row("416", .digits(13, .checkDigit), predefined: true),
        Row("417", .digits(13, .checkDigit), predefined: true, paths: [[7040]]),
    ]

    private static let delivery: [ApplicationIdentifier] = [
        Row("420", .text(upTo: 20), excludes: ["421"]),
        Row("421", .digits(3, .country), .text(upTo: 9), excludes: ["4307"]),
        Row("422", .digits(3, .country), requires: [product], excludes: ["426"]),
        countries("423"),
        Row("424", .digits(3, .country), requires: [tradeItem], excludes: ["426"]),
        countries("425"),
        Row("426", .digits(3, .country), requires: [tradeItem]),
        Row("427", .text(upTo: 3), requires: [tradeItem, "422"]),
    ]

    /// One to five countries.
    private static func countries(_ code: String) -> ApplicationIdentifier {
        Row(
            code, .digits(3, .country), .digits(3, .country).optional, .digits(3, .country).optional,
            .digits(3, .country).optional, .digits(3, .country).optional, requires: [tradeItem], excludes: ["426"])
    }

    private static let addresses: [ApplicationIdentifier] = [
        Row("4300", .text(upTo: 35, .percentEncoding), requires: ["00"]),
        Row("4301", .text(upTo: 35, .percentEncoding), requires: ["00"]),
        Row("4302", .text(upTo: 70, .percentEncoding), requires: ["00"]),
        Row("4303", .text(upTo: 70, .percentEncoding), requires: ["4302"]),
        Row("4304", .text(upTo: 70, .percentEncoding), requires: ["00"]),
        Row("4305", .text(upTo: 70, .percentEncoding), requires: ["00"]),
        Row("4306", .text(upTo: 70, .percentEncoding), requires: ["00"]),
        Row("4307", .text(2, .countryLetters), requires: ["00"]),
        Row("4308", .text(upTo: 30), requires: ["00"]),
        Row("4309", .digits(10, .latitude), .digits(10, .longitude), requires: ["00"]),
        Row("4310", .text(upTo: 35, .percentEncoding), requires: ["00"]),
        Row("4311", .text(upTo: 35, .percentEncoding), requires: ["00"]),
        Row("4312", .text(upTo: 70, .percentEncoding), requires: ["00"]),
        Row("4313", .text(upTo: 70, .percentEncoding), requires: ["4312"]),
        Row("4314", .text(upTo: 70, .percentEncoding), requires: ["00"]),
        Row("4315", .text(upTo: 70, .percentEncoding), requires: ["00"]),
        Row("4316", .text(upTo: 70, .percentEncoding), requires: ["00"]),
        Row("4317", .text(2, .countryLetters), requires: ["00"]),
        Row("4318", .text(upTo: 20), requires: ["00"]),
        Row("4319", .text(upTo: 30), requires: ["00"]),
        Row("4320", .text(upTo: 35, .percentEncoding), requires: ["00"]),
        Row("4321", .digits(1, .yesNo), requires: ["00"]),
        Row("4322", .digits(1, .yesNo), requires: ["00"]),
        Row("4323", .digits(1, .yesNo), requires: ["00"]),
        Row("4324", .digits(6, .date), .digits(4, .hourMinute), requires: ["00"]),
        Row("4325", .digits(6, .date), .digits(4, .hourMinute), requires: ["00"]),
        Row("4326", .digits(6, .day), requires: ["00"]),
        Row("4330", .digits(6), .text(1, .hyphen).optional, requires: ["00"], excludes: ["4331"]),
        Row("4331", .digits(6), .text(1, .hyphen).optional, requires: ["00"], excludes: ["4330"]),
        Row("4332", .digits(6), .text(1, .hyphen).optional, requires: ["00"], excludes: ["4333"]),
        Row("4333", .digits(6), .text(1, .hyphen).optional, requires: ["00"], excludes: ["4332"]),
    ]

    private static let processing: [ApplicationIdentifier] =
        [
            Row("7001", .digits(13), requires: [product]),
            Row("7002", .text(upTo: 30), requires: [tradeItem]),
            Row("7003", .digits(6, .day), .digits(4, .hourMinute), requires: [tradeItem]),
            Row("7004", .digits(upTo: 4), requires: ["01", "10"]),
            Row("7005", .text(upTo: 12), requires: [tradeItem]),
            Row("7006", .digits(6, .day), requires: [tradeItem]),
            Row("7007", .digits(6, .day), .digits(6, .day).optional, requires: [tradeItem]),
            Row("7008", .text(upTo: 3), requires: [tradeItem]),
            Row("7009", .text(upTo: 10), requires: [tradeItem]),
            Row("7010", .text(upTo: 2), requires: [tradeItem]),
            Row("7011", .digits(6, .day), .digits(4, .hourMinute).optional, requires: [tradeItem]),
            Row("7020", .text(upTo: 20), requires: ["01|8006", "416"]),
            Row("7021", .text(upTo: 20), requires: ["01|8006"]),
            Row("7022", .text(upTo: 20), requires: ["7021"]),
            Row("7023", .text(upTo: 30, .companyPrefix)),
        ]
        + (0...9).map {
            Row("703\($0)", .digits(3, .countryOrNone), .text(upTo: 27), requires: [tradeItem])
        }
        + [
            Row("7040", .digits(1), .text(1), .text(1), .text(1, .importerIndex), attribute: false),
            Row("7041", .text(upTo: 4, .packageType), attribute: false, requires: ["00"]),
        ]

    private static let certificates: [ApplicationIdentifier] =
        (0...6).map { Row("71\($0)", .text(upTo: 20), requires: ["01"]) }
        + (0...9).map { Row("723\($0)", .text(2), .text(upTo: 28), requires: ["01|8004"]) }
        + [
            Row("7240", .text(upTo: 20), requires: ["01|8006"]),
            Row("7241", .digits(2, .mediaType), requires: ["8017|8018"]),
            Row("7242", .text(upTo: 25), requires: ["8017|8018"]),
        ]

    private static let patients: [ApplicationIdentifier] = [
        Row("7250", .digits(8, .longDay), requires: ["8018"], excludes: ["7251"]),
        Row("7251", .digits(8, .longDay), .digits(4, .hourMinute), requires: ["8018"], excludes: ["7250"]),
        Row("7252", .digits(1, .sex), requires: ["8018"]),
        Row("7253", .text(upTo: 40, .percentEncoding), requires: ["8017|8018"], excludes: ["7256", "7259"]),
        Row("7254", .text(upTo: 40, .percentEncoding), requires: ["8017|8018"], excludes: ["7256", "7259"]),
        Row("7255", .text(upTo: 10), requires: ["8017|8018"], excludes: ["7256", "7259"]),
        Row("7256", .text(upTo: 90, .percentEncoding), requires: ["8017|8018"]),
        Row("7257", .text(upTo: 70, .percentEncoding), requires: ["8018"]),
        Row("7258", .text(3, .positionOfTotal), requires: ["8018+7259"]),
        Row("7259", .text(upTo: 40, .percentEncoding), requires: ["8018"], excludes: ["7256"]),
    ]

    private static let keys: [ApplicationIdentifier] = [
        Row(
            "8001", .digits(4, .nonzero), .digits(5, .nonzero), .digits(3, .nonzero), .digits(1, .winding),
            .digits(1), requires: ["01"]),
        Row("8002", .text(upTo: 20)),
        Row("8003", .digits(1, .zero), .digits(13, .checkDigit), .text(upTo: 16).optional, paths: [[]]),
        Row("8004", .text(upTo: 30, .companyPrefix), paths: [[7040]]),
        Row("8005", .digits(6), requires: [tradeItem]),
        Row(
            "8006", .digits(14, .checkDigit), .digits(4, .pieceOfTotal), excludes: ["01", "37"],
            paths: [[22, 10, 21]]),
        Row("8007", .text(upTo: 34, .bankAccount), requires: ["415"]),
        Row(
            "8008", .digits(6, .day), .digits(2, .hour), .digits(2, .minute).optional,
            .digits(2, .minute).optional, requires: [tradeItem]),
        Row("8009", .text(upTo: 50), requires: ["00|01"]),
        Row("8010", .component(upTo: 30, .companyPrefix), paths: [[8011]]),
        Row("8011", .digits(upTo: 12, .noLeadingZero), attribute: false, requires: ["8010"]),
        Row("8012", .text(upTo: 20), requires: ["01|8006"]),
        Row("8013", .text(upTo: 25, .checkPair, .companyPrefix), paths: [[]]),
        Row(
            "8014", .text(upTo: 25, .checkPair, .companyPrefix, .nonDigit), attribute: false, requires: ["01"]),
        Row("8017", .digits(18, .checkDigit), excludes: ["8018"], paths: [[8019]]),
        Row("8018", .digits(18, .checkDigit), excludes: ["8017"], paths: [[8019]]),
        Row("8019", .digits(upTo: 10), attribute: false, requires: ["8017|8018"]),
        Row("8020", .text(upTo: 25), attribute: false, requires: ["415"]),
        Row(
            "8026", .digits(14, .checkDigit), .digits(4, .pieceOfTotal), requires: ["37"],
            excludes: ["02", "8006"]),
        Row(
            "8030", .base64(upTo: 90),
            requires: ["00|01+21|253|255|8003|8004|8006+21|8010+8011|8017|8018"]),
    ]

    private static let coupons: [ApplicationIdentifier] = [
        Row("8110", .text(upTo: 70, .coupon)),
        Row("8111", .digits(4), requires: ["255"]),
        Row("8112", .text(upTo: 70, .couponOffer)),
        Row("8200", .text(upTo: 70), attribute: false, requires: ["01"]),
    ]

    private static let internals: [ApplicationIdentifier] =
        [Row("90", .text(upTo: 30))] + (91...99).map { Row("\($0)", .text(upTo: 90)) }

    // MARK: Finding a row

    /// How many digits an application identifier has follows from its first two; 0 where none begins so.
    private static let codeLengths: [Int] = {
        var lengths = [Int](repeating: 0, count: 100)
        for row in rows {
            let prefix = Int(ApplicationIdentifier.Pattern(row.code.prefix(2)).first)
            precondition(lengths[prefix] == 0 || lengths[prefix] == row.code.utf8.count)
            lengths[prefix] = row.code.utf8.count
        }
        return lengths
    }()

    private static let rowsByNumber: [ApplicationIdentifier?] = {
        var found = [ApplicationIdentifier?](repeating: nil, count: 10_000)
        for row in rows { found[Int(row.number)] = row }
        return found
    }()

    /// The application identifier that begins at `start`, which must not run over `end`.
    static func row(in bytes: [UInt8], from start: Int, to end: Int) throws(IdentifierError)
        -> ApplicationIdentifier
    {
        guard end - start >= 2, isDigit(bytes[start]), isDigit(bytes[start + 1]) else {
            throw malformed(bytes, from: start, to: end)
        }
        let length = codeLengths[Int(bytes[start] - 0x30) * 10 + Int(bytes[start + 1] - 0x30)]
        guard length > 0, end - start >= length, let row = row(named: bytes[start..<start + length]) else {
            throw unknown(bytes, from: start, to: end)
        }
        return row
    }

    /// The application identifier that these bytes are, all of them.
    static func row(named bytes: ArraySlice<UInt8>) -> ApplicationIdentifier? {
        guard (2...4).contains(bytes.count), bytes.allSatisfy(isDigit),
            codeLengths[decimal(bytes.prefix(2))] == bytes.count
        else { return nil }
        return rowsByNumber[decimal(bytes)]
    }

    /// The application identifier with this number.
    static func row(numbered number: ApplicationIdentifier.Number) -> ApplicationIdentifier? {
        number < rowsByNumber.count ? rowsByNumber[Int(number)] : nil
    }

    /// The application identifier with these digits.
    static func row(named code: String) -> ApplicationIdentifier? {
        guard let row = row(numbered: number(named: code)), row.code == code else { return nil }
        return row
    }

    /// The number that these digits spell; one that no row has where they are no two to four digits.
    static func number(named code: String) -> ApplicationIdentifier.Number {
        var value: ApplicationIdentifier.Number = 0
        var count = 0
        for byte in code.utf8 {
            guard isDigit(byte), count < 4 else { return .max }
            value = value * 10 + ApplicationIdentifier.Number(byte - 0x30)
            count += 1
        }
        return count < 2 ? .max : value
    }

    private static func malformed(_ bytes: [UInt8], from start: Int, to end: Int) -> IdentifierError {
        if start < end, !isPrintable(bytes[start]), bytes[start] != separator {
            return IdentifierError(.notText, "Here is a byte that no label text holds.", position: start)
        }
        return IdentifierError(
            .aiMalformed, "An application identifier of 2 to 4 digits must stand here.", position: start)
    }

    private static func unknown(_ bytes: [UInt8], from start: Int, to end: Int) -> IdentifierError {
        let digits = String(decoding: bytes[start..<min(end, start + 4)].prefix(while: isDigit), as: UTF8.self)
        return IdentifierError(
            .aiUnknown,
            "\(digits) begins with no application identifier that we know; a separator may be missing before it.",
            position: start)
    }
}
