/// Reads one step of a contract's text.
struct StepReader {
    let name: String
    let reader: YAMLReader
    /// The names of all steps of the contract.
    let steps: Set<String>
    let owner: ContractReader

    private static let known: Set = ["by", "after", "excludes", "requires", "facts", "repeats"]
    private static let knownSince2: Set = ["resolves", "confirmed-by"]
    private static let knownSince3: Set = ["signed-by"]
    private static let knownSince4: Set = ["approvals", "scans", "within"]

    private var known: Set<String> {
        Self.known.union(owner.language < 2 ? [] : Self.knownSince2).union(owner.language < 3 ? [] : Self.knownSince3)
            .union(owner.language < 4 ? [] : Self.knownSince4)
    }

    func read() -> WrittenStep {
        var step = WrittenStep(name: name)
        let before = owner.problems.count
        let keys = owner.mapping(reader, known: known)
        readWho(keys, into: &step)
        if let after = keys["after"] { readAfter(after, into: &step) }
        step.excludes = keys["excludes"].map(others) ?? []
        if let facts = keys["facts"] { readFacts(facts, into: &step) }
        if let requires = keys["requires"] { readRequires(requires, into: &step) }
        step.repeats = flag(keys["repeats"])
        step.resolves = flag(keys["resolves"])
        step.confirmedBy = keys["confirmed-by"].flatMap { roles in owner.attempt { try owner.roles(roles) } } ?? []
        step.signedByOperator =
            keys["signed-by"].flatMap { signer in owner.attempt { try isOperator(signer) } } ?? false
        step.scans = keys["scans"].map(readScans) ?? []
        step.within = keys["within"].flatMap(readDeadline)
        if owner.problems.count == before { check(step) }
        return step
    }

    private func flag(_ reader: YAMLReader?) -> Bool {
        reader.flatMap { flag in owner.attempt { try flag.flag() } } ?? false
    }

    private func isOperator(_ reader: YAMLReader) throws -> Bool {
        guard try reader.text() == "operator" else { throw reader.failure("a step is signed-by: operator") }
        return true
    }

    /// Names of other steps.
    private func others(_ reader: YAMLReader) -> [String] {
        owner.names(reader, among: steps) { "step \(name) names the step '\($0)', which the contract does not have" }
    }

    // MARK: Who

    private func readWho(_ keys: [String: YAMLReader], into step: inout WrittenStep) {
        guard let approvals = keys["approvals"] else {
            guard let by = owner.required("by", of: keys, reader) else { return }
            step.by = owner.attempt { try owner.roles(by) } ?? []
            return
        }
        if let by = keys["by"] {
            owner.report(by.failure("step \(name) says who by its approvals, and so has no 'by'"))
        }
        step.approvals = owner.attempt { try self.approvals(approvals) }
        step.by = step.approvals?.of ?? []
    }

    /// `2 of [regulator, hospital]`, which YAML takes for one text.
    private func approvals(_ reader: YAMLReader) throws -> Contract.Approvals {
        let text = try reader.text()
        let parts = text.split(separator: " ", maxSplits: 2)
        guard parts.count == 3, parts[1] == "of", let count = Int(parts[0]), parts[2].hasPrefix("["),
            parts[2].hasSuffix("]")
        else { throw reader.failure("approvals are written as: 2 of [regulator, hospital]") }
        guard (1...Contract.Approvals.countMax).contains(count) else {
            throw reader.failure("from 1 to \(Contract.Approvals.countMax) approvals may be asked for")
        }
        let names = parts[2].dropFirst().dropLast().split(separator: ",").map { $0.filter { $0 != " " } }
        let roles = try names.map { try owner.role(String($0), at: reader) }
        guard !roles.isEmpty else { throw reader.failure("nobody is named who may approve") }
        return Contract.Approvals(count: count, of: Set(roles))
    }

    // MARK: When

    private func readAfter(_ reader: YAMLReader, into step: inout WrittenStep) {
        guard owner.language >= 4, reader.isMapping else {
            step.after = others(reader)
            return
        }
        let keys = owner.mapping(reader, known: ["all", "any"])
        step.after = keys["all"].map(others) ?? []
        step.afterAny = keys["any"].map(others) ?? []
        if step.opens { owner.report(reader.failure("'after' names no step", remedy: "leave it out to open an order")) }
    }

    /// `{days: 30, of: order.placed}`
    private func readDeadline(_ reader: YAMLReader) -> Deadline? {
        let keys = owner.mapping(reader, known: Set(Deadline.units.map(\.name)).union(["of"]))
        let spans = Deadline.units.map { unit, minutes in
            let number = keys[unit].flatMap { number in
                owner.attempt { try number.number(in: 0...Deadline.minutesMax / minutes) }
            }
            return (number ?? 0) * minutes
        }
        guard let of = owner.required("of", of: keys, reader), let base = others(of).first else { return nil }
        let minutes = spans.reduce(0, +)
        guard (1...Deadline.minutesMax).contains(minutes) else {
            let most = Deadline.minutesMax / Deadline.units[0].minutes
            owner.report(reader.failure("a deadline is from 1 minute to \(most) days: days, hours, minutes"))
            return nil
        }
        return Deadline(minutes: minutes, of: base)
    }

    // MARK: What

    private func readRequires(_ reader: YAMLReader, into step: inout WrittenStep) {
        let permitted = Set(step.facts.map(\.name))
        step.requires = owner.names(reader, among: permitted) {
            "step \(name) requires the fact '\($0)' without permitting it under facts"
        }
    }

    /// `name: public`, `name: private`; from language 2 on `name: {private: [roles], erase: [roles]}`; from language 4 on also
    /// `name: {type: decimal, unit: Cel}`, with `private` or without.
    private func readFacts(_ reader: YAMLReader, into step: inout WrittenStep) {
        for (fact, value) in owner.pairs(reader) {
            guard owner.language < 2 || value.isScalar else {
                readFact(fact, value, into: &step)
                continue
            }
            let visibility = owner.attempt {
                guard let known = Contract.Visibility(rawValue: try value.text()) else {
                    throw value.failure("a fact is 'public' or 'private'")
                }
                return known
            }
            step.facts.append(
                Contract.PermittedFact(
                    name: fact, visibility: visibility ?? .public, type: owner.language < 4 ? nil : .text))
        }
    }

    private func readFact(_ fact: String, _ reader: YAMLReader, into step: inout WrittenStep) {
        let isTyped = owner.language >= 4
        let keys = owner.mapping(reader, known: isTyped ? ["private", "erase", "type", "unit"] : ["private", "erase"])
        let type = isTyped ? type(keys, reader) : nil
        let isPublic = isTyped && keys["private"] == nil && keys["erase"] == nil
        step.facts.append(
            Contract.PermittedFact(name: fact, visibility: isPublic ? .public : .private, type: type))
        guard !isPublic, let readers = owner.required("private", of: keys, reader) else { return }
        step.privacy[fact] = Contract.Privacy(
            readers: owner.attempt { try owner.roles(readers) } ?? [],
            erasers: keys["erase"].flatMap { roles in owner.attempt { try owner.roles(roles) } } ?? [])
    }

    private func type(_ keys: [String: YAMLReader], _ reader: YAMLReader) -> FactType {
        let unit = keys["unit"].flatMap { unit in owner.attempt { try self.unit(unit, type: keys["type"]) } }
        guard let written = keys["type"] else { return .text }
        let type = owner.attempt {
            guard let type = FactType(name: try written.text(), unit: unit) else {
                throw written.failure(
                    "a fact is of no such type", remedy: "types are: \(FactType.names.joined(separator: ", "))")
            }
            return type
        }
        return type ?? .text
    }

    private func unit(_ reader: YAMLReader, type: YAMLReader?) throws -> String {
        let unit = try reader.text()
        guard try type?.text() == "decimal" else { throw reader.failure("only a decimal has a unit") }
        guard (1...FactType.unitBytesMax).contains(unit.utf8.count), unit.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F })
        else { throw reader.failure("a unit is one word of at most \(FactType.unitBytesMax) bytes, such as Cel") }
        return unit
    }

    /// `{device: required, sscc: {equals: shipped}}`
    private func readScans(_ reader: YAMLReader) -> [Contract.ScanDemand] {
        (owner.attempt { try reader.pairs() } ?? []).compactMap { name, value in
            guard let kind = ScannedThing.Kind(rawValue: name) else {
                let kinds = ScannedThing.Kind.allCases.map(\.rawValue).joined(separator: ", ")
                owner.report(value.failure("'\(name)' is nothing that is scanned", remedy: "these are: \(kinds)"))
                return nil
            }
            return value.isScalar ? owner.attempt { try demand(kind, value) } : comparison(kind, value)
        }
    }

    private func demand(_ kind: ScannedThing.Kind, _ reader: YAMLReader) throws -> Contract.ScanDemand {
        guard try reader.text() == "required" else {
            throw reader.failure("a scan is required, or {equals: a step}, or {contained-in: a step}")
        }
        return Contract.ScanDemand(kind: kind, relation: nil, steps: [])
    }

    private func comparison(_ kind: ScannedThing.Kind, _ reader: YAMLReader) -> Contract.ScanDemand? {
        let known = Contract.ScanDemand.Relation.allCases
        let keys = owner.mapping(reader, known: Set(known.map(\.rawValue)))
        guard keys.count == 1, let relation = known.first(where: { keys[$0.rawValue] != nil }),
            let steps = keys[relation.rawValue].map(others), !steps.isEmpty
        else {
            owner.report(reader.failure("a scan is compared once: {equals: a step} or {contained-in: a step}"))
            return nil
        }
        return Contract.ScanDemand(kind: kind, relation: relation, steps: steps)
    }

    // MARK: What does not go together

    private func check(_ step: WrittenStep) {
        let reasons = [unfitToResolve(step), unfitToApprove(step)].compactMap { $0 }
        for reason in reasons { owner.report(reader.failure("step \(name) \(reason)")) }
    }

    /// What a step lacks that is to close disputes, as a part of a sentence; nil if it lacks nothing.
    private func unfitToResolve(_ step: WrittenStep) -> String? {
        guard step.resolves else { return nil }
        if !step.repeats { return "resolves, and so must be one that repeats: an order may be disputed again" }
        if step.opens { return "resolves, and so cannot open an order" }
        guard step.requires.contains(Contract.standsFact), let stands = step.fact(Contract.standsFact),
            stands.visibility == .public
        else { return "resolves, and so requires the public fact '\(Contract.standsFact)': the head that stands" }
        return nil
    }

    private func unfitToApprove(_ step: WrittenStep) -> String? {
        guard step.approvals != nil else { return nil }
        if step.opens { return "asks for approvals, and so cannot open an order" }
        return step.repeats ? "asks for approvals, and so cannot repeat" : nil
    }
}
