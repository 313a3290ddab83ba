import CMosquitto
import Glibc
import Ledger

/// One connection to a broker: made, used and dropped on one thread.
///
/// libmosquitto writes nothing on its own here: told that it is in a threaded program, it only queues, and `write`
/// sends what is queued. Dropping the connection closes its socket and forgets the queue, so a PUBACK that was never
/// written stays unsent and the broker delivers again.
final class MQTTConnection {
    /// What the broker did, as the library tells it while `read` or `write` runs.
    struct Events {
        /// A PUBLISH came in; the payload's memory is valid during the call only.
        var received: (_ topic: String, _ payload: UnsafeRawBufferPointer) -> Void = { _, _ in }
        /// Our PUBLISH with this packet id was acknowledged (MQTT 5 reason code, 0 in 3.1.1); with QoS 0 it was
        /// written to the socket.
        var published: (_ packet: Int32, _ reason: Int32) -> Void = { _, _ in }
    }

    /// How long a broker may take to hang up after the goodbye.
    private static let hangUpMax = Duration.seconds(1)
    private static let libraryStatus = mosquitto_lib_init()

    /// Whether login and subscriptions are granted.
    private(set) var isReady = false
    private let handle: OpaquePointer
    private let configuration: MQTTConfiguration
    private let events: Events
    private var refusal: CustodyError?
    private var lastLibraryError: String?
    private var subscriptionsPending: Set<Int32> = []

    /// Opens the socket and queues CONNECT; blocks for name resolution and the TCP handshake.
    ///
    /// Throws `mqtt-tls-files-not-usable`, `mqtt-broker-unreachable`, `mqtt-configuration-invalid` where the library
    /// will not have the will, and what `MQTTConfiguration.password` throws.
    init(_ configuration: MQTTConfiguration, _ events: Events) throws {
        self.configuration = configuration
        self.events = events
        guard MQTTConnection.libraryStatus == 0,
            let handle = mosquitto_new(configuration.clientID, !configuration.keepsSession, nil)
        else {
            throw CustodyError("mqtt-client-not-made", "The MQTT library does not start")
        }
        self.handle = handle
        mosquitto_user_data_set(handle, Unmanaged.passUnretained(self).toOpaque())
        mosquitto_threaded_set(handle, true)
        setCallbacks()
        try setOptions()
        try connect()
    }

    deinit {
        mosquitto_destroy(handle)
    }

    /// Blocks until there is something to read, room to write what is queued, `waker` was woken, or `limit` passed.
    func wait(_ waker: Waker, limit: Duration) {
        let interest = mosquitto_want_write(handle) ? POLLIN | POLLOUT : POLLIN
        var descriptors = [
            pollfd(fd: mosquitto_socket(handle), events: Int16(interest), revents: 0),
            pollfd(fd: waker.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        _ = poll(&descriptors, nfds_t(descriptors.count), limit.pollMilliseconds)
        if descriptors[1].revents != 0 { waker.drain() }
    }

    /// Reads one packet, if there is one: the library looks at one per call while nothing of ours is in flight.
    /// Writes nothing.
    func read() throws {
        try check(mosquitto_loop_read(handle, 1))
    }

    /// Sends all that is queued, as far as the socket takes it, in as few segments as possible.
    func write() throws {
        guard mosquitto_want_write(handle) else { return }
        cork(true)
        let status = mosquitto_loop_write(handle, 1)
        cork(false)
        try check(status)
    }

    /// Queues a PINGREQ when one is due; notices a broker that has gone silent.
    func keepAlive() throws {
        try check(mosquitto_loop_misc(handle))
    }

    /// The packet id of a queued PUBLISH; one with QoS 0 gets a number too, for the library's own count.
    ///
    /// Throws `mqtt-publish-refused`.
    func publish(topic: String, payload: [UInt8], qos: Int32 = 1, retain: Bool = false) throws -> Int32 {
        var packet: Int32 = 0
        let count = Int32(clamping: payload.count)
        let status = mosquitto_publish(handle, &packet, topic, count, payload, qos, retain)
        guard status == MOSQ_ERR_SUCCESS.rawValue else {
            throw CustodyError(
                "mqtt-publish-refused", "The message cannot be published: \(MQTTConnection.text(status))", at: topic)
        }
        return packet
    }

    /// Says goodbye, which drops the will; a session that is kept stays with the broker.
    ///
    /// Then waits for the broker to hang up, because a socket that is closed with unread bytes is reset, and a broker
    /// that meets the reset first takes the goodbye for a loss. What comes meanwhile is not acknowledged.
    func disconnect() {
        let socket = fcntl(mosquitto_socket(handle), F_DUPFD_CLOEXEC, 0)
        mosquitto_disconnect(handle)
        try? write()
        guard socket >= 0 else { return }
        defer { close(socket) }
        shutdown(socket, Int32(SHUT_WR))
        Self.waitForEnd(of: socket)
    }

    private static func waitForEnd(of socket: Int32) {
        let deadline = ContinuousClock.now + hangUpMax
        var unread = [UInt8](repeating: 0, count: 4_096)
        var descriptor = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        while poll(&descriptor, 1, (deadline - .now).pollMilliseconds) > 0 {
            guard recv(socket, &unread, unread.count, Int32(MSG_DONTWAIT)) > 0, ContinuousClock.now < deadline else {
                return
            }
        }
    }
}

// MARK: Setting up

extension MQTTConnection {
    private func setOptions() throws {
        mosquitto_int_option(handle, MOSQ_OPT_TCP_NODELAY, 1)
        mosquitto_int_option(handle, MOSQ_OPT_RECEIVE_MAXIMUM, 65_535)
        mosquitto_int_option(handle, MOSQ_OPT_SEND_MAXIMUM, 65_535)
        let version = configuration.version == .v5 ? MQTT_PROTOCOL_V5 : MQTT_PROTOCOL_V311
        mosquitto_int_option(handle, MOSQ_OPT_PROTOCOL_VERSION, version)
        if let user = configuration.user {
            mosquitto_username_pw_set(handle, user, try configuration.password())
        }
        if let will = configuration.will { try set(will) }
        guard let tls = configuration.tls else { return }
        let status = mosquitto_tls_set(handle, tls.authorityFile, nil, tls.certificateFile, tls.keyFile, nil)
        guard status == MOSQ_ERR_SUCCESS.rawValue else {
            throw CustodyError(
                "mqtt-tls-files-not-usable", "The TLS files cannot be used: \(MQTTConnection.text(status))",
                at: tls.authorityFile, remedy: "Check that the files exist, are PEM and may be read.")
        }
    }

    private func set(_ will: MQTTConfiguration.Will) throws {
        let count = Int32(clamping: will.payload.count)
        let status = mosquitto_will_set(handle, will.topic, count, will.payload, will.qos, will.retain)
        guard status == MOSQ_ERR_SUCCESS.rawValue else {
            throw CustodyError(
                "mqtt-configuration-invalid", "The will cannot be left: \(MQTTConnection.text(status))", at: will.topic)
        }
    }

    private func connect() throws {
        let keepAlive = Int32(clamping: configuration.keepAlive.components.seconds)
        var properties: OpaquePointer?
        defer { mosquitto_property_free_all(&properties) }
        if configuration.version == .v5, configuration.keepsSession {
            // The session never ends by itself: a gateway that was off for a month still gets what waits for it.
            mosquitto_property_add_int32(&properties, Int32(MQTT_PROP_SESSION_EXPIRY_INTERVAL.rawValue), .max)
        }
        let (host, port) = (configuration.host, Int32(clamping: configuration.port))
        let status = mosquitto_connect_bind_v5(handle, host, port, keepAlive, nil, properties)
        guard status == MOSQ_ERR_SUCCESS.rawValue else { throw lost(status, errno) }
    }

    private func setCallbacks() {
        mosquitto_connect_callback_set(handle) { _, context, code in
            MQTTConnection.from(context)?.connected(code)
        }
        mosquitto_subscribe_callback_set(handle) { _, context, packet, count, granted in
            let granted = UnsafeBufferPointer(start: granted, count: Int(count))
            MQTTConnection.from(context)?.subscribed(packet, granted)
        }
        mosquitto_message_callback_set(handle) { _, context, message in
            guard let message = message?.pointee, let topic = message.topic else { return }
            let payload = UnsafeRawBufferPointer(start: message.payload, count: Int(message.payloadlen))
            MQTTConnection.from(context)?.events.received(String(cString: topic), payload)
        }
        mosquitto_publish_v5_callback_set(handle) { _, context, packet, reason, _ in
            MQTTConnection.from(context)?.events.published(packet, reason)
        }
        mosquitto_disconnect_v5_callback_set(handle) { _, context, reason, _ in
            MQTTConnection.from(context)?.disconnected(reason)
        }
        mosquitto_log_callback_set(handle) { _, context, level, text in
            guard level & MOSQ_LOG_ERR != 0, let text else { return }
            MQTTConnection.from(context)?.lastLibraryError = String(cString: text)
        }
    }

    private static func from(_ context: UnsafeMutableRawPointer?) -> MQTTConnection? {
        context.map { Unmanaged<MQTTConnection>.fromOpaque($0).takeUnretainedValue() }
    }
}

// MARK: What the broker says

extension MQTTConnection {
    private func connected(_ code: Int32) {
        guard code == 0 else {
            refusal = loginRefused(code)
            return
        }
        for topic in configuration.topics {
            var packet: Int32 = 0
            guard mosquitto_subscribe(handle, &packet, topic, 1) == MOSQ_ERR_SUCCESS.rawValue else {
                refusal = subscriptionRefused("the filter \(topic) is not valid")
                return
            }
            subscriptionsPending.insert(packet)
        }
        isReady = subscriptionsPending.isEmpty
    }

    private func subscribed(_ packet: Int32, _ granted: UnsafeBufferPointer<Int32>) {
        guard granted.allSatisfy({ $0 == 1 }) else {
            refusal = subscriptionRefused("the broker grants \(granted.map { $0 }) where QoS 1 was asked")
            return
        }
        subscriptionsPending.remove(packet)
        isReady = subscriptionsPending.isEmpty
    }

    /// Only MQTT 5 brokers say why; library errors of the same callback arrive as status codes too.
    private func disconnected(_ reason: Int32) {
        guard reason >= 128, refusal == nil else { return }
        refusal = CustodyError(
            "mqtt-disconnected-by-broker",
            "The broker ended the connection: \(String(cString: mosquitto_reason_string(reason)))", at: place)
    }

    /// Throws when the library or the broker has ended the connection.
    private func check(_ status: Int32) throws {
        let systemError = errno
        if let refusal { throw refusal }
        guard status == MOSQ_ERR_SUCCESS.rawValue, mosquitto_socket(handle) >= 0 else {
            throw lost(status, systemError)
        }
    }

    private func loginRefused(_ code: Int32) -> CustodyError {
        let reason = configuration.version == .v5 ? mosquitto_reason_string(code) : mosquitto_connack_string(code)
        return CustodyError(
            "mqtt-login-refused", "The broker refused the login: \(reason.map { String(cString: $0) } ?? "\(code)")",
            at: place, remedy: "Check the user, the password file and the broker's access rules.")
    }

    private func subscriptionRefused(_ reason: String) -> CustodyError {
        CustodyError(
            "mqtt-subscription-refused", "The subscription was refused: \(reason)", at: place,
            remedy: "Check the topics and the broker's access rules.")
    }

    private func lost(_ status: Int32, _ systemError: Int32) -> CustodyError {
        let reason = status == MOSQ_ERR_ERRNO.rawValue ? systemMessage(systemError) : MQTTConnection.text(status)
        if configuration.tls != nil, systemError == EPROTO || MQTTConnection.tlsFailures.contains(status) {
            return CustodyError(
                "mqtt-tls-refused", "No trusted connection to the broker: \(lastLibraryError ?? reason)", at: place,
                remedy: "Check the authority file, the broker's name and its certificate's dates.")
        }
        return CustodyError(
            "mqtt-broker-unreachable", "The broker cannot be reached or closed the connection: \(reason)", at: place)
    }

    private static let tlsFailures: Set<Int32> = [
        Int32(MOSQ_ERR_TLS.rawValue), Int32(MOSQ_ERR_TLS_HANDSHAKE.rawValue),
    ]

    private var place: String { "\(configuration.host):\(configuration.port)" }

    private static func text(_ status: Int32) -> String {
        mosquitto_strerror(status).map { String(cString: $0) } ?? "error \(status)"
    }

    /// While corked, the kernel joins the 4-byte PUBACKs of a batch into full segments; uncorking sends the rest.
    private func cork(_ isOn: Bool) {
        var value: Int32 = isOn ? 1 : 0
        setsockopt(
            mosquitto_socket(handle), Int32(IPPROTO_TCP), TCP_CORK, &value, socklen_t(MemoryLayout<Int32>.size))
    }
}
