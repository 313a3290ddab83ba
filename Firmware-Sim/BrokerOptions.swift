import ArgumentParser
import Capture

/// How a simulated device reaches its broker.
struct BrokerOptions: ParsableArguments {
    @Option(help: "The broker's host.")
    var host = "127.0.0.1"

    @Option(help: "The broker's port.")
    var port = 1883

    @Option(help: "The login; the device's name, where there is a password file.")
    var user: String?

    @Option(help: "A file whose first line is the password.")
    var passwordFile: String?

    @Option(help: "PEM file of the authorities of the broker's certificate; turns TLS on.")
    var authorityFile: String?

    func configuration(device: String) -> MQTTConfiguration {
        MQTTConfiguration(
            host: host, port: port, clientID: device,
            tls: authorityFile.map { MQTTConfiguration.TLS(authorityFile: $0) },
            user: user ?? (passwordFile == nil ? nil : device), passwordFile: passwordFile,
            backoff: Backoff(first: .milliseconds(250), longest: .seconds(5)))
    }
}
