/// A complete subtree of 2^`level` leaves: `D[index << level : (index + 1) << level]`.
public struct TreeNode: Hashable, Sendable {
    public let level: Int
    public let index: UInt64

    /// - Parameter level: 0 for a leaf, at most 63.
    public init(level: Int, index: UInt64) {
        precondition((0...63).contains(level), "a tree node's level is 0...63")
        self.level = level
        self.index = index
    }

    /// The tile that holds the hashes from which this node's hash follows.
    public var tile: Tile {
        let inner = level % Tile.height
        return Tile(level: level / Tile.height, index: index >> UInt64(Tile.height - inner))
    }

    /// Which hashes of `tile` lie below this node.
    public var slots: Range<Int> {
        let count = 1 << (level % Tile.height)
        let start = Int(index % UInt64(Tile.width / count)) * count
        return start..<(start + count)
    }
}

/// 256 neighbouring hashes of one tree level out of eight (C2SP tlog-tiles, "Merkle Tree").
///
/// Level 0 holds leaf hashes; each hash of a higher level is the root of a full tile of the level below.
public struct Tile: Hashable, Sendable {
    /// Hashes in a full tile.
    public static let width = 256
    /// Tree levels that one tile spans.
    public static let height = 8

    public let level: Int
    public let index: UInt64

    public init(level: Int, index: UInt64) {
        self.level = level
        self.index = index
    }

    /// The path at which a log serves the first `width` hashes of a tile (C2SP tlog-tiles, "Merkle Tree").
    ///
    /// - Parameter width: 1...256; less than 256 for a partial tile.
    public static func path(level: Int, index: UInt64, width: Int = width) -> String {
        TilePath(.hashes(level: level), index: index, width: width).description
    }

    /// The path at which a log serves the first `width` entries of a bundle (C2SP tlog-tiles, "Log entries").
    ///
    /// - Parameter width: 1...256; less than 256 for a partial bundle.
    public static func entriesPath(index: UInt64, width: Int = width) -> String {
        TilePath(.entries, index: index, width: width).description
    }
}

/// The path of a tile or an entry bundle, such as `tile/0/x001/x234/067` or `tile/entries/000.p/7` (C2SP tlog-tiles).
public struct TilePath: Hashable, Sendable {
    public enum Content: Hashable, Sendable {
        case hashes(level: Int)
        case entries
    }

    /// The highest level that a path may name.
    public static let levelMax = 63
    /// The longest path: `tile/entries/`, seven elements of an index, `.p/255`.
    public static let bytesMax = 13 + 6 * 5 + 3 + 6

    public let content: Content
    public let index: UInt64
    /// Hashes or entries in the tile: 256, or 1...255 when it is partial.
    public let width: Int

    public init(_ content: Content, index: UInt64, width: Int = Tile.width) {
        precondition((1...Tile.width).contains(width), "a tile is 1...256 wide")
        if case .hashes(let level) = content {
            precondition((0...Self.levelMax).contains(level), "a tile's level is 0...63")
        }
        self.content = content
        self.index = index
        self.width = width
    }

    /// The parsed path; nil for anything that is not the one canonical spelling.
    public init?(_ path: String) {
        guard path.utf8.count <= Self.bytesMax else { return nil }
        var elements = path.utf8.split(separator: 0x2F, omittingEmptySubsequences: false)[...]
        guard elements.popFirst()?.elementsEqual("tile".utf8) == true,
            let content = elements.popFirst().flatMap(Self.content),
            let width = Self.takeWidth(&elements),
            let index = Self.index(elements)
        else { return nil }
        self.init(content, index: index, width: width)
    }

    private static func content(_ element: Substring.UTF8View) -> Content? {
        if element.elementsEqual("entries".utf8) { return .entries }
        return NoteText.decimal(element, max: UInt64(levelMax)).map { .hashes(level: Int($0)) }
    }

    /// Removes the `.p/W` of a partial tile from the end of `elements`.
    private static func takeWidth(_ elements: inout ArraySlice<Substring.UTF8View>) -> Int? {
        guard let suffixed = elements.dropLast().last, suffixed.suffix(2).elementsEqual(".p".utf8) else {
            return Tile.width
        }
        guard let last = elements.popLast(),
            let width = NoteText.decimal(last, max: UInt64(Tile.width - 1)), width > 0
        else { return nil }
        elements[elements.endIndex - 1] = suffixed.dropLast(2)
        return Int(width)
    }

    private static func index(_ elements: ArraySlice<Substring.UTF8View>) -> UInt64? {
        var index: UInt64 = 0
        for (position, element) in elements.enumerated() {
            let isLast = position == elements.count - 1
            guard let group = Self.group(element, isLast: isLast) else { return nil }
            // A leading group of zeros would be a second spelling of the same index.
            if position == 0, !isLast, group == 0 { return nil }
            let (shifted, tooLarge) = index.multipliedReportingOverflow(by: 1000)
            let (sum, overflow) = shifted.addingReportingOverflow(group)
            guard !tooLarge, !overflow else { return nil }
            index = sum
        }
        return elements.isEmpty ? nil : index
    }

    private static func group(_ element: Substring.UTF8View, isLast: Bool) -> UInt64? {
        guard isLast || element.first == UInt8(ascii: "x") else { return nil }
        let digits = isLast ? element : element.dropFirst()
        guard digits.count == 3, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return digits.reduce(0) { $0 * 10 + UInt64($1 - 0x30) }
    }
}

extension TilePath: CustomStringConvertible {
    public var description: String {
        let folder =
            switch content {
            case .hashes(let level): "\(level)"
            case .entries: "entries"
            }
        let partial = width < Tile.width ? ".p/\(width)" : ""
        return "tile/\(folder)/\(Self.spelled(index))\(partial)"
    }

    private static func spelled(_ index: UInt64) -> String {
        var path = padded(index % 1000)
        var rest = index / 1000
        while rest > 0 {
            path = "x\(padded(rest % 1000))/\(path)"
            rest /= 1000
        }
        return path
    }

    private static func padded(_ group: UInt64) -> String {
        let digits = String(group)
        return String(repeating: "0", count: 3 - digits.utf8.count) + digits
    }
}
