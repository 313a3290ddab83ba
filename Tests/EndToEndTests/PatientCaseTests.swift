import Foundation
import Testing

/// A patient's need becomes the order of a device, and nobody else can tell whose it is.
@Suite(.timeLimit(.minutes(1))) struct PatientCaseTests {
    private let site: TestSite

    init() throws {
        site = try TestSite(
            ["hospital", "manufacturer", "supplier", "regulator"], contracts: ["patient-case", "custom-device"])
    }

    private func secret(_ name: String, _ value: String) throws -> [String] {
        let file = "\(site.folder)/\(name)"
        try value.write(toFile: file, atomically: true, encoding: .utf8)
        return ["--private-fact", "\(name)=@\(file)"]
    }

    private func hospital(_ arguments: [String]) throws -> [String] {
        try site.custody(arguments + ["--state", site.state])
    }

    @Test func aCaseOpensTheOrderAndKeepsTheLinkPrivate() throws {
        let opened = try hospital(
            ["order", "open", "--contract", "patient-case"] + (try secret("patient", "Ada L."))
                + (try secret("need", "a hip")))
        let patientCase = try #require(opened.first)
        // Without the patient's consent nothing is ordered for them.
        let early = try site.run(
            ["case", "order", patientCase, "--product", "hip", "--state", site.state])
        #expect(early.errors.contains("[step-out-of-order]"), "\(early.errors)")
        let left = try #require(try hospital(["orders"]).first?.split(separator: " ").first)
        let digest = String(repeating: "ab", count: 32)
        _ = try hospital(["record", patientCase, "consent.given"] + (try secret("consent", digest)))
        let done = try hospital(
            [
                "case", "order", patientCase, "--product", "hip", "--order", String(left), "--base",
                "https://hospital.example",
            ])
        #expect(done.count == 2 && done[0] == left)
        #expect(done[1].hasPrefix("https://hospital.example/orders/\(left)#"))
        #expect(done[1].split(separator: "#").last?.count == 43)
        let shown = try hospital(["trace", patientCase, "--json"]).joined()
        #expect(!shown.contains(left) && !shown.contains("hospital.example") && !shown.contains("Ada"))
        #expect(try hospital(["reveal", patientCase, "link"]).contains { $0.contains(done[1]) })
        let wrong = try site.run([
            "case", "order", String(left), "--product", "hip", "--state", site.state,
        ])
        #expect(wrong.errors.contains("[order-unknown]"))
    }
}
