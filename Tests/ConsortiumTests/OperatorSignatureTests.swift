import Crypto
import FoundationEssentials
import Ledger
import SwiftASN1
import Testing
import X509

@testable import Consortium

/// Which signatures of operators are believed: by the decoded update and by the one that is read where it lies.
@Suite struct OperatorSignatureTests {
    let order: SignedOrder
    let jan: TestOperator

    init() throws {
        order = try SignedOrder()
        jan = try TestOperator(by: order.members.hospital)
    }

    private var hospital: TestMember { order.members.hospital }

    @Test(arguments: [false, true]) func believesTheCertifiedKey(p256: Bool) throws {
        let person = try TestOperator(by: hospital, p256: p256)
        #expect(try order.refusal(of: person.sign(order.update())) == nil)
        // Where nobody asked for it, too.
        #expect(try order.refusal(of: person.sign(order.update("noted"))) == nil)
        #expect(try order.refusal(of: order.update("noted")) == nil)
        let named = order.update("noted").with(operator: Operator(id: "jk-17"))
        #expect(try order.refusal(of: named) == nil)
    }

    @Test func refusesWhatNobodySigned() throws {
        #expect(try order.refusal(of: order.update()) == .operatorUnsigned)
        let named = Operator(id: jan.id)
        #expect(try order.refusal(of: order.update().with(operator: named)) == .operatorUnsigned)
        for step in ["approved", "noted"] {
            let certified = Operator(id: jan.id, certificate: jan.certificate)
            #expect(try order.refusal(of: order.update(step).with(operator: certified)) == .operatorUnsigned)
        }
    }

    struct Forgery: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let code: Rejection.Code
        let make: @Sendable (OperatorSignatureTests, Update) throws -> Update

        init(
            _ name: String, _ code: Rejection.Code = .operatorForged,
            _ make: @escaping @Sendable (OperatorSignatureTests, Update) throws -> Update
        ) {
            (testDescription, self.code, self.make) = (name, code, make)
        }
    }

    private static let hash = Hash.sha256([9])

    /// Another statement under the same signature.
    private static let moved: [Forgery] = [
        Forgery("other order") { try $0.jan.sign($1).changed(order: $1.order.replacing("gw1/0", with: "gw1/1")) },
        Forgery("other step") { tests, update in
            let other = update.step == "noted" ? "approved" : "noted"
            return try tests.jan.sign(update.changed(step: other)).changed(step: update.step)
        },
        Forgery("other parents") { try $0.jan.sign($1).changed(parents: Array($0.order.parents.prefix(1))) },
        Forgery("more parents") { try $0.jan.sign($1).changed(parents: $0.order.parents) },
        Forgery("other fact") { try $0.jan.sign($1).changed(facts: [Fact(name: "note", value: .text("fine!"))]) },
        Forgery("no fact") { try $0.jan.sign($1).changed(facts: []) },
        Forgery("another commitment") {
            let facts = [Fact(name: "who", value: .commitment(hash))]
            let signed = try $0.jan.sign($1.changed(facts: [Fact(name: "who", value: .commitment(.emptyTree))]))
            return signed.changed(facts: facts)
        },
        Forgery("other subjects") { try $0.jan.sign($1).changed(subjects: []) },
        Forgery("other device time") { try $0.jan.sign($1).changed(observedAt: 5) },
        Forgery("other source") { try $0.jan.sign($1).changed(source: Source(.scan, station: "dock")) },
        Forgery("other log") { try $0.jan.sign($1, for: "hospital/gw2") },
    ]

    /// No signature, or one that somebody else made.
    private static let forged: [Forgery] = [
        Forgery("other key") {
            let other = try TestOperator(by: $0.hospital)
            return try other.sign($1, certificate: $0.jan.certificate)
        },
        Forgery("another's certificate of the same name") {
            let other = try TestOperator(by: $0.hospital)
            return try $0.jan.sign($1).with(
                operator: $0.jan.sign($1).operator.map {
                    Operator(id: $0.id, certificate: other.certificate, signature: $0.signature)
                })
        },
        Forgery("truncated") { try $0.jan.sign($1).signature { Array($0.dropLast()) } },
        Forgery("too long") { try $0.jan.sign($1).signature { $0 + [0] } },
        Forgery("twice") { try $0.jan.sign($1).signature { $0 + $0 } },
        Forgery("one bit") { try $0.jan.sign($1).signature { [$0[0] ^ 1] + $0.dropFirst() } },
        Forgery("zeros") { try $0.jan.sign($1).signature { _ in [UInt8](repeating: 0, count: 64) } },
        Forgery("P-256 zeros") {
            try TestOperator(by: $0.hospital, p256: true).sign($1).signature { _ in [UInt8](repeating: 0, count: 64) }
        },
        Forgery("P-256 in DER") {
            try TestOperator(by: $0.hospital, p256: true).sign($1).signature {
                Array((try? P256.Signing.ECDSASignature(rawRepresentation: $0))?.derRepresentation ?? Data())
            }
        },
    ]

    /// Certificates that are none of an operator of the maker.
    private static let strangers: [Forgery] = [
        Forgery("no certificate", .operatorStranger) { try $0.jan.sign($1, certificate: []) },
        Forgery("of another organisation", .operatorStranger) {
            try TestOperator(by: $0.order.members.supplier).sign($1)
        },
        Forgery("another CA in the name of the maker", .operatorStranger) {
            try TestOperator(by: $0.order.members.supplier, organisation: "hospital").sign($1)
        },
        Forgery("the maker's CA for another organisation", .operatorStranger) {
            try TestOperator(by: $0.hospital, organisation: "supplier").sign($1)
        },
        Forgery("a CA of the same name", .operatorStranger) {
            try TestOperator(by: TestMember("hospital", .hospital)).sign($1)
        },
        Forgery("TLS", .operatorStranger) { tests, update in
            let issued = try tests.hospital.authority.issueTLS(
                origin: "hospital/gw1", hosts: [], usages: [.serverAuth, .clientAuth], days: 2, now: SignedOrder.now,
                serial: .init())
            let der = try PEMDocument(pemString: issued.certificate).derBytes
            return try TestOperator(certificate: der).sign(update)
        },
        Forgery("a log's", .operatorStranger) { tests, update in
            var random = SystemRandomNumberGenerator()
            let key = try SigningKey.generate(name: "hospital/gw1", algorithm: .ed25519).verifierKey
            let chain = try tests.hospital.authority.issueLogCertificate(
                origin: "hospital/gw1", key: key, now: SignedOrder.now, random: &random)
            return try TestOperator(certificate: chain[0]).sign(update)
        },
        Forgery("the CA's own", .operatorStranger) { tests, update in
            try TestOperator(certificate: tests.hospital.authority.certificate.derBytes()).sign(update)
        },
        Forgery("below a gateway's CA", .operatorStranger) { tests, update in
            var random = SystemRandomNumberGenerator()
            let issued = try tests.hospital.authority.issueGenerationAuthority(
                gateway: "hospital/gw1", now: SignedOrder.now, random: &random)
            let below = try CertificateAuthority(
                organisation: "hospital", certificatePEM: issued.certificate, keyPEM: issued.key)
            let leaf = try below.issueOperator(
                Certificate.PublicKey(Curve25519.Signing.PrivateKey().publicKey), id: "jk-17", now: SignedOrder.now,
                serial: .init())
            return try TestOperator(certificate: leaf.derBytes()).sign(update)
        },
        Forgery("that serves clients too", .operatorStranger) {
            let rules = try TestOperator.extensions(
                "hospital", "jk-17", usages: [TestOperator.documentSigning, .clientAuth])
            return try TestOperator(by: $0.hospital, extensions: rules).sign($1)
        },
        Forgery("for anything", .operatorStranger) {
            let rules = try TestOperator.extensions("hospital", "jk-17", usages: [.any])
            return try TestOperator(by: $0.hospital, extensions: rules).sign($1)
        },
        Forgery("that names a gateway too", .operatorStranger) {
            let gateway = GeneralName.uniformResourceIdentifier(OriginName.urn(of: "hospital/gw1"))
            let rules = try TestOperator.extensions("hospital", "jk-17", names: [gateway])
            return try TestOperator(by: $0.hospital, extensions: rules).sign($1)
        },
        Forgery("with a critical rule that nobody knows", .operatorStranger) {
            let rule = Certificate.Extension(oid: [1, 2, 3, 4], critical: true, value: [5, 0])
            let rules = try TestOperator.extensions("hospital", "jk-17", more: [rule])
            return try TestOperator(by: $0.hospital, extensions: rules).sign($1)
        },
        Forgery("encoded twice", .operatorStranger) {
            try $0.jan.sign($1, certificate: $0.jan.certificate + $0.jan.certificate)
        },
        Forgery("with a byte more", .operatorStranger) { try $0.jan.sign($1, certificate: $0.jan.certificate + [0]) },
        Forgery("in PEM", .operatorStranger) { tests, update in
            let pem = PEMDocument(type: "CERTIFICATE", derBytes: tests.jan.certificate).pemString
            return try tests.jan.sign(update, certificate: Array(pem.utf8))
        },
        Forgery("too long", .operatorStranger) {
            try $0.jan.sign($1, certificate: [UInt8](repeating: 0x30, count: OperatorCertificate.bytesMax + 1))
        },
    ]

    private static let others: [Forgery] = [
        Forgery("another id", .operatorMismatched) { try $0.jan.sign($1, as: "jk-18") },
        Forgery("an id that looks alike", .operatorMismatched) { try $0.jan.sign($1, as: "JK-17") },
        Forgery("no id", .operatorMismatched) { try $0.jan.sign($1, as: "") },
        Forgery("expired", .operatorNotValid) {
            try TestOperator(by: $0.hospital, now: SignedOrder.now - 3 * 86_400).sign($1)
        },
        Forgery("not valid yet", .operatorNotValid) {
            try TestOperator(by: $0.hospital, now: SignedOrder.now + 2 * 86_400).sign($1)
        },
    ]

    @Test(arguments: moved + forged + strangers + others) func refuses(_ forgery: Forgery) throws {
        for step in ["approved", "noted"] {
            #expect(try order.refusal(of: forgery.make(self, order.update(step))) == forgery.code, "\(step)")
        }
    }

    @Test func refusesASignatureInTheLogOfAnotherMember() throws {
        // The supplier may not record it anyhow; what it may record is no better with a hospital's operator.
        #expect(try order.refusal(of: jan.sign(order.update()), from: "supplier/gw1") == .roleNotAllowed)
        #expect(try order.refusal(of: jan.sign(order.update()), from: "hospital/gw2") == .operatorForged)
    }

    @Test(arguments: [(-1, false), (0, true), (1, true)])
    func countsTheTimeOfTheEntry(step: (seconds: Double, holds: Bool)) throws {
        // Two days from `now`, and an hour before it.
        let signed = try jan.sign(order.update())
        let begin = SignedOrder.now - 3_600
        #expect(try order.refusal(of: signed, at: begin + step.seconds) == (step.holds ? nil : .operatorNotValid))
        let end = SignedOrder.now + 2 * 86_400
        #expect(try order.refusal(of: signed, at: end - step.seconds) == (step.holds ? nil : .operatorNotValid))
    }

    @Test func refusesDamagedCertificatesWithoutATrap() throws {
        for end in stride(from: 1, to: jan.certificate.count, by: 7) {
            let cut = try jan.sign(order.update(), certificate: Array(jan.certificate[..<end]))
            #expect(try order.refusal(of: cut) == .operatorStranger)
        }
        // What the CA signed: a SEQUENCE within the outer one, both with a length of two bytes.
        try #require(jan.certificate[5] == 0x82)
        let signed = 8 + (Int(jan.certificate[6]) << 8 | Int(jan.certificate[7]))
        for place in stride(from: 0, to: jan.certificate.count, by: 5) {
            var damaged = jan.certificate
            damaged[place] ^= 0x01
            // The operator signs what is damaged: whatever still reads is for the CA's signature to refuse.
            let found = try order.refusal(of: jan.sign(order.update(), certificate: damaged))
            // The CA's signature itself has bits in its DER that mean nothing.
            #expect(found != nil || place >= signed, "\(place)")
        }
    }

    @Test(arguments: [(-1, true), (0, true), (1, false)])
    func aCertificateHasAtMostItsBytes(step: (offset: Int, fits: Bool)) throws {
        let size = OperatorCertificate.bytesMax + step.offset
        var padding = size - jan.certificate.count
        // The CA's signature has 70 to 72 bytes, so that the wanted length needs some tries.
        for _ in 0..<500 {
            let value = ArraySlice([UInt8](repeating: 7, count: padding))
            let filler = Certificate.Extension(oid: [1, 2, 3, 4], critical: false, value: value)
            let rules = try TestOperator.extensions("hospital", "jk-17", more: [filler])
            let person = try TestOperator(by: hospital, extensions: rules)
            guard person.certificate.count == size else {
                if abs(person.certificate.count - size) > 4 { padding -= person.certificate.count - size }
                continue
            }
            let refusal = try order.refusal(of: person.sign(order.update()))
            #expect(refusal == (step.fits ? nil : .operatorStranger))
            return
        }
        Issue.record("no certificate of \(size) bytes came up")
    }

    /// Fields in another order, or a number in a longer spelling, are the same update.
    @Test func theSpellingOfAnEntryDoesNotMatter() throws {
        let signed = try jan.sign(order.update())
        let bytes = try SignedOrder.entry(signed, at: SignedOrder.now)
        let update = signed.encoded
        let start = try #require(bytes.indices.first { bytes[$0...].starts(with: update) })
        #expect(start + update.count == bytes.count)
        let respelled = try Self.reversed(update)
        #expect(respelled != update && respelled.count == update.count)
        let entry = Array(bytes[..<start]) + respelled
        #expect(try Entry(bytes: entry).update == signed)
        #expect(try order.refusal(ofEntry: entry) == nil)
    }

    /// The fields of a message, the last first; each kind of field stands once or keeps its order.
    private static func reversed(_ message: [UInt8]) throws -> [UInt8] {
        var fields: [[UInt8]] = []
        var rest = message[...]
        while let tag = rest.first {
            var end = rest.startIndex + 1
            func number() -> Int {
                var (value, shift) = (0, 0)
                while true {
                    defer { (end, shift) = (end + 1, shift + 7) }
                    value |= Int(rest[end] & 0x7F) << shift
                    if rest[end] < 0x80 { return value }
                }
            }
            let value = number()
            if tag & 7 == 2 { end += value }
            fields.append(Array(rest[..<end]))
            rest = rest[end...]
        }
        return Array(fields.reversed().joined())
    }

    @Test func theStatementIsTheWholeUpdateWithoutTheSignature() throws {
        let signed = try jan.sign(order.update())
        let statement = OperatorSignature.statement(of: signed, from: SignedOrder.origin)
        let head = Array("custody-operator/v1\nhospital/gw1\n".utf8)
        #expect(statement.starts(with: head))
        let rest = try Update.read(encoded: Array(statement.dropFirst(head.count)))
        #expect(rest == signed.signature { _ in [] })
        #expect(statement == OperatorSignature.statement(of: rest, from: SignedOrder.origin))
    }
}
