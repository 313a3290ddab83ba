import ArgumentParser
import Gateway
import History
import Identifiers
import Ledger

/// `custody epc`: between what an RFID tag holds, EPC URIs, GS1 elements and Digital Links.
struct EPCCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "epc", abstract: "Translate between RFID tags, EPC URIs and GS1 elements.",
        subcommands: [Decode.self, Encode.self])

    /// One EPC in all its forms; those that it has not are left out.
    struct Forms: Encodable {
        var coding: String?
        var filter: Int?
        var hex: String?
        var tagURI: String?
        var pureIdentity: String?
        var elements: String?
        var digitalLink: String?

        init(_ tag: EPCTag, pureIdentity epc: EPC?) {
            coding = tag.coding.rawValue
            filter = tag.filter
            hex = tag.hex()
            tagURI = tag.uri
            pureIdentity = epc?.uri
            elements = Self.bracketed(tag.elements + tag.data)
            digitalLink = tag.digitalLink
        }

        init(_ epc: EPC) {
            pureIdentity = epc.uri
            elements = Self.bracketed(epc.elements)
            digitalLink = epc.digitalLink
        }

        private static func bracketed(_ elements: [Identifier.Element]) -> String? {
            elements.isEmpty ? nil : elements.map { "(\($0.ai))\($0.value)" }.joined()
        }

        var text: String {
            [
                ("coding", coding), ("filter", filter.map(String.init)), ("hex", hex), ("tag URI", tagURI),
                ("pure identity", pureIdentity), ("elements", elements), ("Digital Link", digitalLink),
            ].compactMap { name, value in value.map { "\(name.padded(14)) \($0)" } }.joined(separator: "\n")
        }
    }

    struct Decode: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Say what a tag's hexadecimal or an EPC URI means.")

        @Argument(help: "Hexadecimal, urn:epc:tag:... or urn:epc:id:...")
        var epc: String
        @Option(help: "Digits of the company prefix, where a tag of TDS 2 shall have a pure identity URI.")
        var prefixLength: Int?
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let forms: Forms
            do throws(IdentifierError) { forms = try self.forms() } catch { throw CustodyError(error) }
            try output.print(forms, text: forms.text)
        }

        private func forms() throws(IdentifierError) -> Forms {
            if epc.lowercased().hasPrefix("urn:epc:id:") || epc.lowercased().hasPrefix("urn:epc:class:") {
                return Forms(try EPC(uri: epc))
            }
            let tag = epc.lowercased().hasPrefix("urn:") ? try EPCTag(uri: epc) : try EPCTag(hex: epc)
            guard tag.epc == nil, let prefixLength else { return Forms(tag, pureIdentity: tag.epc) }
            return Forms(tag, pureIdentity: try tag.epc(companyPrefixLength: prefixLength))
        }
    }

    struct Encode: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say what to write to a tag.",
            discussion: "Codings of TDS 2, such as sgtin+, need no company prefix length.")

        @Argument(help: "A GS1 element string, a Digital Link or urn:epc:id:...")
        var data: String
        @Option(help: "How the tag holds it, such as sgtin-96, sgtin-198, sscc-96 or sgtin+.")
        var coding: String
        @Option(help: "Digits of the company prefix, which GS1 elements do not tell.")
        var prefixLength: Int?
        @Option(help: "The filter value, 0 to 7.")
        var filter: Int = 0
        @OptionGroup var output: OutputOptions

        func run() async throws {
            guard let coding = EPCTag.Coding(rawValue: coding.lowercased()) else {
                let known = EPCTag.Coding.allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("'\(coding)' is no coding of a tag; known are: \(known)")
            }
            let tag: EPCTag
            do throws(IdentifierError) { tag = try self.tag(coding) } catch { throw CustodyError(error) }
            let forms = Forms(tag, pureIdentity: tag.epc)
            try output.print(forms, text: forms.text)
        }

        private func tag(_ coding: EPCTag.Coding) throws(IdentifierError) -> EPCTag {
            if data.lowercased().hasPrefix("urn:") { return try EPC(uri: data).tag(coding, filter: filter) }
            let year = CalendarYear.present
            let elements = try identify(Scan(bytes: Array(data.utf8)), year: year).elements
            guard let prefixLength else { return try EPCTag(elements: elements, coding: coding, filter: filter) }
            return try EPC(elements: elements, companyPrefixLength: prefixLength).tag(coding, filter: filter)
        }
    }
}
