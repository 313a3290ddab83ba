import Rig

/// What the maker sets down of the device: its surface as points, enough of them to need several chunks.
enum DemoDesign {
    private static let points = 12_000

    static var parameters: String {
        var random = SeededRandom(seed: 4_711)
        let rows = (0..<points).map { number in
            let place = (0..<3).map { _ in "\(Double(random.next() % 600_000) / 10_000 - 30)" }.joined(separator: ",")
            return "\(number),\(place)"
        }
        return (["point,x,y,z"] + rows).joined(separator: "\n") + "\n"
    }
}
