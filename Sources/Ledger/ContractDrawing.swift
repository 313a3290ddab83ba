/// The life cycle of a contract as a picture: steps in rows, each below what it comes after.
public struct ContractDrawing {
    private let contract: Contract
    private let layout: ContractLayout

    public init(_ contract: Contract) {
        self.contract = contract
        layout = ContractLayout(contract)
    }

    private static let headHeight = 64
    private static let lineHeight = 20

    /// The picture as SVG 1.1, in pixels.
    public var svg: String {
        let rules = contract.rules.map(sentence)
        let legend = [
            "Solid: after all of these. Dashed: after any one of these. Red: one excludes the other."
                + (rules.isEmpty ? "" : " Orange: a rule records it.")
        ]
        let foot = legend + rules
        let width = max(layout.width, foot.reduce(0) { max($0, $1.count * 7 + 48) })
        let height = Self.headHeight + layout.height + Self.lineHeight * foot.count + 24
        var lines = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(width)\" height=\"\(height)\" "
                + "viewBox=\"0 0 \(width) \(height)\" font-family=\"sans-serif\" font-size=\"12\">",
            "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>",
            Self.text(contract.title.isEmpty ? contract.name : contract.title, x: 24, y: 30, size: 18, isBold: true),
            Self.text(
                "\(contract.name), version \(contract.version), sha256 \(contract.hash.hex)", x: 24, y: 50, size: 11),
            "<defs>", Self.arrow("step", "#44546a"), Self.arrow("rule", "#c55a11"), "</defs>",
            "<g transform=\"translate(0 \(Self.headHeight))\">",
        ]
        lines += arrows + exclusions + contract.steps.map(box)
        lines.append("</g>")
        for (place, line) in foot.enumerated() {
            let y = Self.headHeight + layout.height + Self.lineHeight * (place + 1)
            lines.append(Self.text(line, x: 24, y: y, size: 12))
        }
        return (lines + ["</svg>"]).joined(separator: "\n") + "\n"
    }

    // MARK: Arrows

    private var arrows: [String] {
        let steps = layout.edges.map { edge in
            let dash = edge.isAny ? " stroke-dasharray=\"6 4\"" : ""
            return Self.path(layout.route(edge), "stroke=\"#44546a\"\(dash) marker-end=\"url(#step)\"")
        }
        let rules = contract.rules.compactMap { rule -> String? in
            guard rule.on == nil, let trigger = rule.triggerStep(in: contract)?.name, let from = layout.box(trigger),
                let to = layout.box(rule.record)
            else { return nil }
            return Self.curve(from, to)
        }
        return steps + rules
    }

    private var exclusions: [String] {
        var drawn: Set<[String]> = []
        return contract.steps.flatMap { step in
            step.excludes.compactMap { other -> String? in
                guard drawn.insert([step.name, other].sorted()).inserted, let one = layout.box(step.name),
                    let two = layout.box(other)
                else { return nil }
                let (left, right) = one.x < two.x ? (one, two) : (two, one)
                let (start, end) = (
                    "\(left.x + left.width) \(left.y + left.height / 2)", "\(right.x) \(right.y + right.height / 2)"
                )
                return "<path d=\"M\(start) L\(end)\" stroke=\"#c00000\" stroke-width=\"2\" stroke-dasharray=\"2 3\"/>"
            }
        }
    }

    /// Points joined by curves that leave and arrive upright.
    private static func path(_ points: [(x: Int, y: Int)], _ style: String) -> String {
        guard let first = points.first else { return "" }
        var data = "M\(first.x) \(first.y)"
        for (from, to) in zip(points, points.dropFirst()) {
            let middle = (from.y + to.y) / 2
            data += " C\(from.x) \(middle) \(to.x) \(middle) \(to.x) \(to.y)"
        }
        return "<path d=\"\(data)\" fill=\"none\" \(style)/>"
    }

    /// A rule's arrow leaves and arrives at the sides, so that it is not taken for one of the steps'.
    private static func curve(_ from: ContractLayout.Box, _ to: ContractLayout.Box) -> String {
        let style = "fill=\"none\" stroke=\"#c55a11\" stroke-dasharray=\"8 3\" marker-end=\"url(#rule)\""
        let (startY, endY) = (from.y + from.height / 2, to.y + to.height / 2)
        // On the side on which the other box is, or both on the right where one is above the other.
        let isRight = to.x > from.x + from.width
        let isLeft = to.x + to.width < from.x
        let start = isLeft ? from.x : from.x + from.width
        let end = isRight ? to.x : to.x + to.width
        let bend = isRight ? (24, -24) : isLeft ? (-24, 24) : (28, 28)
        return
            "<path d=\"M\(start) \(startY) C\(start + bend.0) \(startY) \(end + bend.1) \(endY) \(end) \(endY)\" \(style)/>"
    }

    private static func arrow(_ id: String, _ colour: String) -> String {
        "<marker id=\"\(id)\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\">"
            + "<path d=\"M0 0L8 4L0 8z\" fill=\"\(colour)\"/></marker>"
    }

    // MARK: Boxes

    private func box(_ step: Contract.Step) -> String {
        guard let box = layout.box(step.name) else { return "" }
        let fill = step.opens ? "#e2f0d9" : step.resolves ? "#fbe5d6" : "#f2f5fa"
        var lines = [
            "<rect x=\"\(box.x)\" y=\"\(box.y)\" width=\"\(box.width)\" height=\"\(box.height)\" rx=\"6\" "
                + "fill=\"\(fill)\" stroke=\"#44546a\"/>",
            Self.text(ContractLayout.cut(step.name), x: box.x + 12, y: box.y + 20, size: 13, isBold: true),
        ]
        for (place, note) in ContractLayout.notes(of: step).enumerated() {
            let y = box.y + 38 + place * ContractLayout.noteHeight
            lines.append(Self.text(ContractLayout.cut(note), x: box.x + 12, y: y, size: 11))
        }
        return lines.joined(separator: "\n")
    }

    private func sentence(_ rule: Contract.Rule) -> String {
        let when: String
        switch rule.when {
        case .missed(let step): when = "\(step) has missed its deadline"
        case .recorded(let step, let conditions, let count):
            let limits = conditions.map { " with \($0.fact) \($0.relation.rawValue) \($0.value)" }.joined(
                separator: " and")
            when = count.map { "\(step)\(limits) has been recorded \($0) times" } ?? "\(step)\(limits) is recorded"
        }
        let who = rule.by.map(\.rawValue).sorted().joined(separator: " or ")
        let place = rule.on.map { " on the order that '\($0)' names" } ?? ""
        return "Rule \(rule.name): when \(when), a \(who) records \(rule.record)\(place)."
    }

    private static func text(_ text: String, x: Int, y: Int, size: Int, isBold: Bool = false) -> String {
        let weight = isBold ? " font-weight=\"bold\"" : ""
        return "<text x=\"\(x)\" y=\"\(y)\" font-size=\"\(size)\" fill=\"#1f2a3a\"\(weight)>\(escaped(text))</text>"
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .filter { $0.unicodeScalars.allSatisfy { $0.value >= 0x20 } }
    }
}
