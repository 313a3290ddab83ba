/// Where the steps of a contract stand in its picture: in rows, each row below all that its steps come after.
struct ContractLayout {
    struct Box {
        var x: Int
        var y: Int
        let width: Int
        let height: Int

        var centre: Int { x + width / 2 }
    }

    struct Edge {
        let from: String
        let to: String
        /// Whether the one is enough.
        let isAny: Bool
    }

    static let noteHeight = 15
    private static let boxWidth = 244
    private static let gap = 36
    private static let rowGap = 56
    private static let margin = 24
    /// Characters of a line.
    private static let lineMax = 38

    private(set) var edges: [Edge] = []
    private(set) var width = 0
    private(set) var height = 0
    private var boxes: [String: Box] = [:]
    private var rowOf: [String: Int] = [:]
    /// The y at which each row begins, and its height.
    private var rows: [(y: Int, height: Int)] = []
    /// Where an edge passes the rows between its ends.
    private var passages: [[String]: [Int]] = [:]

    init(_ contract: Contract) {
        edges = Self.edges(of: contract)
        rowOf = Self.rows(of: contract, edges)
        place(contract)
    }

    func box(_ step: String) -> Box? { boxes[step] }

    /// The points through which an edge goes.
    func route(_ edge: Edge) -> [(x: Int, y: Int)] {
        guard let from = boxes[edge.from], let to = boxes[edge.to], let first = rowOf[edge.from] else { return [] }
        var points = [(x: from.centre, y: from.y + from.height)]
        for (place, x) in (passages[[edge.from, edge.to]] ?? []).enumerated() {
            let row = rows[first + 1 + place]
            points += [(x: x, y: row.y), (x: x, y: row.y + row.height)]
        }
        return points + [(x: to.centre, y: to.y)]
    }

    // MARK: Rows

    /// Without those that follow from others.
    private static func edges(of contract: Contract) -> [Edge] {
        let past = ContractCheck.past(in: contract)
        return contract.steps.flatMap { step in
            let needed = step.after.filter { name in
                !step.after.contains { $0 != name && past[$0]?.contains(name) == true }
            }
            return needed.map { Edge(from: $0, to: step.name, isAny: false) }
                + step.afterAny.map { Edge(from: $0, to: step.name, isAny: true) }
        }
    }

    private static func rows(of contract: Contract, _ edges: [Edge]) -> [String: Int] {
        var rows = Dictionary(uniqueKeysWithValues: contract.steps.map { ($0.name, 0) })
        // Steps that wait for each other would sink for ever.
        for _ in contract.steps {
            var isSettled = true
            for edge in edges {
                let below = (rows[edge.from] ?? 0) + 1
                guard below > rows[edge.to] ?? 0, below < contract.steps.count else { continue }
                rows[edge.to] = below
                isSettled = false
            }
            if isSettled { break }
        }
        return rows
    }

    // MARK: Places

    /// A step, or an edge on its way through a row.
    private enum Slot: Hashable {
        case step(String)
        case passage([String])
    }

    private mutating func place(_ contract: Contract) {
        let count = (rowOf.values.max() ?? 0) + 1
        var slots = [[Slot]](repeating: [], count: count)
        for step in contract.steps { slots[rowOf[step.name] ?? 0].append(.step(step.name)) }
        for edge in edges {
            let between = (rowOf[edge.from] ?? 0) + 1..<max((rowOf[edge.from] ?? 0) + 1, rowOf[edge.to] ?? 0)
            for row in between { slots[row].append(.passage([edge.from, edge.to])) }
        }
        for row in slots.indices.dropFirst() { slots[row] = sorted(slots[row], below: slots[row - 1]) }
        let widths = slots.map { row in row.reduce(0) { $0 + Self.width(of: $1) } + Self.gap * (row.count - 1) }
        width = (widths.max() ?? 0) + 2 * Self.margin
        var y = 0
        for (row, places) in slots.enumerated() {
            let tall = contract.steps.filter { rowOf[$0.name] == row }.map(Self.height).max() ?? 0
            var x = (width - widths[row]) / 2
            for slot in places {
                switch slot {
                case .step(let name):
                    let height = contract.step(name).map(Self.height) ?? 0
                    boxes[name] = Box(x: x, y: y, width: Self.boxWidth, height: height)
                case .passage(let edge): passages[edge, default: []].append(x)
                }
                x += Self.width(of: slot) + Self.gap
            }
            rows.append((y, tall))
            y += tall + Self.rowGap
        }
        height = y
    }

    private static func width(of slot: Slot) -> Int { if case .step = slot { boxWidth } else { 0 } }

    /// Each as near as can be to the middle of what it comes from.
    private func sorted(_ row: [Slot], below above: [Slot]) -> [Slot] {
        func place(_ name: String, _ towards: [String]) -> Double? {
            (above.firstIndex(of: .step(name)) ?? above.firstIndex(of: .passage(towards))).map(Double.init)
        }
        let wanted = row.map { slot -> Double in
            let sources: [Double] =
                switch slot {
                case .passage(let edge): [place(edge[0], edge)].compactMap { $0 }
                case .step(let name):
                    edges.filter { $0.to == name }.compactMap { place($0.from, [$0.from, name]) }
                }
            return sources.isEmpty ? 0 : sources.reduce(0, +) / Double(sources.count)
        }
        return row.indices.sorted { (wanted[$0], $0) < (wanted[$1], $1) }.map { row[$0] }
    }

    // MARK: Words

    private static func height(of step: Contract.Step) -> Int { 34 + notes(of: step).count * noteHeight }

    static func cut(_ text: String) -> String { text.count > lineMax ? "\(text.prefix(lineMax - 1))…" : text }

    /// What a box says below the name of its step.
    static func notes(of step: Contract.Step) -> [String] {
        func list(_ roles: Set<Role>) -> String { roles.map(\.rawValue).sorted().joined(separator: ", ") }
        var notes = [step.approvals.map { "\($0.count) of \(list($0.of))" } ?? list(step.by)]
        if !step.requires.isEmpty { notes.append("needs \(step.requires.joined(separator: ", "))") }
        notes += step.scans.map { demand in
            let relation = demand.relation.map { " \($0.rawValue) \(demand.steps.joined(separator: ", "))" } ?? ""
            return "scan: \(demand.kind.rawValue)\(relation)"
        }
        if let within = step.within { notes.append("within \(span(within.minutes)) of \(within.of)") }
        if step.signedByOperator { notes.append("signed by an operator") }
        if !step.confirmedBy.isEmpty { notes.append("confirmed by \(list(step.confirmedBy))") }
        if step.resolves { notes.append("closes a dispute") }
        if step.isForRulesAlone { notes.append("by a rule alone") }
        if step.repeats { notes.append("repeats") }
        return notes
    }

    private static func span(_ minutes: Int) -> String {
        let unit = Deadline.units.first { minutes.isMultiple(of: $0.minutes) } ?? Deadline.units[2]
        let count = minutes / unit.minutes
        return "\(count) \(count == 1 ? String(unit.name.dropLast()) : unit.name)"
    }
}
