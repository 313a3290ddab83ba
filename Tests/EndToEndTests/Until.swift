import Testing

/// Waits until something holds; fails when it does not within the time.
func until(
    _ what: String, within limit: Duration = .seconds(30), _ isMet: () throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try !isMet() {
        try #require(ContinuousClock.now < deadline, "\(what), within \(limit)")
        try await Task.sleep(for: .milliseconds(5))
    }
}
