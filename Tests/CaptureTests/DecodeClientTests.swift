import Glibc
import Identifiers
import Ledger
import Testing

@testable import Capture

@Suite struct DecodeClientTests {
    private static func shell(_ script: String, timeLimit: Duration = .seconds(10)) -> DecodeClient {
        DecodeClient(executable: "/bin/sh", arguments: ["-c", script], timeLimit: timeLimit)
    }

    @Test func decodesOneImageAfterAnotherInTheHelper() async throws {
        let client = try Fixture.decoder()
        for file in ["gs1-128.png", "gs1-qr.png", "gs1-128.jpg"] {
            let image = try Fixture.bytes(file)
            #expect(try await client.decode(image) == ImageDecoder().decode(image))
        }
    }

    /// A frame is no file: what is sent as an image must be one.
    @Test func looksAtAFrameOnlyWhereOneIsSent() async throws {
        let client = try Fixture.decoder()
        let luma = try LumaImage(decoding: Fixture.bytes("gs1-datamatrix.png"))
        let frame = try #require(LumaFrame(width: luma.width, height: luma.height, pixels: luma.pixels))
        #expect(try await client.decode(frame).map(\.scan.symbologyIdentifier) == ["]d2"])
        await #expect(throws: CustodyError("image-not-recognised", "")) { try await client.decode(frame.pgm) }
    }

    @Test func reportsADamagedImageAndGoesOn() async throws {
        let client = try Fixture.decoder()
        let image = try Fixture.bytes("gs1-128.png")
        await #expect(throws: CustodyError("image-damaged", "")) { try await client.decode(Array(image.prefix(200))) }
        #expect(try await client.decode(image).count == 1)
    }

    /// A shell script that fails as often as told, and then becomes the helper.
    private static func dying(_ times: Int, by crash: String = "exit 1") throws -> DecodeClient {
        let directory = try Fixture.temporaryDirectory()
        let (executable, arguments) = try Fixture.decodeWorker()
        let worker = ([executable] + arguments).joined(separator: " ")
        let attempts = (0..<times).map { "mkdir \(directory)/\($0) 2>/dev/null && \(crash)" }
        return shell((attempts + ["exec \(worker)"]).joined(separator: "\n"))
    }

    @Test(arguments: ["exit 1", "kill -ABRT $$"])
    func looksAgainWithTheSimplerDecoderWhenTheHelperDied(crash: String) async throws {
        let client = try Self.dying(1, by: crash)
        #expect(try await client.decode(Fixture.bytes("ean13.png")).count == 1)
    }

    @Test func leavesOutWhatOnlyTheOtherDecoderReadsWhenTheHelperDied() async throws {
        let client = try Self.dying(1)
        let image = try Fixture.bytes("gs1-datamatrix.png")
        #expect(try await client.decode(image).isEmpty)
        #expect(try await client.decode(image).count == 1)
    }

    @Test func reportsAHelperThatDiedTwiceAndStartsAnother() async throws {
        let client = try Self.dying(2)
        let image = try Fixture.bytes("ean13.png")
        await #expect(throws: CustodyError("decode-worker-died", "")) { try await client.decode(image) }
        #expect(try await client.decode(image).count == 1)
    }

    @Test func stopsAHelperThatTakesTooLong() async {
        let client = Self.shell("exec cat >/dev/null", timeLimit: .milliseconds(200))
        await #expect(throws: CustodyError("decode-worker-too-slow", "")) { try await client.decode([1, 2, 3]) }
    }

    /// Too long by far, too long by one byte, of an unknown kind, and with a field that is cut off.
    @Test(arguments: [
        #"\377\377\377\377"#, #"\000\020\000\001"#, #"\000\000\000\001\007"#, #"\000\000\000\002\000\001"#,
    ])
    func believesNoMalformedAnswer(answer: String) async {
        let client = Self.shell("printf '\(answer)'; exec cat >/dev/null")
        await #expect(throws: CustodyError("decode-answer-malformed", "")) { try await client.decode([1, 2, 3]) }
    }

    @Test func reportsAProgramThatIsNotThere() async {
        let client = DecodeClient(executable: "/nonexistent/custody", arguments: [])
        await #expect(throws: CustodyError("decode-worker-not-started", "")) { try await client.decode([1]) }
    }

    @Test func limitsItselfBeforeTheFirstImage() throws {
        let (executable, arguments) = try Fixture.decodeWorker()
        let helper = try HelperProcess(executable: executable, arguments: arguments)
        let deadline = ContinuousClock.now + .seconds(10)
        try helper.send(DecodeFrame.Request(.thorough, count: 1).bytes + [0], until: deadline)
        _ = try helper.receive(DecodeFrame.lengthBytes, until: deadline)
        let limits = try Fixture.text("/proc/\(helper.process)/limits").split(separator: "\n")
        func limit(_ name: String) -> [Substring] {
            limits.first { $0.hasPrefix(name) }?.dropFirst(26).split(separator: " ") ?? []
        }
        #expect(limit("Max address space").prefix(2) == ["1073741824", "1073741824"])
        #expect(limit("Max core file size").prefix(2) == ["0", "0"])
        #expect(limit("Max file size").prefix(2) == ["0", "0"])
        #expect(limit("Max open files").prefix(2) == ["0", "0"])
        #expect((limit("Max cpu time").first.flatMap { Int($0) } ?? .max) <= 21)
        #expect(try Fixture.text("/proc/\(helper.process)/status").contains("NoNewPrivs:\t1"))
    }

    @Test func carriesEveryAnswerUnchanged() throws {
        let symbols = [
            DecodedSymbol(
                symbology: "QR Code", scan: Scan(bytes: [0, 0x1D, 0xFF], symbologyIdentifier: "]Q1"), text: "é"),
            DecodedSymbol(symbology: "", scan: Scan(bytes: [], symbologyIdentifier: nil)),
        ]
        #expect(try DecodeFrame.decode(DecodeFrame.encode(.success(symbols))).get() == symbols)
        let error = CustodyError("image-damaged", "It is torn", remedy: "Send it again.")
        #expect(throws: error) { try DecodeFrame.decode(DecodeFrame.encode(.failure(error))).get() }
    }

    @Test(arguments: [DecodeFrame.Request.Kind.thorough, .careful, .frame])
    func carriesEveryRequestUnchanged(kind: DecodeFrame.Request.Kind) throws {
        let bytes = DecodeFrame.Request(kind, count: 0x0102_0304).bytes
        #expect(bytes.count == DecodeFrame.requestBytes)
        let request = try #require(DecodeFrame.Request(bytes))
        #expect(request.kind == kind && request.count == 0x0102_0304)
    }

    @Test func refusesARequestOfAnUnknownKind() {
        #expect(DecodeFrame.Request([3, 0, 0, 0, 1]) == nil)
        #expect(DecodeFrame.Request([]) == nil)
    }

    @Test func refusesEveryCutOffAnswer() throws {
        let answer = DecodeFrame.encode(.failure(CustodyError("image-damaged", "It is torn")))
        for count in 0..<answer.count {
            #expect(throws: CustodyError("decode-answer-malformed", "")) {
                try DecodeFrame.decode(Array(answer.prefix(count)))
            }
        }
    }
}
