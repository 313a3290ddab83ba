import Ledger
import Store

extension Station {
    /// The name of the contract under which units have orders.
    private static let packing = "packing"

    // MARK: Whole units

    /// Records this station's step for everything in a unit. What cannot be recorded does not keep the rest from it.
    /// - Returns: one of the entries.
    /// - Throws: `CustodyError` with code `unit-incomplete` that says what was not recorded.
    func record(_ load: UnitLoad) async throws -> Reference {
        guard !load.things.isEmpty else { throw CustodyError(.scanUnmatched, "nothing is in this unit") }
        let outcomes = await withTaskGroup(of: Result<Reference, any Error>.self) { group in
            for thing in load.things { group.addTask { await self.outcome(of: thing, in: load) } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        var (entries, refusals) = ([Reference](), [CustodyError]())
        for outcome in outcomes {
            switch outcome {
            case .success(let reference): entries.append(reference)
            case .failure(let error as CustodyError): refusals.append(error)
            case .failure(let error): throw error
            }
        }
        if let retried = refusals.first(where: { Self.mayRetry.contains($0.code) }) { throw retried }
        guard let entry = entries.first, refusals.isEmpty else {
            throw CustodyError(
                .unitIncomplete,
                "\(rule.step) was recorded for \(entries.count) of \(load.things.count) in this unit: "
                    + (refusals.first?.message ?? ""),
                remedy:
                    "look at what is in it: custody contents; what is recorded stays so when the unit is scanned again")
        }
        return entry
    }

    private func outcome(of thing: String, in load: UnitLoad) async -> Result<Reference, any Error> {
        do {
            switch try match(keys: [thing], thing) {
            case .done(let reference): return .success(reference)
            case .next(let order, let step):
                let draft = Draft(
                    order: .existing(order), step: step.name, facts: fixedFacts, subjects: [thing], cites: load.heads,
                    observedAt: instruments.now(), source: Source(.scan, station: rule.name))
                return .success(try await recorder.record(draft).reference)
            case .none(let reason): throw CustodyError(.scanUnmatched, "\(thing): \(reason)")
            case .unit: throw CustodyError(.scanUnmatched, "\(thing): nothing is known of what is in it")
            }
        } catch { return .failure(error) }
    }

    // MARK: Packing

    /// A unit's label begins that unit, and whatever is scanned next goes into it. A unit that holds things, and no units,
    /// goes into one that holds units or nothing yet: a case onto a pallet.
    func pack(_ subject: String) async throws -> Reference {
        if UnitContents.isUnit(subject), try !goesIntoUnit(subject) { return try await begin(subject) }
        guard let unit else {
            throw CustodyError(
                .unitUnknown, "no unit is open at this station", remedy: "scan the SSCC of the case or pallet first")
        }
        let (load, holder) = try read { (try UnitLoad(of: unit, $0, $1), try UnitLoad.holding(subject, $0, $1)) }
        if let load, load.contents.holds(subject) {
            return load.contents.stays.last { $0.subject == subject && $0.until == nil }?.packed ?? load.heads[0]
        }
        if let holder {
            throw CustodyError(
                .unitConflict, "this is in another unit still: \(holder.contents.unit ?? holder.order)",
                remedy: "take it out there first: scan it at a station that records \(UnitContents.unpacking)")
        }
        guard let load else { throw CustodyError(.unitUnknown, "the ledger does not know the unit that is open here") }
        return try await move(UnitContents.packing, [unit, subject], of: .existing(load.order))
    }

    /// Whether a unit is packed into the one that is open, and does not begin one itself.
    private func goesIntoUnit(_ subject: String) throws -> Bool {
        guard let unit, unit != subject else { return false }
        return try read { snapshot, rulebook in
            guard let inner = try UnitLoad(of: subject, snapshot, rulebook)?.contents.items, !inner.isEmpty,
                !inner.contains(where: UnitContents.isUnit), let outer = try UnitLoad(of: unit, snapshot, rulebook)
            else { return false }
            return outer.contents.items.allSatisfy(UnitContents.isUnit)
        }
    }

    private func begin(_ subject: String) async throws -> Reference {
        let known = try read { try UnitLoad(of: subject, $0, $1) }
        unit = subject
        if let known { return known.heads[0] }
        return try await move(UnitContents.beginning, [subject], of: .open(contract: Self.packing))
    }

    /// A unit's label empties it; anything else is taken out of the unit in which it is.
    func unpack(_ subject: String) async throws -> Reference {
        let (own, holder) = try read { (try UnitLoad(of: subject, $0, $1), try UnitLoad.holding(subject, $0, $1)) }
        if let own, !own.contents.items.isEmpty {
            return try await move(UnitContents.unpacking, [subject], of: .existing(own.order))
        }
        if let holder, let unit = holder.contents.unit {
            return try await move(UnitContents.unpacking, [unit, subject], of: .existing(holder.order))
        }
        // A source that saw no receipt delivers again.
        let done = try read { snapshot, rulebook in
            for order in try snapshot.orders(keyed: subject) {
                let thread = try snapshot.thread(of: order, rulebook: rulebook)
                if let done = recorded(subject, in: thread) { return done as Reference? }
            }
            return nil
        }
        if let done { return done }
        throw CustodyError(.scanUnmatched, "this is in no unit that the ledger knows")
    }

    private func move(_ step: String, _ subjects: [String], of order: Draft.Order) async throws -> Reference {
        try await recorder.record(
            Draft(
                order: order, step: step, facts: fixedFacts, subjects: subjects, observedAt: instruments.now(),
                source: Source(.scan, station: rule.name))
        ).reference
    }

    private func read<Value>(_ body: (LedgerSnapshot, Rulebook) throws -> Value) throws -> Value {
        let rulebook = ledger.rulebook
        return try ledger.read { try body($0, rulebook) }
    }
}

extension CustodyError.Code {
    public static let unitIncomplete: Self = "unit-incomplete"
    public static let unitUnknown: Self = "unit-unknown"
    public static let unitConflict: Self = "unit-conflict"
}
