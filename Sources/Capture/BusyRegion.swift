/// A rectangle of an image where brightness changes often in both directions, as the modules of a matrix symbol make it.
///
/// zxing looks for some matrix symbols from the middle of the image only, and for others along few lines: cut out, a
/// symbol in a corner lies in the middle too.
struct BusyRegion: Hashable, Sendable {
    let x: Int
    let y: Int
    let width: Int
    let height: Int

    /// How many regions of an image are looked at.
    static let countMax = 4
    /// The side of the squares whose brightness is compared, in pixels.
    static let blockSide = 8

    /// The busiest first; each with a margin of a quarter of its size, and none larger than half the image.
    static func all(in image: LumaImage) -> [BusyRegion] {
        guard var map = BlockMap(image) else { return [] }
        return map.takeClusters().sorted { $0.activity > $1.activity }.prefix(countMax)
            .map { $0.region(in: image) }
            .filter { $0.width * $0.height <= image.width * image.height / 2 }
    }
}

extension LumaImage {
    /// The part inside `region`, which must lie within the image.
    func cut(_ region: BusyRegion) -> LumaImage {
        var part: [UInt8] = []
        part.reserveCapacity(region.width * region.height)
        for row in region.y..<region.y + region.height {
            let start = row * width + region.x
            part += pixels[start..<start + region.width]
        }
        return LumaImage(width: region.width, height: region.height, pixels: part)
    }
}

/// How busy each square of an image is.
private struct BlockMap {
    let columns: Int
    let rows: Int
    /// 0 for a block that is calm or was taken.
    private var activities: [Int32]

    /// Nil for an image with fewer than three blocks in a direction.
    init?(_ image: LumaImage) {
        (columns, rows) = (image.width / BusyRegion.blockSide, image.height / BusyRegion.blockSide)
        guard columns >= 3, rows >= 3 else { return nil }
        activities = BlockMap.changes(in: image, columns, rows)
        activities = BlockMap.smoothed(activities, columns, rows)
        let calm = (activities.max() ?? 0) * 2 / 5
        for index in activities.indices where activities[index] <= calm { activities[index] = 0 }
    }

    /// Of each block, the lesser of its changes along rows and along columns: bars and edges count little.
    private static func changes(in image: LumaImage, _ columns: Int, _ rows: Int) -> [Int32] {
        var across = [Int32](repeating: 0, count: columns * rows)
        var down = across
        let side = BusyRegion.blockSide
        image.pixels.withUnsafeBufferPointer { pixels in
            for y in 0..<rows * side {
                // The last row has none below it.
                let below = y + 1 < image.height ? image.width : 0
                for x in 0..<columns * side {
                    let place = y * image.width + x
                    let block = y / side * columns + x / side
                    let right = x + 1 < image.width ? 1 : 0
                    across[block] += abs(Int32(pixels[place + right]) - Int32(pixels[place]))
                    down[block] += abs(Int32(pixels[place + below]) - Int32(pixels[place]))
                }
            }
        }
        return zip(across, down).map { min($0, $1) }
    }

    /// Each the sum of a block and its neighbours.
    private static func smoothed(_ activities: [Int32], _ columns: Int, _ rows: Int) -> [Int32] {
        var sums = activities
        for row in 0..<rows {
            for column in 0..<columns {
                var sum: Int32 = 0
                for y in max(0, row - 1)...min(rows - 1, row + 1) {
                    for x in max(0, column - 1)...min(columns - 1, column + 1) { sum += activities[y * columns + x] }
                }
                sums[row * columns + column] = sum
            }
        }
        return sums
    }

    /// Groups of neighbouring busy blocks, at least three wide and high.
    mutating func takeClusters() -> [Cluster] {
        var clusters: [Cluster] = []
        for index in activities.indices where activities[index] > 0 {
            let cluster = takeCluster(from: index)
            if cluster.columns.count >= 3 && cluster.rows.count >= 3 { clusters.append(cluster) }
        }
        return clusters
    }

    private mutating func takeCluster(from start: Int) -> Cluster {
        var cluster = Cluster(column: start % columns, row: start / columns)
        var waiting = [start]
        while let index = waiting.popLast() {
            guard activities[index] > 0 else { continue }
            let (column, row) = (index % columns, index / columns)
            cluster.add(column: column, row: row, activity: activities[index])
            activities[index] = 0
            for y in max(0, row - 1)...min(rows - 1, row + 1) {
                for x in max(0, column - 1)...min(columns - 1, column + 1) where activities[y * columns + x] > 0 {
                    waiting.append(y * columns + x)
                }
            }
        }
        return cluster
    }
}

/// Neighbouring busy blocks.
private struct Cluster {
    private(set) var columns: ClosedRange<Int>
    private(set) var rows: ClosedRange<Int>
    private(set) var activity: Int64 = 0

    init(column: Int, row: Int) {
        (columns, rows) = (column...column, row...row)
    }

    mutating func add(column: Int, row: Int, activity: Int32) {
        columns = min(columns.lowerBound, column)...max(columns.upperBound, column)
        rows = min(rows.lowerBound, row)...max(rows.upperBound, row)
        self.activity += Int64(activity)
    }

    func region(in image: LumaImage) -> BusyRegion {
        let x = Cluster.widened(columns, within: image.width)
        let y = Cluster.widened(rows, within: image.height)
        return BusyRegion(x: x.lowerBound, y: y.lowerBound, width: x.count, height: y.count)
    }

    private static func widened(_ blocks: ClosedRange<Int>, within length: Int) -> Range<Int> {
        let side = BusyRegion.blockSide
        let margin = max(side * 2, blocks.count * side / 4)
        return max(0, blocks.lowerBound * side - margin)..<min(length, (blocks.upperBound + 1) * side + margin)
    }
}
