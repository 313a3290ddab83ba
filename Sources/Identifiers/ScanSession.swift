/// Joins the several symbols of one package that a station scans within a short time into one identifier.
///
/// A value: the same scans and times give the same outcomes, and nothing happens on its own. Times are milliseconds of
/// any clock that does not jump. Rules:
///
/// - An identifier that needs nothing more and tells one thing from the next (a serial number, a lot, an SSCC ...)
///   completes at once, together with what is held and belongs to it.
/// - A part waits until the window has passed since the first symbol of its package: one with `missing`, one that names
///   nothing, and one that names a product and not which one, because the rest often stands in a second symbol.
/// - What completed is remembered until its window has passed: the same symbol again says nothing new, and a late part
///   makes it `extended`.
/// - Two identifiers that name different things are two packages. What could belong to either, and what says
///   something else than the symbol it would belong to, is a contradiction: reported, never guessed.
///
/// So the order in which the symbols of one package are scanned does not matter: what is last said about it is the same.
public struct ScanSession: Sendable {
    /// What a station hears about a package. `parts` are the symbols that it was made of.
    public enum Outcome: Hashable, Sendable {
        /// Everything that the package needs has been scanned, or nothing more came for what may stand alone.
        case complete(Identifier, parts: [Identifier])

        /// One more symbol of a package that was complete already, within its window: it replaces what was said.
        case extended(Identifier, parts: [Identifier])

        /// The window has passed, and what `missing` of the identifier names has not been scanned.
        case incomplete(Identifier, parts: [Identifier])

        /// These symbols cannot all stand on one package. Scan one package again, alone.
        case contradiction(IdentifierError, parts: [Identifier])
    }

    /// Packages that are looked at together; with one more, the oldest is taken to be over.
    public static let packagesMax = 64

    /// Symbols of one package.
    public static let partsMax = 16

    fileprivate enum State: Sendable {
        case waiting
        case complete
        case contradicted
    }

    fileprivate struct Package: Sendable {
        var parts: [Identifier]
        var merged: Identifier
        var state: State
        let since: Int64
    }

    fileprivate enum Relation {
        case unrelated
        case fits(Identifier)
        case contradicts(IdentifierError)
    }

    private let window: Int64
    private var packages: [Package] = []

    /// `window` is how many milliseconds after its first symbol a package is waited for; with 0 nothing waits.
    public init(window: Int64) {
        self.window = max(0, window)
    }

    /// When `expire` has something to say next, unless another scan comes before; nil while nothing waits.
    public var deadline: Int64? {
        packages.filter { $0.state == .waiting }.map(end).min()
    }

    /// What was last said of the package to which a symbol belongs; nil while the package waits, or where no such symbol
    /// was scanned within the window.
    public func outcome(of identifier: Identifier) -> Outcome? {
        guard let package = packages.first(where: { $0.knows(identifier) }) else { return nil }
        switch package.state {
        case .waiting: return nil
        case .complete: return .complete(package.merged, parts: package.parts)
        case .contradicted: return .contradiction(.stillInDoubt, parts: package.parts)
        }
    }

    /// Takes what one scan meant. `year` is the current year, for the century of dates.
    public mutating func add(_ identifier: Identifier, at milliseconds: Int64, year: Int) -> [Outcome] {
        var outcomes = expire(at: milliseconds)
        if !packages.contains(where: { $0.knows(identifier) }) {
            if let outcome = take(identifier, at: milliseconds, year: year) { outcomes.append(outcome) }
            while packages.count > ScanSession.packagesMax {
                if let outcome = outcome(of: packages.removeFirst()) { outcomes.append(outcome) }
            }
        }
        return window == 0 ? outcomes + expire(at: milliseconds) : outcomes
    }

    /// Says what became of the packages whose window has passed, the oldest first.
    public mutating func expire(at milliseconds: Int64) -> [Outcome] {
        let over = packages.filter { end(of: $0) <= milliseconds }
        guard !over.isEmpty else { return [] }
        packages = packages.filter { end(of: $0) > milliseconds }
        return over.compactMap(outcome)
    }

    private func end(of package: Package) -> Int64 {
        let (end, overflow) = package.since.addingReportingOverflow(window)
        return overflow ? .max : end
    }

    private func outcome(of package: Package) -> Outcome? {
        guard package.state == .waiting else { return nil }
        return package.merged.missing.isEmpty
            ? .complete(package.merged, parts: package.parts)
            : .incomplete(package.merged, parts: package.parts)
    }

    // MARK: Taking a scan

    private mutating func take(_ identifier: Identifier, at milliseconds: Int64, year: Int) -> Outcome? {
        let relations = packages.map { $0.relation(to: identifier, year: year) }
        var fitting: [Int] = []
        var contradicting: [Int] = []
        var doubt: IdentifierError?
        for (index, relation) in relations.enumerated() {
            switch relation {
            case .unrelated: break
            case .fits: fitting.append(index)
            case .contradicts(let error) where error.code == .linkCharacterWrong && fits(in: relations): break
            case .contradicts(let error):
                contradicting.append(index)
                doubt = doubt ?? error
            }
        }
        if fitting.count > 1, !areOne(fitting) { doubt = doubt ?? .ambiguous }
        if let doubt {
            return contradict(identifier, fitting + contradicting, doubt, at: milliseconds)
        }
        return join(identifier, fitting, at: milliseconds, year: year)
    }

    /// A link character that leads to one product says by itself that the others are other packages.
    private func fits(in relations: [Relation]) -> Bool {
        relations.contains { if case .fits = $0 { true } else { false } }
    }

    /// Several packages that fit are one where at most one of them names a thing.
    private func areOne(_ indices: [Int]) -> Bool {
        indices.filter { packages[$0].merged.thing != nil }.count <= 1
    }

    private mutating func join(
        _ identifier: Identifier, _ indices: [Int], at milliseconds: Int64, year: Int
    ) -> Outcome? {
        let joined = indices.map { packages[$0] }
        let parts = joined.flatMap(\.parts) + [identifier]
        let merged: Identifier
        do throws(IdentifierError) {
            merged = try Identifier.merged(parts, year: year)
        } catch {
            return contradict(identifier, indices, error, at: milliseconds)
        }
        let wasComplete = joined.contains { $0.state == .complete }
        let isComplete = wasComplete || merged.isWhole
        replace(
            indices,
            with: Package(
                parts: parts, merged: merged, state: isComplete ? .complete : .waiting,
                since: joined.map(\.since).min() ?? milliseconds))
        guard isComplete else { return nil }
        return wasComplete ? .extended(merged, parts: parts) : .complete(merged, parts: parts)
    }

    private mutating func contradict(
        _ identifier: Identifier, _ indices: [Int], _ error: IdentifierError, at milliseconds: Int64
    ) -> Outcome {
        let joined = indices.map { packages[$0] }
        let parts = Array((joined.flatMap(\.parts) + [identifier]).suffix(ScanSession.partsMax))
        replace(
            indices,
            with: Package(
                parts: parts, merged: identifier, state: .contradicted,
                since: joined.map(\.since).min() ?? milliseconds))
        return .contradiction(error, parts: parts)
    }

    private mutating func replace(_ indices: [Int], with package: Package) {
        for index in indices.sorted(by: >) { packages.remove(at: index) }
        packages.append(package)
        packages.sort { $0.since < $1.since }
    }
}

extension ScanSession.Package {
    /// The same symbol again, or one that says no more than what is known of a package.
    fileprivate func knows(_ identifier: Identifier) -> Bool {
        if parts.contains(identifier) { return true }
        guard state != .contradicted, identifier.scheme == merged.scheme else { return false }
        return identifier.elements.allSatisfy { element in
            switch element.ai {
            case HIBCField.check.ai: true
            case HIBCField.link.ai: HIBC.primaryCheck(of: merged) == element.value
            default: merged.value(of: element.ai) == element.value
            }
        }
    }

    fileprivate func relation(to identifier: Identifier, year: Int) -> ScanSession.Relation {
        guard identifier.scheme == merged.scheme else { return .unrelated }
        if state == .contradicted { return contradictedRelation(to: identifier) }
        if let ours = merged.thing, let theirs = identifier.thing, ours != theirs {
            return otherThing(identifier, year: year)
        }
        if merged.thing == nil, identifier.thing == nil,
            merged.value(of: HIBCField.link.ai) != identifier.value(of: HIBCField.link.ai)
        {
            return .unrelated
        }
        guard parts.count < ScanSession.partsMax else { return .contradicts(.tooManyParts) }
        return together(with: identifier, year: year)
    }

    /// Two wholes of one product that do not agree are two packages, unless they claim to be the same thing.
    private func together(with identifier: Identifier, year: Int) -> ScanSession.Relation {
        do throws(IdentifierError) {
            return .fits(try Identifier.merged(parts + [identifier], year: year))
        } catch {
            let areTwo = merged.isWhole && identifier.isWhole && merged.subject != identifier.subject
            return areTwo ? otherThing(identifier, year: year) : .contradicts(error)
        }
    }

    /// A lone part that was joined to one thing and could as well belong to this other one is in doubt after all.
    private func otherThing(_ identifier: Identifier, year: Int) -> ScanSession.Relation {
        for part in parts where part.thing == nil {
            if (try? Identifier.merged([part, identifier], year: year)) != nil { return .contradicts(.ambiguous) }
        }
        return .unrelated
    }

    /// Until its window has passed, a package in doubt swallows every part that is not a whole by itself.
    private func contradictedRelation(to identifier: Identifier) -> ScanSession.Relation {
        if identifier.isWhole, !parts.contains(where: { $0.thing == identifier.thing }) { return .unrelated }
        return .contradicts(.stillInDoubt)
    }
}

extension IdentifierError {
    fileprivate static let ambiguous = IdentifierError(
        .partAmbiguous, "A symbol could belong to either of two packages: scan one package at a time.")

    fileprivate static let stillInDoubt = IdentifierError(
        .partAmbiguous, "The scans before contradict each other: wait a moment, then scan one package at a time.")

    fileprivate static let tooManyParts = IdentifierError(
        .tooLong, "A package has at most \(ScanSession.partsMax) symbols.")
}

extension IdentifierError.Code {
    /// A symbol that could belong to more than one package.
    public static let partAmbiguous = Self(rawValue: "part-ambiguous")

    /// Two symbols of one package say different things.
    public static let partsDiffer = Self(rawValue: "parts-differ")
}
