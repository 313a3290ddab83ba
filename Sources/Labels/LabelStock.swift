import Ledger

/// What labels are printed on, and how finely.
public struct LabelStock: Hashable, Sendable {
    /// Width and height, in micrometres.
    public struct Extent: Hashable, Sendable {
        /// In micrometres.
        public let width: Int
        /// In micrometres.
        public let height: Int

        /// Takes micrometres.
        public init(width: Int, height: Int) {
            self.width = width
            self.height = height
        }
    }

    /// The printers that there are, from office to micro labels.
    public static let dotsPerInchRange = 150...1_200

    /// The width and the height of a label, in micrometres.
    public static let extentRange = 5_000...200_000

    /// The printer's resolution.
    public let dotsPerInch: Int

    /// The wish for the X-dimension, in micrometres; nil for what GS1 aims for.
    public let moduleMicrometres: Int?

    /// The label's size; nil for as large as its content.
    public let extent: Extent?

    /// Throws `label-stock-unusable` outside the limits. Whether a module fits the symbology shows in the layout.
    public init(dotsPerInch: Int = 300, moduleMicrometres: Int? = nil, extent: Extent? = nil) throws {
        guard LabelStock.dotsPerInchRange.contains(dotsPerInch) else {
            throw LabelStock.unusable("\(dotsPerInch) dpi", "150 to 1200 dpi")
        }
        if let extent, ![extent.width, extent.height].allSatisfy(LabelStock.extentRange.contains) {
            throw LabelStock.unusable(extent.description, "5 to 200 mm each way")
        }
        self.dotsPerInch = dotsPerInch
        self.moduleMicrometres = moduleMicrometres
        self.extent = extent
    }

    /// Whole dots nearest to a length in micrometres.
    func dots(nearest micrometres: Int) -> Int {
        (micrometres * dotsPerInch + LabelStock.micrometresPerInch / 2) / LabelStock.micrometresPerInch
    }

    /// The fewest whole dots that are not less than a length in micrometres.
    func dots(atLeast micrometres: Int) -> Int {
        (micrometres * dotsPerInch + LabelStock.micrometresPerInch - 1) / LabelStock.micrometresPerInch
    }

    /// The most whole dots that are not more than a length in micrometres.
    func dots(atMost micrometres: Int) -> Int {
        micrometres * dotsPerInch / LabelStock.micrometresPerInch
    }

    static let micrometresPerInch = 25_400

    private static func unusable(_ what: String, _ limits: String) -> CustodyError {
        CustodyError("label-stock-unusable", "Labels are not printed with \(what)", remedy: "Choose \(limits).")
    }
}

extension LabelStock.Extent: CustomStringConvertible {
    /// In millimetres, such as `50 x 30.5 mm`.
    public var description: String { "\(Millimetres(width)) x \(Millimetres(height)) mm" }
}
