import Consortium
import Ledger
import Store

/// The private keys of a gateway, from files that only its owner may read.
enum GatewayKeys {
    static func log(_ state: StateDirectory) throws -> SigningKey { try key(state.logKey) }

    /// The organisation's cosigner key, if this gateway was given it.
    static func cosigner(_ state: StateDirectory, origin: String) throws -> (organisation: String, key: SigningKey)? {
        guard PrivateFile.exists(state.cosignerKey) else { return nil }
        return (ConsortiumDocument.organisation(ofOrigin: origin), try key(state.cosignerKey))
    }

    /// The cosigner key that is to follow, if it has been brought here.
    static func nextCosigner(_ state: StateDirectory) throws -> SigningKey? {
        PrivateFile.exists(state.nextCosignerKey) ? try key(state.nextCosignerKey) : nil
    }

    private static func key(_ path: String) throws -> SigningKey {
        try SigningKey(encoded: String(decoding: try PrivateFile.read(path), as: UTF8.self).trimmingNewline)
    }
}

extension String {
    fileprivate var trimmingNewline: String { hasSuffix("\n") ? String(dropLast()) : self }
}
