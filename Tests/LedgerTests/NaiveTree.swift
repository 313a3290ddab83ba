import Crypto
import Ledger

/// RFC 6962 section 2.1 written down word for word, as the yardstick for the tree.
enum NaiveTree {
    static func leaf(_ index: UInt64) -> Hash {
        Hash.leaf(Array("leaf \(index)".utf8))
    }

    static func leaves(_ size: UInt64) -> [Hash] {
        (0..<size).map(leaf)
    }

    static func sha256(_ bytes: [UInt8]) -> Hash {
        guard let hash = Hash(bytes: Array(SHA256.hash(data: bytes))) else {
            preconditionFailure("SHA-256 is 32 bytes")
        }
        return hash
    }

    static func root(_ leaves: ArraySlice<Hash>) -> Hash {
        guard leaves.count > 1 else { return leaves.first ?? sha256([]) }
        let middle = leaves.startIndex + split(leaves.count)
        return sha256([1] + root(leaves[..<middle]).bytes + root(leaves[middle...]).bytes)
    }

    /// SUBPROOF of draft-ietf-plants-merkle-tree-certs-02, "Subtrees".
    static func proof(_ start: Int, _ end: Int, _ leaves: ArraySlice<Hash>, known: Bool = true) -> [Hash] {
        let size = leaves.count
        if start == 0, end == size { return known ? [] : [root(leaves)] }
        let k = split(size)
        let (left, right) = (leaves.prefix(k), leaves.dropFirst(k))
        if end <= k { return proof(start, end, left, known: known) + [root(right)] }
        if k <= start { return proof(start - k, end - k, right, known: known) + [root(left)] }
        return proof(0, end - k, right, known: false) + [root(left)]
    }

    static func isSubtree(_ start: Int, _ end: Int) -> Bool {
        var width = 1
        while width < end - start { width *= 2 }
        return start < end && start % width == 0
    }

    private static func split(_ size: Int) -> Int {
        var k = 1
        while k * 2 < size { k *= 2 }
        return k
    }
}

/// The eight leaves of the reference implementation of Certificate Transparency.
enum ReferenceTree {
    static let leaves: [[UInt8]] = [
        [], [0x00], [0x10], [0x20, 0x21], [0x30, 0x31], Array(0x40...0x43), Array(0x50...0x57), Array(0x60...0x6F),
    ]

    static let roots = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ]
}
