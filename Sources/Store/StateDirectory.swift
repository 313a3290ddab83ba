import Foundation
import Glibc
import Ledger

/// The folder in which one gateway keeps everything: keys, configuration, stores, socket.
public struct StateDirectory: Hashable, Sendable {
    public let path: String

    public init(_ path: String) {
        self.path = URL(fileURLWithPath: path).standardizedFileURL.path
    }

    public func file(_ name: String) -> String { "\(path)/\(name)" }

    public var ledger: String { file("ledger.sqlite") }
    public var intake: String { file("intake.sqlite") }
    public var configuration: String { file("gateway.yaml") }
    public var logKey: String { file("log.key") }
    /// The key of a generation that is being opened.
    public var nextLogKey: String { file("log.key.next") }
    public var cosignerKey: String { file("cosigner.key") }
    /// Takes the other's place when the consortium document lists it.
    public var nextCosignerKey: String { file("cosigner.next.key") }
    /// The organisation's, for private facts that are sealed to it.
    public var readingKey: String { file("reading.key") }
    public var tlsKey: String { file("tls.key") }
    public var tlsCertificate: String { file("tls.pem") }
    public var socket: String { file("gateway.sock") }
    /// Certifies the next generations of this gateway's log, without the organisation's CA.
    public var generationKey: String { file("generations.key") }
    public var generationCertificate: String { file("generations.pem") }
    /// The consortium's documents and contracts outside the database, so that a gateway can go on without it.
    public var rules: String { file("rules") }
    /// Where the newest head is kept a second time, beside the folder, so that a folder that was rolled back is noticed.
    public var headBeside: String { path + ".head" }
    /// The newest head, kept outside the database so that a rolled-back one is noticed.
    public var head: String { file("head") }

    /// Creates the folder, for its owner alone.
    public func create() throws {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw CustodyError(.stateUnusable, "the state directory cannot be created: \(error)", at: path)
        }
    }

    /// Makes this process the gateway's only writer until the lock is released or the process ends, however it ends.
    /// - Throws: `CustodyError` with code `gateway-running` or `state-unusable`.
    public func lock() throws -> StateLock {
        let descriptor = open(file("gateway.lock"), O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw CustodyError(
                .stateUnusable, "there is no gateway here: \(String(cString: strerror(errno)))", at: path,
                remedy: "run custody init, or name the right --state")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw CustodyError(
                .gatewayRunning, "another custody process writes here", at: path,
                remedy: "stop it, or let it do the work: commands go through its socket")
        }
        return StateLock(descriptor: descriptor)
    }
}

/// Holds a state directory for one process.
public final class StateLock: Sendable {
    private let descriptor: Int32

    init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }
}

extension CustodyError.Code {
    public static let stateUnusable: Self = "state-unusable"
    public static let gatewayRunning: Self = "gateway-running"
}
