import Capture
import Foundation
import Identifiers
import Labels
import Ledger
import TimeStamps

/// The parsers with sound inputs, made by Custody itself.
enum Corpus {
    static func parsers() throws -> [Parser] {
        let log = try SampleLog()
        let decoder = try ImageDecoder()
        let logKey = try WitnessPolicy(text: log.policy).logs[0].key
        let evidence = ForkEvidence(
            first: log.head, second: log.head, root: log.proofs[0].hashes[0], proof: log.proofs[0].hashes)
        let broken = LogEvidence.brokenEntry(
            BrokenEntry(
                head: log.head, index: 1, root: log.proofs[0].hashes[0], consistency: log.proofs[0].hashes,
                before: BrokenEntry.Before(leaf: log.proofs[0].hashes[0], inclusion: []), entry: log.entries[1].bytes,
                inclusion: log.proofs[0].hashes))
        return [
            Parser(name: "entry", samples: log.entries.map(\.bytes), accepts: entry),
            Parser(name: "note", samples: texts([log.head.encoded, log.document.encoded])) { bytes in
                refused { _ = try SignedNote(bytes: bytes) }
            },
            Parser(name: "checkpoint", samples: texts([log.head.text])) { bytes in
                refused { _ = try Checkpoint(text: String(decoding: bytes, as: UTF8.self)) }
            },
            Parser(name: "policy", samples: texts([log.policy])) { bytes in
                refused { _ = try WitnessPolicy(bytes: bytes) }
            },
            Parser(name: "proof", samples: texts(log.proofs.map(\.encoded))) { bytes in
                refused { _ = try TransparencyProof(bytes: bytes) }
            },
            Parser(name: "evidence", samples: texts([evidence.encoded, broken.encoded])) { bytes in
                refused { _ = try LogEvidence(bytes: bytes).convicts(logKey) }
            },
            Parser(name: "bundle", samples: [try log.bundle.encoded()]) { bytes in
                refused { _ = try ProofBundle(bytes: bytes).check(policyText: log.policy) }
            },
            Parser(name: "disclosure", samples: texts([try disclosure.encoded])) { bytes in
                refused { _ = try Disclosure(encoded: String(decoding: bytes, as: UTF8.self)) }
            },
            try sealedDisclosure(),
            Parser(name: "document fact", samples: texts([try document().fact.text])) { bytes in
                DocumentFact(String(decoding: bytes, as: UTF8.self)) != nil
            },
            try documentFile(),
            try timeStamp(), epcis(),
            Parser(name: "contract", samples: texts([SampleLog.contractText, SampleLog.ruledContractText])) { bytes in
                let text = String(decoding: bytes, as: UTF8.self)
                guard let contract = try? Contract(text: text) else {
                    if Contract.problems(in: text, file: "c").isEmpty { throw Broken(promise: "it says what is wrong") }
                    return false
                }
                _ = ContractCheck(contract).findings(file: "c")
                return !ContractDrawing(contract).svg.isEmpty
            },
            Parser(name: "scenarios", samples: texts([SampleLog.scenarios])) { bytes in
                refused {
                    let table = try ContractScenarios(text: String(decoding: bytes, as: UTF8.self), file: "s")
                    _ = try table.play(try Contract(text: SampleLog.ruledContractText))
                }
            },
            Parser(name: "document", samples: texts([log.document.text])) { bytes in
                refused { _ = try ConsortiumDocument(text: String(decoding: bytes, as: UTF8.self)) }
            },
            Parser(name: "tile path", samples: texts(["tile/0/x001/234", "tile/entries/000.p/7"])) { bytes in
                TilePath(String(decoding: bytes, as: UTF8.self)) != nil
            },
            Parser(name: "identifier", samples: texts(labels)) { bytes in
                Identifier.report(for: bytes, year: 2_026).valid
            },
            Parser(name: "tag", samples: texts(tags)) { bytes in
                refused { _ = try EPCTag(hex: String(decoding: bytes, as: UTF8.self)) }
            },
            Parser(name: "tag reads", samples: texts(tagReads)) { bytes in
                refused { _ = try TagReads(bytes, format: .impinj) }
            },
            Parser(name: "ndef", samples: [[0xD1, 1, 12, 0x55, 4] + Array("id.gs1.org/".utf8)]) { bytes in
                refused { _ = try NDEFMessage(bytes) }
            },
            Parser(name: "image", samples: try images()) { bytes in
                try found { try decoder.decode(bytes, plan: .frame) }
            },
            Parser(name: "frame", samples: try frames()) { bytes in try found { try decoder.decode(pgm: bytes) } },
        ] + (try telemetry())
    }

    static func texts(_ texts: [String]) -> [[UInt8]] { texts.map { Array($0.utf8) } }

    private static var disclosure: Disclosure {
        get throws { try Disclosure(name: "patient", value: Array("Ada".utf8), salt: [UInt8](repeating: 7, count: 32)) }
    }

    /// What reaches somebody who may read it.
    private static func sealedDisclosure() throws -> Parser {
        let (disclosure, key) = (try disclosure, PrivateReadingKey.generate())
        let update = Update(
            order: "o", step: "s", parents: [], consortium: .emptyTree, contract: .emptyTree,
            facts: [Fact(name: "patient", value: .commitment(disclosure.commitment))], source: Source(.operator))
        guard let context = SealedDisclosure.Context(of: disclosure.commitment, in: update, from: "a/b") else {
            throw Broken(promise: "an update that commits to a value has a context for it")
        }
        let sealed = try SealedDisclosure(
            disclosure, of: context, for: "c", readingKey: key.readingKey,
            signedBy: try SigningKey.generate(name: "a/b", algorithm: .ed25519))
        return Parser(name: "sealed disclosure", samples: [sealed.sealed]) { bytes in
            refused {
                let sent = try SealedDisclosure(
                    commitment: disclosure.commitment, recipient: "c", sealed: bytes, signature: sealed.signature)
                _ = try sent.open(context, with: key)
            }
        }
    }

    /// A document of two chunks, sealed.
    private static func document() throws -> (fact: DocumentFact, file: [UInt8]) {
        let key = [UInt8](repeating: 7, count: DocumentCipher.keyBytes)
        var sealer = DocumentSealer(key: key)
        var file = sealer.begin()
        file += try sealer.seal([UInt8](repeating: 1, count: DocumentCipher.chunkBytes), isLast: false)
        file += try sealer.seal([1, 2, 3], isLast: true)
        let result = sealer.result()
        let fact = try DocumentFact(
            name: "n", media: "a/b", bytes: result.bytes, document: result.document, file: result.file, key: key)
        return (fact, file)
    }

    /// What any member may have handed in as a document's file.
    private static func documentFile() throws -> Parser {
        let (fact, file) = try document()
        return Parser(name: "document file", samples: [file]) { bytes in
            var opener = DocumentOpener(fact)
            var rest = bytes[...]
            while let wanted = opener.wanted {
                guard (try? opener.open(Array(rest.prefix(wanted)))) != nil else { return false }
                rest = rest.dropFirst(wanted)
            }
            guard bytes.prefix(file.count) == file[...] else { throw Broken(promise: "no other file opens") }
            return true
        }
    }

    /// What an authority's answer is made of, and what of it is stored and passed on.
    private static func timeStamp() throws -> Parser {
        guard let answer = Data(base64Encoded: timeStampAnswer.filter { !$0.isNewline }) else {
            throw Broken(promise: "the kept time stamp is base64")
        }
        let authority = try TimeStampAuthority(certificates: Array(timeAuthority.utf8))
        let imprint = Hash.sha256(Array("hello\n".utf8))
        return Parser(name: "time stamp", samples: [[UInt8](answer)]) { bytes in
            _ = refused { _ = try authority.check(token: bytes, of: imprint) }
            return refused { _ = try authority.check(token: TimeStampQuery.token(inAnswer: bytes), of: imprint) }
        }
    }

    private static func layouts() throws -> [LabelLayout] {
        let label = try DeviceLabel(gtin: "04012345000016", serial: "S1", year: 2_026)
        return try [Labels.Symbology.dataMatrix, .qr, .gs1128].map {
            try LabelLayout(label, in: $0, on: try LabelStock(dotsPerInch: 150))
        }
    }

    /// Labels of ours as files, whose checksums stop most changes.
    private static func images() throws -> [[UInt8]] { try layouts().map(LabelFormat.png.render) }

    /// The same as frames of a camera, where nothing stops a change.
    private static func frames() throws -> [[UInt8]] {
        try layouts().compactMap { layout in
            var pixels = [UInt8](repeating: 255, count: layout.width * layout.height)
            for dark in layout.rectangles {
                for row in dark.y..<(dark.y + dark.height) {
                    for column in dark.x..<(dark.x + dark.width) { pixels[row * layout.width + column] = 0 }
                }
            }
            return LumaFrame(width: layout.width, height: layout.height, pixels: pixels)?.pgm
        }
    }

    /// One look, as a frame gets it: the rounds of a photograph would leave time for few inputs.
    private static func found(_ look: () throws -> [DecodedSymbol]) throws -> Bool {
        do { return try !look().isEmpty } catch is CustodyError { return false }
    }

    private static let tags = [
        "3074257BF7194E4000001A85", "3114257BF4499602D2000000", "F70806141411234588483097B100",
        "36151C0D59D81858D9A340000000000000000000000000000000",
    ]

    private static let tagReads = [
        #"{"timestamp":"2026-11-22T10:00:00Z","eventType":"tagInventory","tagInventoryEvent":{"epcHex":"30"}}"#,
        #"[{"eventType":"tagInventory","tagInventoryEvent":{"epcHex":"3074257BF7194E4000001A85","antennaPort":1}}]"#,
    ]

    private static let labels = [
        "+A123BJC5D6E71G1/$$73C001/S0001/16D20160101/14D20200101Y", "+$$20928053C001/S0001/16D20000101XQ",
        "=/A9999XYZ100T0944=,000025=A99971312345600=>014032=}013032&,1000000000000XYZ123",
        "urn:epc:id:sgtin:0614141.812345.6789", "urn:epc:tag:sscc-96:3.0614141.1234567890",
        "(01)04012345000016(17)270131(10)A1B2C3(21)SN-1", "]d2010401234500001617270131" + "10A1\u{1D}21SN-1",
        "https://id.gs1.org/01/04012345000016/10/A1/21/SN-1?17=270131", "]C100106141412345678908", "4012345000016",
    ]

    /// - Returns: whether `parse` accepts; a refusal is one of ours.
    private static func refused(_ parse: () throws -> Void) -> Bool {
        do {
            try parse()
            return true
        } catch { return false }
    }

    private static func entry(_ bytes: [UInt8]) throws -> Bool {
        guard let entry = try? Entry(bytes: bytes) else { return false }
        guard try Entry(bytes: try entry.sealed()) == entry else {
            throw Broken(promise: "an entry that was read is written and read as the same")
        }
        var scan = UpdateScan()
        let isUpdate = try bytes.withUnsafeBytes { try scan.read(entry: $0) }
        guard isUpdate == (entry.update != nil), entry.update.map({ scan.isOf(order: $0.order) }) ?? true else {
            throw Broken(promise: "a scan says what the decoded entry says")
        }
        return true
    }
}
