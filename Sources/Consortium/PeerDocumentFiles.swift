import Foundation
import Ledger
import Logging
import Store

/// The files of documents that this gateway fetches from one peer, and hands in to it: it dials out for both.
///
/// Both go in pieces, each of which is on disk before the next is begun: whatever is cut or ended in between goes on from
/// there.
actor PeerDocumentFiles {
    /// How long one request may take.
    private static let requestMax: Duration = .seconds(60)
    /// How long to leave a file alone that the peer has not, or does not want: at least and at most.
    private static let patience: ClosedRange<Duration> = .seconds(1) ... .seconds(30)
    /// For a peer of an earlier release.
    private static let unknownPause: Duration = .seconds(60)

    private let client: any PeerClient
    private let files: DocumentFiles
    private let logger: Logger
    private var rests: [Hash: Rest] = [:]
    private var fetched = PieceSize()
    private var given = PieceSize()
    private var problem: String?

    private struct Rest {
        var wait: Duration
        var until: ContinuousClock.Instant
    }

    init(client: any PeerClient, files: DocumentFiles, logger: Logger) {
        self.client = client
        self.files = files
        self.logger = logger
    }

    private var now: ContinuousClock.Instant { client.clock.now() }
    private var bringer: String { "from \(client.address)" }

    // MARK: Fetching

    /// Fetches what is wanted here and the peer has, until the task is cancelled.
    func fetchForever() async {
        while !Task.isCancelled {
            let changes = files.changes.follow()
            let wants = await files.ownWants()
            rests = rests.filter { rest in wants.contains { $0.file == rest.key } }
            for want in wants where rests[want.file].map({ $0.until <= now }) ?? true {
                do {
                    guard try await !fetch(want) else { continue }
                } catch is CancellationError { return } catch { tell(error, of: want.file) }
                let wait = min((rests[want.file]?.wait ?? Self.patience.lowerBound / 2) * 2, Self.patience.upperBound)
                rests[want.file] = Rest(wait: wait, until: now + wait)
            }
            let next = rests.values.map(\.until).min().map { max($0 - now, .milliseconds(50)) }
            await client.clock.first(of: changes, atMost: next ?? Self.patience.upperBound)
        }
    }

    /// - Returns: whether the file is whole now.
    private func fetch(_ want: DocumentFiles.Want) async throws -> Bool {
        var total = want.bytes
        if total == nil { total = try await length(of: want.file) }
        guard let total else { return false }
        switch try await files.begin(want.file, bytes: total, by: bringer) {
        case .isHere: return true
        case .unwanted, .busy: return false
        case .from(let have):
            do {
                let isWhole = try await fetch(want.file, from: have, total: total)
                await files.release(want.file, by: bringer)
                return isWhole
            } catch {
                await files.release(want.file, by: bringer)
                throw error
            }
        }
    }

    /// Of a public document only the hash is known.
    private func length(of file: Hash) async throws -> UInt64? {
        let range = ByteRange(0, upTo: 1)
        let answer = try await get(file, range, bytes: nil)
        guard answer.status == 206 else { return nil }
        return range.total(in: answer.headers[.contentRange])
    }

    private func fetch(_ file: Hash, from place: UInt64, total: UInt64) async throws -> Bool {
        var have = place
        repeat {
            let range = ByteRange(have, upTo: min(total, have + UInt64(fetched.bytes)))
            let began = now
            let answer: PeerAnswer
            do { answer = try await get(file, range, bytes: total) } catch {
                fetched.failed()
                throw error
            }
            switch answer.status {
            case 206 where range.total(in: answer.headers[.contentRange]) == total && !answer.body.isEmpty: break
            case 503:
                try await client.clock.sleep(Self.patience.lowerBound)
                continue
            case 404: return false
            default: throw client.refused(answer)
            }
            fetched.took(now - began)
            guard try await files.append(answer.body, to: file, by: bringer) else { return false }
            have = try await files.settle(file, by: bringer)
        } while have > 0 && have < total
        return have == total
    }

    private func get(_ file: Hash, _ range: ByteRange, bytes: UInt64?) async throws -> PeerAnswer {
        let query = bytes.map { "?bytes=\($0)" } ?? ""
        return try await client.get(
            path: "\(DocumentFileRoutes.path)/\(file.hex)\(query)", range: range, maxBytes: DocumentFiles.pieceBytes,
            deadline: now + Self.requestMax)
    }

    // MARK: Handing in

    /// Hands in what the peer wants and is here, until the task is cancelled.
    func giveForever() async {
        var token = ""
        var wait = Self.patience.lowerBound
        while !Task.isCancelled {
            do {
                guard let told = try await askForWanted(after: token) else {
                    try await client.clock.sleep(Self.unknownPause)
                    continue
                }
                token = told.token
                var isDone = true
                for want in told.wanted { isDone = try await give(want) && isDone }
                if isDone {
                    wait = Self.patience.lowerBound
                    problem = nil
                    continue
                }
                token = ""
            } catch is CancellationError { return } catch {
                token = ""
                tell(error, of: nil)
            }
            try? await client.clock.sleep(wait)
            wait = min(wait * 2, Self.patience.upperBound)
        }
    }

    /// - Returns: nil from a peer that knows nothing of this.
    private func askForWanted(after token: String) async throws -> WantedFiles? {
        let answer = try await client.get(
            path: "\(DocumentFileRoutes.wantedPath)?after=\(token)", maxBytes: WantedFiles.bytesMax,
            deadline: now + PeerNews.holdMax + Self.requestMax)
        guard answer.status != 404 else { return nil }
        guard answer.status == 200, let told = try? JSONDecoder().decode(WantedFiles.self, from: Data(answer.body))
        else {
            throw client.refused(answer)
        }
        return told
    }

    /// - Returns: false if it is to be tried again.
    private func give(_ want: DocumentFiles.Want) async throws -> Bool {
        guard let reader = await files.reader(of: want.file), want.bytes ?? reader.bytes == reader.bytes else {
            return true
        }
        var place = want.have
        var isCorrected = false
        while place < reader.bytes {
            let count = Int(min(UInt64(given.bytes), reader.bytes - place))
            let piece = try await files.read(reader, at: place, count: count)
            let began = now
            let answer: PeerAnswer
            do {
                answer = try await client.post(
                    path: "\(DocumentFileRoutes.path)/\(want.file.hex)?from=\(place)&of=\(reader.bytes)",
                    contentType: "application/octet-stream", body: piece, deadline: now + Self.requestMax)
            } catch {
                given.failed()
                throw error
            }
            let taken = try? JSONDecoder().decode(TakenPiece.self, from: Data(answer.body))
            switch (answer.status, taken) {
            case (200, let taken?) where taken.isWhole: return true
            case (200, let taken?) where taken.have > place:
                given.took(now - began)
                place = taken.have
            // What it told is older than what it has.
            case (409, let taken?) where !taken.isBusy && !isCorrected:
                isCorrected = true
                place = taken.have
            case (404, _): return true
            case (409, _), (503, _), (507, _): return false
            default: throw client.refused(answer)
            }
        }
        return true
    }

    private func tell(_ error: any Error, of file: Hash?) {
        let text = "\(error)"
        guard text != problem else { return }
        problem = text
        logger.info(
            "documents wait",
            metadata: ["peer": "\(client.organisation)", "file": "\(file?.hex ?? "")", "error": "\(text)"])
    }
}

/// How much is asked for or handed in at once: as much as comes through in a few seconds, so that a slow line loses little
/// when it is cut, and a fast one waits seldom.
struct PieceSize: Hashable, Sendable {
    static let first = 256 << 10
    static let least = 64 << 10

    private(set) var bytes = first

    mutating func took(_ time: Duration) {
        if time < .seconds(2) { bytes = min(bytes * 2, DocumentFiles.pieceBytes) }
        if time > .seconds(8) { failed() }
    }

    mutating func failed() { bytes = max(bytes / 2, Self.least) }
}
