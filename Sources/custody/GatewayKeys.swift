import Consortium
import Ledger
import Store

/// The private keys of a gateway, from files that only its owner may read.
enum GatewayKeys {
    static func log(_ state: StateDirectory) throws -> SigningKey { try key(state.logKey, state) }

    /// The key of a generation that is being opened.
    static func nextLog(_ state: StateDirectory) throws -> SigningKey { try key(state.nextLogKey, state) }

    /// Encrypted if the key that certified it is.
    static func write(nextLog key: SigningKey, _ state: StateDirectory) throws {
        let bytes = Array("\(key.encoded)\n".utf8)
        let others = [state.generationKey, state.logKey].filter(PrivateFile.exists)
        let isSealed = try others.contains { SealedKey.isSealed(try PrivateFile.read($0)) }
        guard isSealed, let passphrase = try passphrase(state) else {
            return try PrivateFile.replace(state.nextLogKey, bytes: bytes)
        }
        try PrivateFile.replace(state.nextLogKey, bytes: try SealedKey.seal(bytes, passphrase: passphrase))
    }

    /// All files in which private keys may rest.
    static func files(_ state: StateDirectory) -> [String] {
        [state.logKey, state.nextLogKey, state.generationKey, state.tlsKey, state.cosignerKey]
    }

    /// What encrypted keys are opened with: systemd's credential, or what the configuration names; nil if neither is there.
    static func passphrase(_ state: StateDirectory) throws -> [UInt8]? {
        if let credential = try PrivateFile.passphraseFromSystemd() { return credential }
        return try GatewayConfiguration.passphraseFile(file: state.configuration, state: state).map(
            PrivateFile.readPassphrase)
    }

    static func tls(_ state: StateDirectory) throws -> ConsortiumTLS {
        try ConsortiumTLS(
            certificateFile: state.tlsCertificate, keyFile: state.tlsKey, passphrase: try passphrase(state))
    }

    /// The organisation's cosigner key, if this gateway was given it.
    static func cosigner(_ state: StateDirectory, origin: String) throws -> (organisation: String, key: SigningKey)? {
        guard PrivateFile.exists(state.cosignerKey) else { return nil }
        return (ConsortiumDocument.organisation(ofOrigin: origin), try key(state.cosignerKey, state))
    }

    /// The cosigner key that is to follow, if it has been brought here.
    static func nextCosigner(_ state: StateDirectory) throws -> SigningKey? {
        PrivateFile.exists(state.nextCosignerKey) ? try key(state.nextCosignerKey, state) : nil
    }

    /// The organisation's key for private facts, if this gateway was given it.
    static func reading(_ state: StateDirectory) throws -> PrivateReadingKey? {
        guard PrivateFile.exists(state.readingKey) else { return nil }
        let text = String(decoding: try read(state.readingKey, state), as: UTF8.self)
        return try PrivateReadingKey(encoded: text.trimmingNewline)
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
            keyPEM: String(decoding: try read(state.generationKey, state), as: UTF8.self))
    }

    private static func key(_ path: String, _ state: StateDirectory) throws -> SigningKey {
        try SigningKey(encoded: String(decoding: try read(path, state), as: UTF8.self).trimmingNewline)
    }

    private static func read(_ path: String, _ state: StateDirectory) throws -> [UInt8] {
        try PrivateFile.readKey(path, passphrase: try passphrase(state))
    }
}

extension String {
    fileprivate var trimmingNewline: String { hasSuffix("\n") ? String(dropLast()) : self }
}

extension CustodyError.Code {
    static let generationsUnavailable: Self = "generations-unavailable"
}
