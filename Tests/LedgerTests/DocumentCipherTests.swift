import Testing

@testable import Ledger

@Suite struct DocumentCipherTests {
    private static let key = [UInt8](1...32)
    private static let chunk = DocumentCipher.chunkBytes

    private struct Sealed {
        let fact: DocumentFact
        var file: [UInt8]
    }

    private static func document(_ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
    }

    private static func seal(_ document: [UInt8]) throws -> Sealed {
        var sealer = DocumentSealer(key: key)
        var file = sealer.begin()
        var rest = document[...]
        repeat {
            let isLast = rest.count <= chunk
            file += try sealer.seal(Array(rest.prefix(chunk)), isLast: isLast)
            rest = rest.dropFirst(chunk)
        } while !rest.isEmpty
        let result = sealer.result()
        let fact = try DocumentFact(
            name: "hip.step", media: "model/step", bytes: result.bytes, document: result.document, file: result.file,
            key: key)
        return Sealed(fact: fact, file: file)
    }

    /// - Returns: nil unless the whole file was opened and held.
    private static func open(_ file: [UInt8], _ fact: DocumentFact) -> [UInt8]? {
        var opener = DocumentOpener(fact)
        var rest = file[...]
        var document: [UInt8] = []
        while let wanted = opener.wanted {
            guard let opened = try? opener.open(Array(rest.prefix(wanted))) else { return nil }
            document += opened
            rest = rest.dropFirst(wanted)
        }
        return rest.isEmpty ? document : nil
    }

    @Test(arguments: [0, 1, chunk - 1, chunk, chunk + 1, 3 * chunk, 3 * chunk + 7])
    func aDocumentComesBackAsItWas(count: Int) throws {
        let document = Self.document(count)
        let sealed = try Self.seal(document)
        #expect(UInt64(sealed.file.count) == sealed.fact.fileBytes)
        #expect(sealed.fact.file == Hash.sha256(sealed.file))
        #expect(sealed.fact.document == Hash.sha256(document))
        #expect(Self.open(sealed.file, sealed.fact) == document)
    }

    /// As another implementation makes it (Python's cryptography, from the description alone): bytes on disk are for ever.
    @Test func theFormatStaysAsItIs() throws {
        let fact = try Self.seal(Self.document(100_000)).fact
        #expect(
            fact.text == """
                custody-document/1
                name hip.step
                media model/step
                bytes 100000
                sha256 84f4feff1c8957001f42e0f942ddd7c910c36bf3d092f0ecad55c6bbc3001327
                file 6b8972736a898b5803a3f343249acca230fad20a594efb7d4d188fcb1ebb1d32
                key 0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20

                """)
    }

    @Test func everyTruncationIsFound() throws {
        let sealed = try Self.seal(Self.document(Self.chunk + 100))
        for count in Array(0..<64) + stride(from: 64, to: sealed.file.count, by: 509) {
            #expect(Self.open(Array(sealed.file.prefix(count)), sealed.fact) == nil, "after \(count) bytes")
        }
        #expect(Self.open(sealed.file + [0], sealed.fact) == nil)
    }

    @Test func aFileThatEndsWithAWholeChunkTooEarlyIsFound() throws {
        let sealed = try Self.seal(Self.document(3 * Self.chunk))
        let shorter = try DocumentFact(
            name: "n", media: "a/b", bytes: UInt64(2 * Self.chunk),
            document: Hash.sha256(Self.document(2 * Self.chunk)),
            file: sealed.fact.file, key: Self.key)
        let cut = Array(sealed.file.prefix(Int(shorter.fileBytes)))
        #expect(Self.open(cut, shorter) == nil)
    }

    @Test func everyFlippedBitIsFound() throws {
        var sealed = try Self.seal(Self.document(Self.chunk + 100))
        for place in Array(0..<48) + stride(from: 48, to: sealed.file.count, by: 251) + [sealed.file.count - 1] {
            sealed.file[place] ^= 1 << UInt8(place % 8)
            #expect(Self.open(sealed.file, sealed.fact) == nil, "at \(place)")
            sealed.file[place] ^= 1 << UInt8(place % 8)
        }
    }

    @Test func swappedChunksAreFound() throws {
        let sealed = try Self.seal(Self.document(3 * Self.chunk))
        let size = Self.chunk + 16
        let (first, second) = (sealed.file[16..<16 + size], sealed.file[(16 + size)..<(16 + 2 * size)])
        let swapped = sealed.file[..<16] + second + first + sealed.file[(16 + 2 * size)...]
        #expect(Self.open(Array(swapped), sealed.fact) == nil)
        let doubled = sealed.file[..<16] + first + first + sealed.file[(16 + 2 * size)...]
        #expect(Self.open(Array(doubled), sealed.fact) == nil)
    }

    @Test func anotherKeyOrAnotherDocumentsHashOpensNothing() throws {
        let sealed = try Self.seal(Self.document(100))
        let fact = sealed.fact
        let otherKey = try DocumentFact(
            name: fact.name, media: fact.media, bytes: fact.bytes, document: fact.document, file: fact.file,
            key: [UInt8](2...33))
        #expect(Self.open(sealed.file, otherKey) == nil)
        let otherHash = try DocumentFact(
            name: fact.name, media: fact.media, bytes: fact.bytes, document: .emptyTree, file: fact.file, key: Self.key)
        #expect(Self.open(sealed.file, otherHash) == nil)
    }

    @Test(arguments: [(-1, true), (0, true), (1, false)])
    func aDocumentHasAtMostAGibibyte(offset: Int64, isAllowed: Bool) {
        let bytes = UInt64(Int64(DocumentCipher.documentBytesMax) + offset)
        let fact = try? DocumentFact(
            name: "n", media: "a/b", bytes: bytes, document: .emptyTree, file: .emptyTree, key: Self.key)
        #expect((fact != nil) == isAllowed)
    }

    @Test(arguments: [
        ("n", true), ("Übersicht 1.pdf", true), ("", false), (".", false), ("..", false), ("a/b", false),
        ("a\nb", false), ("a\u{7F}", false), (String(repeating: "n", count: 254), true),
        (String(repeating: "n", count: 255), true), (String(repeating: "n", count: 256), false),
    ])
    func aNameIsNoPath(name: String, isOne: Bool) {
        let fact = try? DocumentFact(
            name: name, media: "a/b", bytes: 1, document: .emptyTree, file: .emptyTree, key: Self.key)
        #expect((fact != nil) == isOne)
        if let fact { #expect(DocumentFact(fact.text) == fact) }
    }

    @Test(arguments: [
        ("application/pdf", true), ("a", false), ("a/", false), ("/a", false), ("a/b/c", false), ("a b/c", false),
        ("a/" + String(repeating: "m", count: 124), true), ("a/" + String(repeating: "m", count: 125), true),
        ("a/" + String(repeating: "m", count: 126), false),
    ])
    func aMediaTypeHasTwoParts(media: String, isOne: Bool) {
        let fact = try? DocumentFact(
            name: "n", media: media, bytes: 1, document: .emptyTree, file: .emptyTree, key: Self.key)
        #expect((fact != nil) == isOne)
    }

    @Test func onlyWhatIsWrittenIsRead() throws {
        let text = try Self.seal([1]).fact.text
        #expect(DocumentFact(text) != nil)
        for wrong in [
            "", "custody-document/1\n", text + "\n", String(text.dropLast()),
            text.replacing("bytes 1", with: "bytes 01"),
            text.replacing("bytes 1", with: "bytes 1073741825"), text.replacing("document/1", with: "document/2"),
            text.replacing("key 01", with: "key "), text.replacing("\nname", with: "\r\nname"),
        ] { #expect(DocumentFact(wrong) == nil, "\(wrong)") }
    }

    @Test func describingOneDoesNotTellItsKey() throws {
        let fact = try Self.seal([1]).fact
        var dumped = ""
        dump(fact, to: &dumped)
        for text in ["\(fact)", String(reflecting: fact), dumped] { #expect(!text.contains("0102030405")) }
    }

    @Test func aPrivateFactOfADocumentIsItsHashOrTheDocumentItself() throws {
        let fact = try Self.seal([1]).fact
        #expect(FactType.document.admits(private: fact.text))
        #expect(FactType.document.admits(private: fact.document.hex))
        #expect(!FactType.document.admits(private: "a.pdf"))
        #expect(!FactType.date.admits(private: fact.text))
        // What a verdict says of public facts is for ever.
        #expect(!FactType.document.admits(fact.text))
    }
}
