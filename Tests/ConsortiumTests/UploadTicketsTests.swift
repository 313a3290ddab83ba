import Crypto
import Ledger
import Store
import Testing

@testable import Consortium

@Suite struct UploadTicketsTests {
    private static let now: Int64 = 1_700_000_000

    private static func note(extensions: [String] = []) throws -> SignedNote {
        let key = try SigningKey.generate(name: "supplier/gw", algorithm: .ed25519)
        return try Checkpoint(origin: key.name, size: 7, root: Hash.sha256([1]), extensions: extensions).signed(by: key)
    }

    @Test func aTicketGivesItsCheckpointBack() throws {
        let (tickets, note) = (UploadTickets(), try Self.note())
        let ticket = tickets.ticket(for: note, now: Self.now)
        #expect(tickets.checkpoint(in: ticket, now: Self.now) == note)
    }

    @Test(arguments: [(-1, true), (0, false), (1, false)])
    func aTicketExpires(step: (offset: Int64, holds: Bool)) throws {
        let tickets = UploadTickets()
        let ticket = tickets.ticket(for: try Self.note(), now: Self.now)
        let later = Self.now + UploadTickets.lifetime + step.offset
        #expect((tickets.checkpoint(in: ticket, now: later) != nil) == step.holds)
    }

    @Test func noByteOfATicketCanBeChanged() throws {
        let tickets = UploadTickets()
        let ticket = tickets.ticket(for: try Self.note(), now: Self.now)
        for place in ticket.indices {
            var forged = ticket
            forged[place] ^= 1
            #expect(tickets.checkpoint(in: forged, now: Self.now) == nil)
        }
        for count in 0..<ticket.count {
            #expect(tickets.checkpoint(in: Array(ticket.prefix(count)), now: Self.now) == nil)
        }
    }

    @Test func anotherMirrorsTicketSaysNothing() throws {
        let ticket = UploadTickets().ticket(for: try Self.note(), now: Self.now)
        #expect(UploadTickets().checkpoint(in: ticket, now: Self.now) == nil)
    }

    @Test(arguments: [(-1, true), (0, true), (1, false)])
    func aTicketHasAtMostItsBytes(step: (offset: Int, fits: Bool)) throws {
        let tickets = UploadTickets()
        let base = tickets.ticket(for: try Self.note(extensions: ["x"]), now: Self.now).count
        let filler = String(repeating: "x", count: UploadTickets.bytesMax - base + 1 + step.offset)
        let ticket = tickets.ticket(for: try Self.note(extensions: [filler]), now: Self.now)
        #expect(ticket.isEmpty != step.fits)
    }

    /// More checkpoints come than a mirror keeps, and the upload that began with an old one still ends.
    @Test func anUploadEndsWithItsTicketAlthoughItsCheckpointIsForgotten() async throws {
        let test = try await TestMirror()
        guard
            case .answer(.conflict(let info, _)) = try await test.mirror.begin(
                MirrorUpload.Header(origin: test.owner.origin, start: 280, end: 300))
        else {
            Issue.record("a hole was allowed")
            return
        }
        try test.owner.append(100)
        for size in UInt64(300)..<330 {
            let request = try test.owner.checkpoint(old: size, size: size + 1)
            #expect(try await test.mirror.addCheckpoint(request).status == 200)
        }
        let id = try test.record.id
        try test.store.write { try $0.forgetOldCheckpoints(of: id) }
        func begin(_ ticket: [UInt8]) async throws -> Consortium.Mirror.Upload {
            try await test.mirror.begin(
                MirrorUpload.Header(origin: test.owner.origin, start: 270, end: 300, ticket: ticket))
        }
        guard case .answer(let answer) = try await begin([]) else {
            Issue.record("the checkpoint was not forgotten")
            return
        }
        #expect(answer.status == 409)
        guard case .proceed(let target) = try await begin(info.ticket) else {
            Issue.record("the ticket was refused")
            return
        }
        for package in try test.owner.packages(from: 270, to: 300) {
            _ = try await test.mirror.take(package, for: target.checkpoint)
        }
        #expect(try await test.mirror.finish(target)?.status == 200)
    }
}
