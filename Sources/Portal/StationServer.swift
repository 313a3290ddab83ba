import Capture
import Consortium
import Foundation
import Gateway
import HTTPTypes
import Hummingbird
import HummingbirdTLS
import Identifiers
import Ledger
import Logging
import NIOCore
import ServiceLifecycle

/// A station to which devices upload, and what they say to be let in.
public struct UploadStation: Sendable {
    /// The shortest and longest token, in bytes.
    public static let tokenBytes = 16...512

    let inlet: StationInlet
    private let token: [UInt8]

    /// - Parameter tokenFile: its first line is the token.
    /// - Throws: `CustodyError` with code `token-unusable`, `key-file-exposed` or `file-unusable`.
    public init(inlet: StationInlet, tokenFile: String) throws {
        self.inlet = inlet
        token = Array(try PrivateFile.read(tokenFile).prefix { $0 != 0x0A && $0 != 0x0D })
        guard Self.tokenBytes.contains(token.count) else {
            throw CustodyError(
                "token-unusable",
                "an upload token has \(Self.tokenBytes.lowerBound) to \(Self.tokenBytes.upperBound) bytes",
                at: tokenFile, remedy: "make one with: openssl rand -hex 32")
        }
    }

    /// Takes the same time for every wrong token of one length.
    func admits(_ request: Request) -> Bool {
        let sent = Array((request.headers[.authorization] ?? "").utf8)
        let expected = Array("Bearer ".utf8) + token
        guard sent.count == expected.count else { return false }
        return zip(sent, expected).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }
}

/// The port to which handhelds, cameras and readers of stations post what they saw, over TLS.
///
/// `POST /v1/stations/NAME` is answered when the fate of each scan in it is on disk.
public struct StationServer: Service {
    /// Bytes of one upload.
    public static let bodyBytesMax = 16 << 20

    private let application: Application<RouterResponder<BasicRequestContext>>
    private let place: String

    /// - Parameters:
    ///   - port: 0 = any free one.
    ///   - onRunning: is told the bound port once connections are accepted.
    public init(
        stations: [UploadStation], tls: ConsortiumTLS, host: String, port: Int, logger: Logger,
        onRunning: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) throws {
        place = "\(host):\(port)"
        let known = Dictionary(stations.map { ($0.inlet.station, $0) }, uniquingKeysWith: { first, _ in first })
        let router = Router()
        router.post("v1/stations/:name") { request, context in
            try await Self.answer(request, at: context.parameters.get("name").flatMap { known[$0] })
        }
        application = Application(
            responder: router.buildResponder(), server: try .tls(.http1(), tlsConfiguration: tls.uploads()),
            configuration: ApplicationConfiguration(address: .hostname(host, port: port), serverName: nil),
            onServerRunning: { await onRunning($0.localAddress?.port ?? port) }, logger: logger)
    }

    /// - Throws: `CustodyError` with code `port-unusable`.
    public func run() async throws {
        do { try await application.run() } catch let error as IOError {
            throw CustodyError(
                .portUnusable, "the stations' port cannot be opened: \(error)", at: place,
                remedy: "choose another port, or stop what holds this one")
        }
    }

    /// What became of each scan, in the order in which they were found.
    struct Answer: Encodable {
        struct Fate: Encodable {
            let text: String
            let verdict: String
            var code: String?
            var message: String?
        }

        var scans: [Fate] = []
        var code: String?
        var message: String?
    }

    private static func answer(_ request: Request, at station: UploadStation?) async throws -> Response {
        // A wrong name and a wrong token look alike, so that names cannot be tried out.
        guard let station, station.admits(request) else {
            return try .json(
                Answer(code: "station-unknown", message: "no such station, or its token is another"),
                status: .unauthorized)
        }
        let payload: [UInt8]
        do {
            payload = [UInt8](try await request.body.collect(upTo: bodyBytesMax).readableBytesView)
        } catch is NIOTooManyBytesError {
            return try .json(
                Answer(code: "limit-exceeded", message: "an upload has at most \(bodyBytesMax) bytes"),
                status: .contentTooLarge)
        }
        return try await answer(payload, at: station.inlet)
    }

    private static func answer(_ payload: [UInt8], at inlet: StationInlet) async throws -> Response {
        do {
            let fates = try await inlet.take(payload)
            return try .json(
                Answer(scans: fates.map(Answer.Fate.init)), status: status(of: fates.map(\.acknowledgement)))
        } catch let error as CustodyError {
            return try .json(
                Answer(code: error.code.rawValue, message: error.message),
                status: DecodeClient.ownFailures.contains(error.code) ? .serviceUnavailable : .unprocessableContent)
        }
    }

    /// Of several scans the one that needs the sender most.
    private static func status(of acknowledgements: [ScanAcknowledgement]) -> HTTPResponse.Status {
        var status = HTTPResponse.Status.ok
        for acknowledgement in acknowledgements {
            switch acknowledgement {
            case .recorded, .held: continue
            case .refused: status = .unprocessableContent
            case .unavailable: return .serviceUnavailable
            }
        }
        return status
    }
}

extension StationServer.Answer.Fate {
    init(_ fate: StationInlet.Fate) {
        text = String(decoding: fate.scan.bytes, as: UTF8.self)
        let error: CustodyError?
        (verdict, error) =
            switch fate.acknowledgement {
            case .recorded: ("recorded", nil)
            case .held(let error): ("held", error)
            case .refused(let error): ("refused", error)
            case .unavailable(let error): ("unavailable", error)
            }
        code = error?.code.rawValue
        message = error?.message
    }
}
