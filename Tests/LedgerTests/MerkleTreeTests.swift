import Ledger
import Testing

@Suite struct MerkleTreeTests {
    @Test func hashesTheCheckedVectors() {
        #expect(Hash.emptyTree.hex == ReferenceTree.roots[0])
        #expect(Hash.leaf([]).hex == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d")
        let leaves = ["a", "b", "c"].map { Hash.leaf(Array($0.utf8)) }
        #expect(
            MerkleProof.root(ofSubtree: leaves).hex
                == "36642e73c2540ab121e3a6bf9545b0a24982cd830eb13d3cd19de3ce6c021ec1")
        let bytes = Array("custody".utf8)
        #expect(Hash.leaf(bytes) == NaiveTree.sha256([0] + bytes))
        #expect(Hash.node(leaves[0], leaves[1]) == NaiveTree.sha256([1] + leaves[0].bytes + leaves[1].bytes))
        #expect(Hash.sha256(bytes) == NaiveTree.sha256(bytes))
    }

    @Test func hasTheRootsOfTheReferenceTree() {
        var tree = MerkleTree()
        #expect(tree.root.hex == ReferenceTree.roots[0])
        for (index, leaf) in ReferenceTree.leaves.enumerated() {
            tree.append(Hash.leaf(leaf))
            #expect(tree.root.hex == ReferenceTree.roots[index + 1])
            #expect(tree.size == UInt64(index + 1))
        }
    }

    @Test func hasTheRootOfEverySmallTree() {
        let leaves = NaiveTree.leaves(600)
        var tree = MerkleTree()
        for (size, leaf) in leaves.enumerated() {
            #expect(tree.root == NaiveTree.root(leaves[..<size]))
            tree.append(leaf)
        }
    }

    @Test(arguments: [255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537] as [UInt64])
    func emitsEachTileOnceWhenItIsFull(size: UInt64) {
        let leaves = NaiveTree.leaves(size)
        var tiles: [(tile: Tile, hashes: [Hash], root: Hash, size: Int)] = []
        var tree = MerkleTree()
        for (index, leaf) in leaves.enumerated() {
            tree.append(leaf) { tiles.append(($0, $1, $2, index + 1)) }
        }
        #expect(tree.root == NaiveTree.root(leaves[...]))
        #expect(tiles.filter { $0.tile.level == 0 }.map(\.tile.index) == Array(0..<size / 256))
        #expect(tiles.filter { $0.tile.level == 1 }.map(\.tile.index) == Array(0..<size / 65_536))
        #expect(tiles.count == Int(size / 256 + size / 65_536))
        for (tile, hashes, root, emitted) in tiles {
            let span = tile.level == 0 ? 1 : 256
            let start = Int(tile.index) * 256 * span
            let expected = (0..<256).map { NaiveTree.root(leaves[(start + $0 * span)..<(start + ($0 + 1) * span)]) }
            #expect(hashes == expected)
            #expect(root == NaiveTree.root(leaves[start..<(start + 256 * span)]))
            #expect(emitted == start + 256 * span)
        }
    }

    @Test func continuesFromItsPartialRows() throws {
        let leaves = NaiveTree.leaves(66_000)
        let restarts: Set<UInt64> = [0, 1, 2, 255, 256, 257, 511, 512, 1000, 65_280, 65_535, 65_536, 65_537, 65_800]
        var tree = MerkleTree()
        for leaf in leaves {
            if restarts.contains(tree.size) {
                let restarted = try #require(MerkleTree(size: tree.size, partialRows: tree.partialRows))
                #expect(restarted.root == tree.root)
                #expect(restarted.partialRows == tree.partialRows)
                tree = restarted
            }
            tree.append(leaf)
        }
        #expect(tree.root == NaiveTree.root(leaves[...]))
    }

    @Test func acceptsRowsWithoutTheEmptyOnes() throws {
        var tree = MerkleTree()
        #expect(MerkleTree(size: 0, partialRows: [])?.root == .emptyTree)
        #expect(MerkleTree(size: 0, partialRows: [[], []])?.partialRows == [])
        for leaf in NaiveTree.leaves(256) { tree.append(leaf) }
        #expect(tree.partialRows.map(\.count) == [0, 1])
        #expect(MerkleTree(size: 256, partialRows: tree.partialRows + [[]])?.partialRows == tree.partialRows)
    }

    @Test(
        arguments: [
            (0, [1]), (1, []), (1, [0]), (1, [2]), (255, [254]), (255, [255, 1]), (256, [256]), (256, [0]),
            (256, [0, 2]),
            (257, [1]), (257, [0, 1]), (257, [1, 1, 1]), (UInt64.max, [255, 255, 255, 255, 255, 255, 255, 255]),
            (1 << 63, [0, 0, 0, 0, 0, 0, 0, 128]),
        ] as [(UInt64, [Int])])
    func refusesRowsThatDoNotFitTheSize(size: UInt64, counts: [Int]) {
        let rows = counts.map { [Hash](repeating: .emptyTree, count: $0) }
        #expect(MerkleTree(size: size, partialRows: rows) == nil)
    }

    @Test func holdsSizesBelowTheLimit() throws {
        let full = [Hash](repeating: .emptyTree, count: 255)
        let rows =
            [[Hash](repeating: .emptyTree, count: 254)] + [[Hash]](repeating: full, count: 6)
            + [[Hash](repeating: .emptyTree, count: 127)]
        var tree = try #require(MerkleTree(size: MerkleTree.sizeMax - 1, partialRows: rows))
        tree.append(.emptyTree)
        #expect(tree.size == MerkleTree.sizeMax)
        #expect(MerkleTree(size: tree.size, partialRows: tree.partialRows)?.root == tree.root)
        #expect(MerkleTree(size: tree.size + 1, partialRows: tree.partialRows) == nil)
    }

    @Test(arguments: [0, 1, 70, 255, 256, 300, 513, 66_000] as [UInt64])
    func knowsTheNodesInsideItsPartialTilesOnly(size: UInt64) {
        let leaves = NaiveTree.leaves(size)
        var tree = MerkleTree()
        for leaf in leaves { tree.append(leaf) }
        for level in 0...20 {
            let count = size >> UInt64(level)
            let firstInPartialTile = (size >> UInt64((level / 8 + 1) * 8)) << UInt64(8 - level % 8)
            for index in Set([0, 1, firstInPartialTile, firstInPartialTile &- 1, count &- 1, count, count + 1, .max]) {
                let hash = tree.hash(of: TreeNode(level: level, index: index))
                if index < count, index >= firstInPartialTile {
                    let start = Int(index) << level
                    #expect(hash == NaiveTree.root(leaves[start..<(start + 1 << level)]))
                } else {
                    #expect(hash == nil)
                }
            }
        }
        #expect(tree.hash(of: TreeNode(level: 63, index: .max)) == nil)
    }

    @Test func findsEachNodeInItsTile() {
        let node = TreeNode(level: 10, index: 77)
        #expect(node.tile == Tile(level: 1, index: 77 * 4 / 256))
        #expect(node.slots == 52..<56)
        #expect(TreeNode(level: 0, index: 1000).tile == Tile(level: 0, index: 3))
        #expect(TreeNode(level: 0, index: 1000).slots == 232..<233)
        #expect(TreeNode(level: 15, index: 3).tile == Tile(level: 1, index: 1))
        #expect(TreeNode(level: 15, index: 3).slots == 128..<256)
        #expect(TreeNode(level: 8, index: 5).tile == Tile(level: 1, index: 0))
        #expect(TreeNode(level: 63, index: .max).slots == 128..<256)
    }

    static let paths: [(String, TilePath)] = [
        ("tile/0/x001/x234/067", TilePath(.hashes(level: 0), index: 1_234_067)),
        ("tile/0/000", TilePath(.hashes(level: 0), index: 0)),
        ("tile/0/999", TilePath(.hashes(level: 0), index: 999)),
        ("tile/63/x001/000", TilePath(.hashes(level: 63), index: 1000)),
        ("tile/1/272.p/112", TilePath(.hashes(level: 1), index: 272, width: 112)),
        ("tile/2/000.p/1", TilePath(.hashes(level: 2), index: 0, width: 1)),
        ("tile/2/x123/000.p/255", TilePath(.hashes(level: 2), index: 123_000, width: 255)),
        ("tile/entries/x001/x234/067", TilePath(.entries, index: 1_234_067)),
        ("tile/entries/001.p/7", TilePath(.entries, index: 1, width: 7)),
        ("tile/entries/x018/x446/x744/x073/x709/x551/615.p/255", TilePath(.entries, index: .max, width: 255)),
    ]

    @Test(arguments: paths)
    func writesAndReadsTilePaths(text: String, path: TilePath) {
        #expect(path.description == text)
        #expect(TilePath(text) == path)
        switch path.content {
        case .hashes(let level): #expect(Tile.path(level: level, index: path.index, width: path.width) == text)
        case .entries: #expect(Tile.entriesPath(index: path.index, width: path.width) == text)
        }
    }

    @Test(arguments: [
        "", "/", "tile", "tile/", "tile/0", "tile/0/", "/tile/0/000", "tile/0/000/", "tile//000", "tiles/0/000",
        "tile/00/000", "tile/01/000", "tile/64/000", "tile/-1/000", "tile/+1/000", "tile/a/000", "tile/0/0",
        "tile/0/0000", "tile/0/x000/000", "tile/0/x000/x001/000", "tile/0/x000", "tile/0/001/000", "tile/0/x001/x000",
        "tile/0/X001/000", "tile/0/x01/000", "tile/0/x0001/000", "tile/0/00a", "tile/0/000.p", "tile/0/000.p/",
        "tile/0/000.p/0", "tile/0/000.p/00", "tile/0/000.p/01", "tile/0/000.p/256", "tile/0/000.p/-1",
        "tile/0/000.p/1/", "tile/0/000.p/1/2", "tile/0/000.P/1", "tile/0/.p/1", "tile/0/x001.p/000",
        "tile/0/x001.p/000.p/5", "tile/0/..", "tile/0/../000", "tile/Entries/000", "tile/entries", "tile/0/٠٠٠",
        "tile/0/x018/x446/x744/x073/x709/x551/616", "tile/0/x001/x000/x000/x000/x000/x000/x000/000",
        "tile/0/000\0", "tile/0/000\n", "tile/0/%30%30%30",
    ])
    func refusesTilePathsThatAreNotCanonical(text: String) {
        #expect(TilePath(text) == nil)
    }

    @Test func readsHashesInOneSpellingOnly() throws {
        let hash = Hash.leaf([])
        #expect(Hash(hex: hash.hex) == hash)
        #expect(Hash(base64: hash.base64) == hash)
        #expect(Hash(bytes: hash.bytes) == hash)
        #expect(Hash(bytes: hash.bytes.reversed().reversed() as [UInt8]) == hash)
        #expect("\(hash)" == hash.hex)
        for count in [0, 31, 33, 64] {
            #expect(Hash(bytes: [UInt8](repeating: 1, count: count)) == nil)
            #expect(Hash(bytes: AnyCollection(repeatElement(1, count: count))) == nil)
        }
        #expect(Hash(bytes: AnyCollection(hash.bytes)) == hash)
        let wrongHex = [
            hash.hex.uppercased(), String(hash.hex.dropLast()), hash.hex + "00", "g" + hash.hex.dropFirst(), "",
        ]
        #expect(wrongHex.allSatisfy { Hash(hex: $0) == nil })
        #expect(hash.base64 == "bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=")
        let wrongBase64 = [
            "bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB1=", "bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0",
            "bjQLnP-zepicpUTmu3gKLHiQHT-zNzh2hRGjBhevoB0=", "bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoA==",
            " bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0", "bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=\n", "",
        ]
        #expect(wrongBase64.allSatisfy { Hash(base64: $0) == nil })
    }

    @Test func ordersHashesByTheirBytes() throws {
        let hashes = NaiveTree.leaves(200)
        let byBytes = hashes.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
        #expect(hashes.sorted() == byBytes)
        for position in 0..<32 {
            var bytes = [UInt8](repeating: 7, count: 32)
            let smaller = try #require(Hash(bytes: bytes))
            bytes[position] = 8
            let greater = try #require(Hash(bytes: bytes))
            #expect(smaller < greater)
            #expect(!(greater < smaller))
            #expect(smaller != greater)
        }
    }

    @Test func describesAnErrorForPeopleAndComparesItByCode() {
        let error = CustodyError(.noteMalformed, "This is not a note", at: "line 3", remedy: "Fetch it again.")
        #expect("\(error)" == "This is not a note (line 3). Fetch it again. [note-malformed]")
        #expect("\(CustodyError("some-code", "It failed"))" == "It failed. [some-code]")
        #expect(error == CustodyError(.noteMalformed, "Other words"))
        #expect(error != CustodyError(.noteTooLarge, "This is not a note", at: "line 3", remedy: "Fetch it again."))
    }
}
