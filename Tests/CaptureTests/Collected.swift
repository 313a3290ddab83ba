import Synchronization

/// Things that arrive from other threads, and a way to wait for them until a deadline.
final class Collected<Element: Sendable>: Sendable {
    struct NotInTime: Error {}

    private struct State {
        var elements: [Element] = []
        var waiting: [(isMet: @Sendable ([Element]) -> Bool, resume: CheckedContinuation<Bool, Never>)] = []
    }

    private let state = Mutex(State())

    var elements: [Element] { state.withLock { $0.elements } }

    func append(contentsOf new: [Element]) {
        let met = state.withLock { state in
            state.elements += new
            let elements = state.elements
            let met = state.waiting.filter { $0.isMet(elements) }
            state.waiting.removeAll { $0.isMet(elements) }
            return met.map(\.resume)
        }
        met.forEach { $0.resume(returning: true) }
    }

    func append(_ element: Element) {
        append(contentsOf: [element])
    }

    @discardableResult
    func until(
        within limit: Duration = .seconds(20), _ isMet: @escaping @Sendable ([Element]) -> Bool
    ) async throws -> [Element] {
        let deadline = Task { [weak self] in
            try await Task.sleep(for: limit)
            self?.giveUp()
        }
        defer { deadline.cancel() }
        let inTime = await withCheckedContinuation { continuation in
            let isMetNow = state.withLock { state in
                if isMet(state.elements) { return true }
                state.waiting.append((isMet, continuation))
                return false
            }
            if isMetNow { continuation.resume(returning: true) }
        }
        guard inTime else { throw NotInTime() }
        return elements
    }

    private func giveUp() {
        let waiting = state.withLock { state in
            defer { state.waiting.removeAll() }
            return state.waiting
        }
        waiting.forEach { $0.resume.resume(returning: false) }
    }
}
