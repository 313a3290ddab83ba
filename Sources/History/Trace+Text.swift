extension Trace {
    /// For a terminal.
    public var text: String {
        var lines = ["order     \(order)"]
        if let contract { lines.append("contract  \(contract)") }
        if let number { lines.append("number    \(number.onOneLine)") }
        if let holder { lines.append("held by   \(holder.text)") }
        lines.append("")
        for step in steps {
            lines.append(
                "\(step.step.padded(21)) \(step.recordedAt.padded(24)) \(step.organisation.padded(13)) "
                    + "\("\(step.origin):\(step.index)".padded(22)) \(step.standing)")
            if !step.facts.isEmpty {
                lines.append(
                    "    "
                        + step.facts.sorted { $0.key < $1.key }.map { "\($0.key.onOneLine)=\($0.value.onOneLine)" }
                        .joined(separator: "  "))
            }
            for subject in step.subjects { lines.append("    \(subject.onOneLine)") }
            if let station = step.station { lines.append("    at the station \(station.onOneLine)") }
            if let rule = step.rule { lines.append("    by the rule \(rule)") }
            if let person = step.signer { lines.append("    \(person)") }
        }
        for journey in journeys where journey.order != order || !journey.excursions.isEmpty {
            lines.append(
                "\njourney   \(journey.order): \(journey.windows) windows, \(journey.excursions.count) excursions")
            lines += journey.excursions.map { "    \($0.text)" }
        }
        lines += units.map { "\nunit      \($0.text)" }
        if !upstream.isEmpty { lines.append("\nrelies on") }
        lines += upstream.map { "    \($0.text)" }
        if !downstream.isEmpty { lines.append("\nrelied on by") }
        lines += downstream.map { "    \($0.text)" }
        if heads.count > 1 { lines += forkLines }
        lines += waiting.map { "waiting: \($0)" }
        lines += fetchedLines
        if !erasures.isEmpty { lines.append("") }
        lines += erasures.map { "erasure   \($0.text)" }
        return lines.joined(separator: "\n")
    }

    private var forkLines: [String] {
        let state = disputed.map { "disputed: \($0)" } ?? "the next update joins them"
        return ["\nfork      \(heads.count) heads, \(state)"]
            + branches.map { branch in
                "    \(branch.head.prefix(12))  \(branch.origin.padded(20)) \(branch.steps.joined(separator: ", "))"
                    + (branch.dropped ? "  (dropped)" : "")
            }
            + (disputed == nil ? [] : ["    to close it: custody resolve \(order) --stands HEAD"])
    }
}

extension Trace.Step {
    var signer: String? {
        guard let person = `operator` else { return nil }
        return SignerText.of(person, isSigned: operatorSigned)
    }

    var standing: String {
        if case let rejected = verdict, rejected != "accepted" { return "REJECTED: \(rejected)" }
        if let frozen { return "log frozen: \(frozen)" }
        let marks = (dropped ? ["dropped"] : []) + (revoked ? ["its log is revoked"] : [])
        let stamped = (timeStamp.map { [$0] } ?? []).map {
            "time-stamped by \($0.shortAuthority): existed before \($0.existedBefore)"
        }
        return ([confirmation] + stamped + marks + clockMarks).joined(separator: ", ")
    }

    private var confirmation: String {
        let mirrored = "\(cosigners.count) of \(members) cosigners"
        guard confirmed else { return cosigners.isEmpty ? "recorded" : "recorded, mirrored (\(mirrored))" }
        return "confirmed (\(mirrored)" + (confirmedAfter.map { ", after \(Self.span($0))" } ?? "") + ")"
    }

    private var clockMarks: [String] {
        clockAhead.sorted { $0.key < $1.key }.map { "clock \(Self.span($0.value)) ahead of \($0.key)" }
    }

    private static func span(_ seconds: Double) -> String {
        switch seconds {
        case ..<120: "\((seconds * 100).rounded() / 100) s"
        case ..<7_200: "\(Int(seconds / 60)) min"
        default: "\(Int(seconds / 3_600)) h"
        }
    }
}
