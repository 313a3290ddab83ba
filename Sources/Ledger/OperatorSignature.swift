import Crypto
import FoundationEssentials

/// The signature by which an operator, with a key that no gateway has, answers for an update.
public enum OperatorSignature {
    /// Of an Ed25519 signature (RFC 8032), and of an ECDSA one over P-256 as r and s, which is what PKCS#11 tokens give.
    public static let byteCount = 64
    /// The first line of what is signed, so that no such signature is one over anything else.
    static let context = "custody-operator/v1"

    /// What an operator signs: two lines, with the context and the log's origin, and the whole update without the
    /// signature, in the one encoding that follows from what it says and not from how somebody wrote it.
    ///
    /// So the operator answers for order, step, parents, citations, document, contract, subjects, facts, commitments of
    /// private facts, times, source, their own id and certificate; and nobody can move the update into another log. Fields
    /// that a later release adds are no part of this statement: they need another first line, and a contract that asks for it.
    public static func statement(of update: Update, from origin: String) -> [UInt8] {
        let person = update.operator.map { Operator(id: $0.id, certificate: $0.certificate) }
        return Array("\(context)\n\(origin)\n".utf8) + update.with(operator: person).encoded
    }

    /// Why the operator's signature of an update is not believed; nil if it is.
    ///
    /// - Parameters:
    ///   - update: brings a certificate, a signature, or both.
    ///   - origin: the log that carries it.
    ///   - recordedAt: of its entry, UTC microseconds.
    ///   - document: the version that the update names.
    static func refusal(
        of update: Update, from origin: String, recordedAt: Int64, under document: ConsortiumDocument
    ) -> Rejection? {
        guard let person = update.operator, !person.signature.isEmpty else {
            return Rejection(.operatorUnsigned, "it brings an operator's certificate and no signature")
        }
        let maker = ConsortiumDocument.organisation(ofOrigin: origin)
        do throws(Rejection) {
            let certificate = try OperatorCertificate(der: person.certificate)
            try certificate.check(maker: maker, certificateOfMaker: document.organisation(maker)?.certificate ?? "")
            try certificate.check(id: person.id)
            try certificate.check(recordedAt: recordedAt)
            guard certificate.isSignature(person.signature, of: statement(of: update, from: origin)) else {
                throw Rejection(.operatorForged, "the operator \(person.id) did not sign this with the certified key")
            }
            return nil
        } catch { return error }
    }
}

extension Rulebook {
    /// Whether the operator whom an update names signed it; nil if it brings no signature.
    /// - Parameters:
    ///   - origin: the log that carries it.
    ///   - recordedAt: of its entry, UTC microseconds.
    public func isSigned(_ update: Update, from origin: String, recordedAt: Int64) -> Bool? {
        guard update.bringsSignature else { return nil }
        guard let document = documents[update.consortium] else { return false }
        return OperatorSignature.refusal(of: update, from: origin, recordedAt: recordedAt, under: document) == nil
    }
}
