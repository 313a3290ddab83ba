import Consortium
import Ledger
import Store

/// The private keys of a gateway, from files that only its owner may read.
enum GatewayKeys {
    static func log(_ state: StateDirectory) throws -> SigningKey { try key(state.logKey) }

    /// The key of a generation that is being opened.
    static func nextLog(_ state: StateDirectory) throws -> SigningKey { try key(state.nextLogKey) }

    static func write(nextLog key: SigningKey, _ state: StateDirectory) throws {
        try PrivateFile.replace(state.nextLogKey, bytes: Array("\(key.encoded)\n".utf8))
    }

    /// The organisation's cosigner key, if this gateway was given it.
    static func cosigner(_ state: StateDirectory, origin: String) throws -> (organisation: String, key: SigningKey)? {
        guard PrivateFile.exists(state.cosignerKey) else { return nil }
        return (ConsortiumDocument.organisation(ofOrigin: origin), try key(state.cosignerKey))
    }

    /// The cosigner key that is to follow, if it has been brought here.
    static func nextCosigner(_ state: StateDirectory) throws -> SigningKey? {
        PrivateFile.exists(state.nextCosignerKey) ? try key(state.nextCosignerKey) : nil
    }

    /// What certifies the next generations of this gateway's log.
    /// - Throws: `CustodyError` with code `generations-unavailable` if the gateway has none.
    static func generations(_ state: StateDirectory) throws -> GenerationAuthority {
        guard PrivateFile.exists(state.generationKey) else {
            throw CustodyError(
                .generationsUnavailable,
                "this gateway must not continue its log, and cannot certify the next generation of it", at: state.path,
                remedy: "where the organisation's folder is, run: custody organisation certify --state '\(state.path)'")
        }
        return try GenerationAuthority(
            certificatePEM: String(decoding: try PrivateFile.readPublic(state.generationCertificate), as: UTF8.self),
            keyPEM: String(decoding: try PrivateFile.read(state.generationKey), as: UTF8.self))
    }

    private static func key(_ path: String) throws -> SigningKey {
        try SigningKey(encoded: String(decoding: try PrivateFile.read(path), as: UTF8.self).trimmingNewline)
    }
}

extension String {
    fileprivate var trimmingNewline: String { hasSuffix("\n") ? String(dropLast()) : self }
}

extension CustodyError.Code {
    static let generationsUnavailable: Self = "generations-unavailable"
}
