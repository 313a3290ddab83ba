import Testing

@testable import Ledger

@Suite struct SealedDisclosureTests {
    private let reader = PrivateReadingKey.generate()
    private let log: SigningKey
    private let disclosure: Disclosure
    private let context: SealedDisclosure.Context
    private let sealed: SealedDisclosure

    init() throws {
        log = try SigningKey.generate(name: "hospital/gw", algorithm: .ed25519)
        disclosure = try Disclosure(name: "patient", value: Array("Ada".utf8), salt: [UInt8](repeating: 7, count: 32))
        context = Self.context(of: disclosure.commitment)
        sealed = try SealedDisclosure(
            disclosure, of: context, for: "maker", readingKey: reader.readingKey, signedBy: log)
    }

    private static func context(
        of commitment: Hash, origin: String = "hospital/gw", consortium: Hash = .emptyTree, order: String = "o",
        fact: String = "patient"
    ) -> SealedDisclosure.Context {
        SealedDisclosure.Context(
            origin: origin, consortium: consortium, order: order, fact: fact, commitment: commitment)
    }

    private func changed(
        recipient: String = "maker", sealed bytes: [UInt8]? = nil, signature: String? = nil
    ) throws -> SealedDisclosure {
        try SealedDisclosure(
            commitment: sealed.commitment, recipient: recipient, sealed: bytes ?? sealed.sealed,
            signature: signature ?? sealed.signature)
    }

    @Test func itsReaderOpensIt() throws {
        try sealed.check(context, log: log.verifierKey)
        #expect(try sealed.open(context, with: reader) == disclosure)
    }

    @Test func eachSealingLooksDifferent() throws {
        let again = try SealedDisclosure(
            disclosure, of: context, for: "maker", readingKey: reader.readingKey, signedBy: log)
        #expect(again.sealed != sealed.sealed)
    }

    @Test func nobodyElseOpensIt() throws {
        #expect(try code { _ = try sealed.open(context, with: .generate()) } == .disclosureMismatched)
    }

    @Test(arguments: 0..<5)
    func itOpensAndHoldsNowhereElse(part: Int) throws {
        let other =
            switch part {
            case 0: Self.context(of: disclosure.commitment, origin: "hospital/other")
            case 1: Self.context(of: disclosure.commitment, consortium: Hash.sha256([1]))
            case 2: Self.context(of: disclosure.commitment, order: "p")
            case 3: Self.context(of: disclosure.commitment, fact: "surgeon")
            default: Self.context(of: Hash.sha256([2]))
            }
        #expect(try code { _ = try sealed.open(other, with: reader) } == .disclosureMismatched)
        #expect(try code { try sealed.check(other, log: log.verifierKey) } == .disclosureUnsigned)
    }

    @Test func aChangedByteIsNoticedBeforeAndAfterOpening() throws {
        for place in stride(from: 0, to: sealed.sealed.count, by: 7) {
            var bytes = sealed.sealed
            bytes[place] ^= 1
            let forged = try changed(sealed: bytes)
            #expect(try code { try forged.check(context, log: log.verifierKey) } == .disclosureUnsigned)
            #expect(try code { _ = try forged.open(context, with: reader) } == .disclosureMismatched)
        }
    }

    @Test func anotherRecipientOrSignerIsRefused() throws {
        let other = try SigningKey.generate(name: "hospital/gw", algorithm: .ed25519)
        #expect(try code { try changed(recipient: "x").check(context, log: log.verifierKey) } == .disclosureUnsigned)
        #expect(try code { try sealed.check(context, log: other.verifierKey) } == .disclosureUnsigned)
        #expect(
            try code { try changed(signature: "nothing").check(context, log: log.verifierKey) } == .disclosureUnsigned)
    }

    /// The recording organisation can sign what does not fit: then the reader finds it.
    @Test func aValueThatTheLogDoesNotCommitToIsRefused() throws {
        let lie = try Disclosure(name: "patient", value: Array("Eve".utf8), salt: [UInt8](repeating: 7, count: 32))
        let sealed = try SealedDisclosure(
            lie, of: context, for: "maker", readingKey: reader.readingKey, signedBy: log)
        try sealed.check(context, log: log.verifierKey)
        #expect(try code { _ = try sealed.open(context, with: reader) } == .disclosureMismatched)
    }

    @Test func whatIsTooShortIsRefusedAndNotRead() throws {
        for count in [0, 1, 31, 32, 47] {
            let short = try changed(sealed: Array(sealed.sealed.prefix(count)))
            #expect(try code { _ = try short.open(context, with: reader) } == .disclosureMismatched)
        }
    }

    @Test func theLongestDisclosureFits() throws {
        let value = [UInt8](repeating: 1, count: Update.factBytesMax)
        let name = String(repeating: "\u{1}", count: Update.nameBytesMax)
        let longest = try Disclosure(name: name, value: value, salt: [UInt8](repeating: 7, count: 32))
        let context = Self.context(of: longest.commitment, fact: name)
        let sealed = try SealedDisclosure(
            longest, of: context, for: "maker", readingKey: reader.readingKey, signedBy: log)
        #expect(try sealed.open(context, with: reader) == longest)
    }

    @Test(arguments: [(-1, true), (0, true), (1, false)])
    func itHasAtMostItsBytes(step: (offset: Int, fits: Bool)) throws {
        let code = try code {
            _ = try changed(sealed: [UInt8](repeating: 0, count: SealedDisclosure.bytesMax + step.offset))
        }
        #expect(code == (step.fits ? nil : .limitExceeded))
    }
}

@Suite struct ReadingKeyTests {
    @Test func bothHalvesAreReadAsTheyAreWritten() throws {
        let key = PrivateReadingKey.generate()
        #expect(try PrivateReadingKey(encoded: key.encoded).readingKey == key.readingKey)
        #expect(try ReadingKey(encoded: key.readingKey.encoded) == key.readingKey)
    }

    @Test func doesNotTellItsSecretToALogLine() throws {
        let key = PrivateReadingKey.generate()
        let secret = String(key.encoded.dropFirst(20))
        #expect(!"\(key)".contains(secret) && !String(reflecting: key).contains(secret))
    }

    @Test(arguments: ["", "x25519+", "x25519+AAAA", "x25518+" + String(repeating: "A", count: 43) + "="])
    func refusesWhatIsNoKey(text: String) throws {
        #expect(try code { _ = try ReadingKey(encoded: text) } == .keyMalformed)
        #expect(try code { _ = try PrivateReadingKey(encoded: "PRIVATE+KEY+" + text) } == .keyMalformed)
    }
}

@Suite struct RestingBoxTests {
    @Test func onlyItsKeyAndPurposeOpenABox() throws {
        let key = RestingBox.newKey()
        let box = try RestingBox.seal([1, 2, 3], key: key, purpose: [9])
        #expect(RestingBox.open(box, key: key, purpose: [9]) == [1, 2, 3])
        #expect(RestingBox.open(box, key: key, purpose: [8]) == nil)
        #expect(RestingBox.open(box, key: RestingBox.newKey(), purpose: [9]) == nil)
        #expect(RestingBox.open([], key: key, purpose: [9]) == nil)
        #expect(RestingBox.open(Array(box.dropLast()), key: key, purpose: [9]) == nil)
    }
}
