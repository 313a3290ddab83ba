/// In which order the libraries look at which versions of an image, and when they stop.
///
/// A round is always finished. Another begins only while nothing is settled and the budget is not spent.
///
/// The order is measured, on 920 drawn and spoiled pictures and on 160 of noise, text and stripes without a code. zbar
/// sees more of the linear symbols, zxing alone sees matrix symbols besides the QR Code; doubling brings most of what
/// both missed at first, cut-out regions bring Data Matrix and Aztec Codes away from the middle.
public struct DecodePlan: Sendable {
    /// Looks at one version of the image.
    struct Round: Hashable, Sendable {
        enum Area: Hashable, Sendable {
            case whole
            case busyRegions
        }

        let area: Area
        let retouch: Retouch
        let searches: [Search]

        init(_ retouch: Retouch, of area: Area = .whole, _ searches: Search...) {
            (self.area, self.retouch, self.searches) = (area, retouch, searches)
        }
    }

    enum Search: Hashable, Sendable {
        case zbar
        /// Of only some rows and columns, so that it keeps its `FramePace`.
        case pacedZBar
        case zxing(ZXingDecoder.Search)
    }

    let rounds: [Round]
    /// How long after its start another round may begin.
    public let budget: Duration
}

extension DecodePlan {
    /// For a picture that somebody took of a label: patient.
    public static let photograph = DecodePlan(
        rounds: [
            Round(.none, .zbar, .linear, .dataBar, .matrix),
            Round(.none, of: .busyRegions, .matrix),
            Round(.doubled, of: .busyRegions, .matrix),
            Round(.doubled, .zbar, .linear, .dataBar, .matrix),
            Round(.doubledAndSharpened, .linear, .dataBar, .matrix),
            Round(.turned, .zbar, .linear, .matrix),
            Round(.inverted, .zbar, .linear, .dataBar, .matrix),
            Round(.inverted, of: .busyRegions, .matrix),
            Round(.halved, .zbar, .matrix),
            Round(.softened, .zbar, .linear, .matrix),
        ], budget: .seconds(2))

    /// For a picture of so many pixels that its modules are large: half the size first.
    static let largePhotograph = DecodePlan(
        rounds: [Round(.halved, .zbar, .linear, .dataBar, .matrix)]
            + photograph.rounds.filter { $0.retouch != .halved },
        budget: photograph.budget)

    /// For one frame of a camera, which sends another soon: one look. zxing reads the QR Code, for which zbar would need
    /// every row.
    public static let frame = DecodePlan(
        rounds: [Round(.none, .pacedZBar, .coarseLinear, .coarseMatrix)], budget: .zero)

    /// For an image over which the helper process died: without zxing.
    static let careful = DecodePlan(
        rounds: photograph.rounds.filter { $0.searches.contains(.zbar) }.map { Round($0.retouch, .zbar) },
        budget: photograph.budget)
}

extension DecodePlan.Search {
    static let linear = DecodePlan.Search.zxing(.init(family: .linear))
    static let dataBar = DecodePlan.Search.zxing(.init(family: .dataBar))
    static let matrix = DecodePlan.Search.zxing(.init(family: .matrix))
    static let coarseLinear = DecodePlan.Search.zxing(.init(family: .linear, isThorough: false))
    static let coarseMatrix = DecodePlan.Search.zxing(.init(family: .matrix, isThorough: false))
}
