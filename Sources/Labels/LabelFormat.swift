/// A file format for labels.
public enum LabelFormat: String, CaseIterable, Sendable {
    /// Scalable, for design programs and browsers; text stays text.
    case svg
    /// One pixel a dot, with the resolution in the file.
    case png
    /// For label printers that read ZPL II.
    case zpl

    /// The whole file.
    public func render(_ layout: LabelLayout) -> [UInt8] {
        switch self {
        case .svg: Array(SVGDrawing(layout).text.utf8)
        case .png: PNGDrawing(layout).bytes
        case .zpl: Array(ZPLDrawing(layout).text.utf8)
        }
    }
}
