import Foundation
import Ledger

/// A draft of the two forms in which an adverse event goes to authorities: FDA form 3500A (MedWatch, mandatory reporting; 21 CFR
/// 803) and the EU's Manufacturer Incident Report (MDR article 87, MIR form 7). What the ledger does not know stays empty, and is
/// named among what is missing; people complete it, and answer for it.
public struct AdverseDraft: Encodable, Sendable {
    public static let version = 1

    /// One code, with the list that it is of.
    public struct Code: Encodable, Sendable, Hashable {
        public let code: String
        public let list: String
    }

    /// Sections A to H of FDA form 3500A, blocks as the form numbers them.
    public struct FDA3500A: Encodable, Sendable {
        public let patient: [String: String]
        public let event: [String: String]
        public let device: [String: String]
        public let initialReporter: [String: String]
        public let userFacility: [String: String]
        public let manufacturer: [String: String]
        public let deviceManufacturer: [String: String]
        public let codes: [Code]

        private enum CodingKeys: String, CodingKey {
            case patient = "A-patient"
            case event = "B-event"
            case device = "D-device"
            case initialReporter = "E-initial-reporter"
            case userFacility = "F-user-facility"
            case manufacturer = "G-manufacturers"
            case deviceManufacturer = "H-device-manufacturers"
            case codes = "H6-codes"
        }
    }

    /// Sections 1 to 4 of the MIR.
    public struct MIR: Encodable, Sendable {
        public let administrative: [String: String]
        public let device: [String: String]
        public let fromUsers: [String: String]
        public let userCodes: [Code]
        public let analysis: [String: String]
        public let analysisCodes: [Code]

        private enum CodingKeys: String, CodingKey {
            case administrative = "1-administrative"
            case device = "2-device"
            case fromUsers = "3-from-users"
            case userCodes = "3-codes"
            case analysis = "4-analysis"
            case analysisCodes = "4-codes"
        }
    }

    public let format = "custody-adverse-draft"
    public let version = Self.version
    public let event: String
    public let madeAt: String
    public let fda3500A: FDA3500A
    public let mir: MIR
    /// Blocks that nobody has filled and the forms ask for.
    public let missing: [String]
    /// Links that touched the device, each with the entry that proves it.
    public let links: [AdverseCase.Link]

    private enum CodingKeys: String, CodingKey {
        case format, version, event, madeAt, fda3500A = "fda-3500A", mir, missing, links
    }

    /// - Parameters:
    ///   - secret: values of private facts that this gateway may read and whoever makes the draft wants in it, by name.
    ///   - now: UTC microseconds.
    public init(of event: AdverseCase, secret: [String: String], now: Int64) {
        let known = Known(event, secret)
        self.event = event.event
        madeAt = UTCText.of(now)
        links = event.links
        fda3500A = known.fda3500A(today: String(madeAt.prefix(10)))
        mir = known.mir(today: String(madeAt.prefix(10)))
        missing = known.missing
    }
}

/// What the ledger knows, by what forms ask for.
private struct Known {
    private let event: AdverseCase
    private let secret: [String: String]
    private let device: [String: String]

    init(_ event: AdverseCase, _ secret: [String: String]) {
        self.event = event
        self.secret = secret
        device = event.device?.deviceFacts ?? [:]
    }

    private func fact(_ name: String) -> String? {
        if let value = secret[name] { return value }
        let values = event.proceedings.compactMap { $0.facts[name] }.filter { $0 != "(private)" && $0 != "(erased)" }
        return values.last
    }

    private func codes(_ facts: [(String, IMDRFCode.Annex)]) -> [AdverseDraft.Code] {
        facts.compactMap { name, annex in
            fact(name).flatMap { IMDRFCode($0, annex: annex) }.map {
                AdverseDraft.Code(code: $0.text, list: annex.title)
            }
        }
    }

    private static let users: [(String, IMDRFCode.Annex)] = [
        ("problem", .deviceProblem), ("clinical-sign", .clinicalSign), ("health-effect", .healthImpact),
    ]
    private static let makers: [(String, IMDRFCode.Annex)] = [
        ("component", .component), ("investigation", .investigationType), ("finding", .investigationFinding),
        ("conclusion", .investigationConclusion),
    ]

    private func block(_ values: [String: String?]) -> [String: String] { values.compactMapValues { $0 } }

    private var link: String? { fact("device") ?? device["device"] }

    func fda3500A(today: String) -> AdverseDraft.FDA3500A {
        let outcome = ["death.reported": "Death", "serious.reported": "Life-threatening or serious injury"][
            event.report]
        let kind = [
            "death.reported": "Death", "serious.reported": "Serious injury",
            "threat.reported": "Other: public health threat",
            "incident.reported": "Malfunction",
        ][event.report]
        let maker = event.links.first { $0.role == Role.manufacturer.rawValue }?.organisation
        let isFacility = event.proceedings.first?.role == Role.hospital.rawValue
        return AdverseDraft.FDA3500A(
            patient: block(["A1 patient identifier": secret["patient"]]),
            event: block([
                "B1 adverse event or product problem": "adverse event and product problem", "B2 outcome": outcome,
                "B3 date of event": fact("occurred-on"), "B4 date of this report": today,
                "B5 narrative": fact("narrative"),
            ]),
            device: block([
                "D3 manufacturer": maker, "D4 UDI": link, "D4 lot": fact("lot") ?? device["lot"],
                "D4 serial": device["serial"],
                "D4 expiration date": device["expiry"], "D6 implanted": device["implanted"],
                "D9 device available": event.device?.holder.map { "held by \($0.text)" },
            ]),
            initialReporter: block(["E1 reporter": secret["reporter"]]),
            userFacility: isFacility
                ? block([
                    "F2 report number": event.event, "F6 date aware": String(event.reportedAt.prefix(10)),
                    "F7 type": "Initial",
                    "F13 sent to manufacturer": time(of: "manufacturer.notified"),
                ]) : [:],
            manufacturer: block([
                "G3 date received": time(of: "manufacturer.notified") ?? time(of: event.report), "G7 type": "Initial",
            ]),
            deviceManufacturer: block([
                "H1 type of reportable event": kind, "H4 manufacture date": device["made"],
                "H10 additional manufacturer narrative": fact("cause"),
            ]),
            codes: codes(Self.users + Self.makers))
    }

    func mir(today: String) -> AdverseDraft.MIR {
        let classification = [
            "threat.reported": "Serious public health threat", "death.reported": "Death",
            "serious.reported": "Unanticipated serious deterioration in state of health",
            "incident.reported": "All other reportable incidents",
        ][event.report]
        let isClosed = event.proceedings.contains { $0.step == "investigation.closed" }
        return AdverseDraft.MIR(
            administrative: block([
                "1.2 report date": today, "1.2 incident date": fact("occurred-on"),
                "1.2 manufacturer awareness date": time(of: "manufacturer.notified"),
                "1.2 type of report": isClosed ? "Final (Reportable incident)" : "Initial",
                "1.2 classification": classification, "1.2 due": event.clocks.first?.due,
            ]),
            device: block([
                "2.1 UDI": link, "2.3 lot": fact("lot") ?? device["lot"], "2.3 serial": device["serial"],
                "2.3 manufacturing date": device["made"], "2.3 expiry date": device["expiry"],
                "2.3 implant date": device["implanted"], "2.4 current location": event.device?.holder?.text,
            ]),
            fromUsers: block([
                "3.1 description": fact("narrative"), "3.3 patient": secret["patient"],
                "3.4 initial reporter": secret["reporter"], "3.4 role": event.proceedings.first?.role,
            ]),
            userCodes: codes(Self.users),
            analysis: block([
                "4.2 cause": fact("cause"), "4.2 responsible": fact("responsible"),
                "4.3 similar incidents share": similar,
            ]), analysisCodes: codes(Self.makers))
    }

    private var similar: String? {
        let groups = event.shared.map { "\($0.what) (\($0.orders.count) orders)" }
        return groups.isEmpty ? nil : groups.joined(separator: "; ")
    }

    private func time(of step: String) -> String? {
        event.proceedings.first { $0.step == step }.map { String($0.at.prefix(10)) }
    }

    var missing: [String] {
        let asked: [(String, Bool)] = [
            ("fda-3500A A1, mir 3.3: the patient, in confidence", secret["patient"] != nil),
            ("fda-3500A B3, mir 1.2: the date of the event", fact("occurred-on") != nil),
            ("fda-3500A B5, mir 3.1: what happened", fact("narrative") != nil),
            ("fda-3500A D4, mir 2.1: the UDI", link != nil),
            ("fda-3500A E1, mir 3.4: the initial reporter", secret["reporter"] != nil),
            ("fda-3500A H6, mir 3.2: a code of the device's problem", !codes([Self.users[0]]).isEmpty),
            ("fda-3500A H6, mir 4.2: the investigation's conclusion", !codes([Self.makers[3]]).isEmpty),
        ]
        return asked.filter { !$1 }.map(\.0)
    }
}

extension Trace {
    /// What forms ask of a device: `device`, `lot`, `serial`, `expiry`, `made`, `implanted`, where its order says so.
    fileprivate var deviceFacts: [String: String] {
        var found: [String: String] = [:]
        for step in steps where step.verdict == "accepted" && !step.dropped {
            for name in ["lot", "serial", "expiry"] where step.facts[name] != nil && step.step != "materials.recorded" {
                found[name] = step.facts[name]
            }
            if let subject = step.subjects.first(where: { !UnitContents.isUnit($0) }) { found["device"] = subject }
            if ["production.completed", "released"].contains(step.step) {
                found["made"] = String(step.recordedAt.prefix(10))
            }
            if ["installed", "device.fitted", "used"].contains(step.step) {
                found["implanted"] = String((step.observedAt ?? step.recordedAt).prefix(10))
            }
        }
        return found
    }
}
