/// An edge node: what one MQTT client of a Sparkplug network is (Sparkplug 3.0 section 4.1).
public struct SparkplugNode: Hashable, Sendable {
    /// The group that the node belongs to.
    public let group: String

    /// The node's own name, unique in its group.
    public let edge: String

    /// Names a node.
    public init(group: String, edge: String) {
        self.group = group
        self.edge = edge
    }
}
