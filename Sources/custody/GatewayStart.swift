import Consortium
import Foundation
import Gateway
import Ledger
import Logging
import Store

/// The first thing that whoever writes a log does: finds out whether the log may be continued, and opens the next
/// generation where it may not (design: section 5).
struct GatewayStart {
    let state: StateDirectory
    let instruments: Instruments
    /// Where the newest head is kept outside the state directory; nil where it is not.
    let copy: String?

    init(state: StateDirectory, instruments: Instruments) throws {
        self.state = state
        self.instruments = instruments
        copy = try GatewayConfiguration.headCopy(file: state.configuration, state: state)
    }

    /// A ledger whose own log may be written, and the key of that log.
    struct Opened {
        let ledger: LedgerStore
        let key: SigningKey
        let head: HeadKeeper
        /// The generation that was opened, and why; nil if the log goes on.
        let opening: (origin: String, doubt: Doubt, predecessor: Head)?
    }

    /// Certifies the key of a log for its origin: DER, the leaf first.
    typealias Certify = (_ origin: String, _ key: VerifierKey) throws -> [[UInt8]]

    /// - Parameters:
    ///   - certify: certifies the next generation; nil = by what this gateway was given for that.
    ///   - asked: what members said of a log of which nothing is known here (`askMembers`).
    /// - Throws: `CustodyError` with code `log-missing` where there is no gateway, `generations-unavailable` where the next
    ///   generation cannot be certified, and what keeps files from being read.
    func open(certify: Certify? = nil, asked: Head? = nil) throws -> Opened {
        let isNew = !PrivateFile.exists(state.ledger)
        if isNew, !PrivateFile.exists(state.logKey), !PrivateFile.exists(state.generationKey) { throw Self.missing }
        let ledger = try LedgerStore(path: state.ledger)
        let head = HeadKeeper(state: state, ledger: ledger, copy: copy)
        try finishKeyChange(ledger)
        var opening: (origin: String, doubt: Doubt, predecessor: Head)?
        var key = PrivateFile.exists(state.logKey) ? try GatewayKeys.log(state) : nil
        switch StartDecision(try findings(ledger, key: key?.verifierKey)) {
        case .nothing: throw Self.missing
        case .goOn: break
        case .open(let doubt, var predecessor):
            if predecessor.size == 0, let asked, asked.origin == predecessor.origin { predecessor = asked }
            let next = try NextGeneration(because: doubt, after: predecessor, in: ledger, at: instruments.now())
            let new = try open(next, in: ledger, certify: try certify ?? byThisGateway())
            opening = (new.name, doubt, predecessor)
            key = new
        }
        guard let key else { throw Self.missing }
        try head.keep(now: instruments.now())
        try RulesFolder(path: state.rules).keep(ledger)
        return Opened(ledger: ledger, key: key, head: head, opening: opening)
    }

    /// - Returns: the new log's key, which is named like it.
    private func open(_ next: NextGeneration, in ledger: LedgerStore, certify: Certify) throws -> SigningKey {
        let key = try SigningKey.generate(name: next.origin, algorithm: .ed25519)
        let chain = try certify(next.origin, key.verifierKey)
        // On disk before the log that needs it; in its place only after, so that either log has its key until then.
        try GatewayKeys.write(nextLog: key, state)
        try ledger.write { transaction in
            if try transaction.snapshot.documents().isEmpty {
                try RulesFolder(path: state.rules).load(into: transaction)
            }
            try next.open(key: key, chain: chain, instruments: instruments, transaction)
        }
        try PrivateFile.move(state.nextLogKey, to: state.logKey)
        try ledger.applyPending()
        return key
    }

    private func byThisGateway() throws -> Certify {
        let authority = try GatewayKeys.generations(state)
        return { origin, key in
            var random = SystemRandomNumberGenerator()
            return try authority.issueLogCertificate(origin: origin, key: key, now: Date(), random: &random)
        }
    }

    /// How long members are waited for where nothing but keys is left: the gateway starts without a network too.
    static let askMax: Duration = .seconds(3)

    /// Asks the configured peers for the newest head of this gateway's log, if nothing here tells of one.
    func askMembers() async throws -> Head? {
        let files = [state.ledger, state.head] + (copy.map { [$0] } ?? [])
        guard !files.contains(where: PrivateFile.exists), PrivateFile.exists(state.logKey),
            let document = try RulesFolder(path: state.rules).newestDocument()
        else { return nil }
        let key = try GatewayKeys.log(state).verifierKey
        let peers = try GatewayConfiguration(file: state.configuration, state: state, origin: key.name).peers
        let tls = try GatewayKeys.tls(state)
        return await withTaskGroup(of: Head?.self) { group in
            for peer in peers {
                group.addTask {
                    try? await ConsortiumClient.head(
                        of: key, at: peer.address, organisation: peer.organisation, tls: tls, document: document,
                        deadline: .now + Self.askMax)
                }
            }
            return await group.compactMap { $0 }.max { $0.size < $1.size }
        }
    }

    private static let missing = CustodyError(
        .logMissing, "this gateway has no log yet", remedy: "run custody init")

    /// A generation was opened, and the process ended before its key had its place.
    private func finishKeyChange(_ ledger: LedgerStore) throws {
        guard PrivateFile.exists(state.nextLogKey), let log = try ledger.read({ try $0.ownLog() }),
            try GatewayKeys.nextLog(state).verifierKey == log.key
        else { return }
        try PrivateFile.move(state.nextLogKey, to: state.logKey)
    }

    // MARK: Findings

    private func findings(_ ledger: LedgerStore, key: VerifierKey?) throws -> StartFindings {
        return try ledger.read { snapshot in
            let own = try snapshot.ownLog()
            return StartFindings(
                own: try own.map { log in
                    try StartFindings.Own(
                        log, in: snapshot, born: KeptHead.born(file: state.ledger), hasKey: key == log.key)
                }, head: try file(state.head, own, snapshot),
                copy: try copy.map { try file($0, own, snapshot) } ?? .missing,
                keyName: try key?.name ?? generationGateway(), machine: HeadKeeper.machine)
        }
    }

    private func generationGateway() throws -> String? {
        guard PrivateFile.exists(state.generationKey) else { return nil }
        return try GatewayKeys.generations(state).gateway
    }

    private func file(_ path: String, _ own: LogRecord?, _ snapshot: LedgerSnapshot) throws -> StartFindings.File {
        guard PrivateFile.exists(path) else { return .missing }
        return try StartFindings.File(bytes: try? PrivateFile.readPublic(path), own: own, in: snapshot)
    }
}
