/// Where received messages become durable. Declared here, implemented by the store, handed to the capture side.
///
/// The contract:
/// - When `commit` returns, all readings of the batch are durable, and the raw bytes of every message that could not be
///   read: synced to disk, not only written. Only then may the caller acknowledge any of them.
/// - When `commit` throws, the caller must acknowledge nothing of the batch and must drop its connection, so that the
///   broker delivers again. The sink may have kept all of the batch or none of it, never a part.
/// - A message delivered again is taken without complaint. The sink removes duplicate readings: those with the same
///   device, metric, session, sequence, time and value.
/// - It keeps the order of the batch, and of batches.
/// - It is called by one caller, on one thread, never at once with itself, and blocks while it syncs. The caller
///   keeps it off the cooperative pool.
public protocol ReadingSink: Sendable {
    /// Makes a batch durable. An empty batch is allowed and does nothing.
    func commit(_ messages: [InboundMessage]) throws
}
