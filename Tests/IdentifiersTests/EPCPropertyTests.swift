import Identifiers
import Testing

/// A fixed stream of numbers (SplitMix64), so that a failure can be replayed.
private struct Stream {
    var state: UInt64

    mutating func next(below bound: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((mixed ^ (mixed >> 31)) % UInt64(bound))
    }

    mutating func digits(_ count: Int) -> String {
        (0..<count).map { _ in String(next(below: 10)) }.joined()
    }

    mutating func text(upTo count: Int, of alphabet: String) -> String {
        let characters = Array(alphabet)
        return String((0...next(below: count)).map { _ in characters[next(below: characters.count)] })
    }

    mutating func number(bits: Int) -> String {
        String((UInt64(next(below: 1 << 31)) << 31 | UInt64(next(below: 1 << 31))) & (1 << UInt64(bits) - 1))
    }
}

@Suite("EPC properties")
struct EPCPropertyTests {
    private static let cset82 =
        "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
    private static let cset39 = "#-/0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

    /// The parts of one EPC that the binary scheme holds.
    private static func body(_ coding: EPCTag.Coding, _ length: Int, _ stream: inout Stream) -> [String]? {
        let prefix = stream.digits(length)
        switch coding {
        case .sgtin96: return [prefix, stream.digits(13 - length), stream.number(bits: 38)]
        case .sgtin198: return [prefix, stream.digits(13 - length), stream.text(upTo: 20, of: cset82)]
        case .sscc96, .gsrn96, .gsrnp96: return [prefix, stream.digits(17 - length)]
        case .sgln96, .gdti96: return [prefix, stream.digits(12 - length), stream.number(bits: 41)]
        case .sgln195: return [prefix, stream.digits(12 - length), stream.text(upTo: 20, of: cset82)]
        case .grai96: return [prefix, stream.digits(12 - length), stream.number(bits: 38)]
        case .grai170: return [prefix, stream.digits(12 - length), stream.text(upTo: 16, of: cset82)]
        case .gdti174: return [prefix, stream.digits(12 - length), stream.text(upTo: 17, of: cset82)]
        case .gdti113: return [prefix, stream.digits(12 - length), stream.digits(1 + stream.next(below: 17))]
        case .sgcn96: return [prefix, stream.digits(12 - length), stream.digits(1 + stream.next(below: 12))]
        case .giai96: return [prefix, stream.number(bits: 42)]
        case .giai202: return [prefix, stream.text(upTo: 30 - length, of: cset82)]
        case .cpi96: return [prefix, stream.number(bits: 9), stream.number(bits: 31)]
        case .cpiVar: return [prefix, stream.text(upTo: 30 - length, of: cset39), stream.number(bits: 39)]
        case .itip110: return [prefix, stream.digits(13 - length), "01", "99", stream.number(bits: 38)]
        case .itip212: return [prefix, stream.digits(13 - length), "09", "10", stream.text(upTo: 20, of: cset82)]
        default: return nil
        }
    }

    @Test(arguments: EPCTag.Coding.allCases)
    func everyFormSaysTheSame(_ coding: EPCTag.Coding) throws {
        var stream = Stream(state: 3)
        for round in 0..<210 {
            guard let body = EPCPropertyTests.body(coding, 6 + round % 7, &stream) else { return }
            let epc = try EPC(uri: "urn:epc:id:\(coding.rawValue.prefix { $0 != "-" }):" + escaped(body))
            let tag = try epc.tag(coding, filter: round % 8)
            #expect(try EPCTag(hex: tag.hex()) == tag)
            #expect(try EPCTag(uri: #require(tag.uri)) == tag)
            #expect(try EPC(uri: epc.uri) == epc)
            #expect(try EPC(elements: epc.elements, companyPrefixLength: 6 + round % 7) == epc)
        }
    }

    @Test(arguments: [
        (EPCTag.Coding.sgtinPlus, EPCTag.Coding.sgtin198), (.ssccPlus, .sscc96), (.sglnPlus, .sgln195),
        (.graiPlus, .grai170), (.giaiPlus, .giai202), (.gsrnPlus, .gsrn96), (.gsrnpPlus, .gsrnp96),
        (.gdtiPlus, .gdti174), (.cpiPlus, .cpiVar), (.sgcnPlus, .sgcn96), (.itipPlus, .itip212),
    ])
    func schemesOfTDS2HoldTheSameNames(_ plus: EPCTag.Coding, _ coding: EPCTag.Coding) throws {
        var stream = Stream(state: 4)
        for round in 0..<210 {
            let body = try #require(EPCPropertyTests.body(coding, 6 + round % 7, &stream))
            let epc = try EPC(uri: "urn:epc:id:\(coding.rawValue.prefix { $0 != "-" }):" + escaped(body))
            let tag = try epc.tag(plus, filter: round % 8)
            let again = try EPCTag(hex: tag.hex(round % 2 == 0 ? .digit : .word))
            #expect(again == tag)
            #expect(try again.epc(companyPrefixLength: 6 + round % 7) == epc)
        }
    }

    private func escaped(_ parts: [String]) -> String {
        parts.map { part in
            part.utf8.map { byte in
                "\"#%&/<>?".utf8.contains(byte) ? "%" + String(byte, radix: 16) : String(UnicodeScalar(byte))
            }.joined()
        }.joined(separator: ".")
    }

    /// What is taken must survive all its own forms; what is refused must point into the text.
    @Test func answersEveryMutatedTagWithoutATrap() {
        var stream = Stream(state: 5)
        let seeds = EPCTagExample.all.map(\.hex) + EPCPlusExample.all.map(\.hex)
        for round in 0..<20_000 {
            var bytes = Array(seeds[round % seeds.count].utf8)
            for _ in 0...stream.next(below: 3) {
                let index = stream.next(below: max(bytes.count, 1))
                guard index < bytes.count else { continue }
                switch stream.next(below: 4) {
                case 0: bytes[index] = Array("0123456789ABCDEF".utf8)[stream.next(below: 16)]
                case 1: bytes[index] = UInt8(stream.next(below: 128))
                case 2: bytes.remove(at: index)
                default: bytes.removeLast(stream.next(below: bytes.count))
                }
            }
            checkHex(String(decoding: bytes, as: UTF8.self))
        }
    }

    @Test func answersRandomTagsWithoutATrap() {
        var stream = Stream(state: 6)
        let headers = [0x2C...0x41, 0xE6...0xFD].flatMap { $0 }
        for round in 0..<20_000 {
            var hex = String(headers[round % headers.count], radix: 16)
            for _ in 0..<stream.next(below: 124) { hex += String(stream.next(below: 16), radix: 16) }
            checkHex(hex)
        }
    }

    private func checkHex(_ hex: String) {
        do throws(IdentifierError) {
            let tag = try EPCTag(hex: hex)
            #expect((try? EPCTag(hex: tag.hex())) == tag, "\(hex)")
            if let uri = tag.uri { #expect((try? EPCTag(uri: uri)) == tag, "\(hex)") }
            _ = tag.digitalLink
        } catch {
            #expect((0...hex.utf8.count).contains(error.position ?? -1), "\(hex) \(error)")
        }
    }

    @Test func answersEveryMutatedURIWithoutATrap() {
        var stream = Stream(state: 7)
        let seeds = EPCTagExample.all.flatMap { [$0.uri, $0.pureIdentity] }
        for round in 0..<20_000 {
            var bytes = Array(seeds[round % seeds.count].utf8)
            for _ in 0...stream.next(below: 3) {
                let index = stream.next(below: max(bytes.count, 1))
                guard index < bytes.count else { continue }
                switch stream.next(below: 4) {
                case 0: bytes[index] = UInt8(stream.next(below: 256))
                case 1: bytes.remove(at: index)
                case 2: bytes.insert(Array("%.:0#[]".utf8)[stream.next(below: 7)], at: index)
                default: bytes.removeLast(stream.next(below: bytes.count))
                }
            }
            checkURI(String(decoding: bytes, as: UTF8.self))
        }
    }

    private func checkURI(_ uri: String) {
        do throws(IdentifierError) {
            let epc = try EPC(uri: uri)
            #expect((try? EPC(uri: epc.uri)) == epc, "\(uri)")
        } catch {
            #expect((0...uri.utf8.count).contains(error.position ?? -1), "\(uri) \(error)")
        }
    }
}
