import Dispatch

/// A thread that works ahead of the caller's, for as long as the caller is there.
final class SideThread: Sendable {
    private let queue: DispatchQueue

    init(label: String) { queue = DispatchQueue(label: label) }

    /// Makes items one after another on this thread, while the caller's takes them in the same order.
    /// - Throws: what `take` throws, once no more items are being made.
    func stream<Item>(_ count: Int, make: (Int) -> Item, take: (Item) throws -> Void) rethrows {
        let items = UnsafeMutablePointer<Item>.allocate(capacity: count)
        defer { items.deallocate() }
        let made = DispatchSemaphore(value: 0)
        var taken = 0
        try withoutActuallyEscaping(make) { make in
            // Each item is handed over by the semaphore, and the closure is back when `sync` returns.
            nonisolated(unsafe) let (make, items) = (make, items)
            queue.async {
                for place in 0..<count {
                    (items + place).initialize(to: make(place))
                    made.signal()
                }
            }
            defer {
                queue.sync {}
                (items + taken).deinitialize(count: count - taken)
            }
            while taken < count {
                made.wait()
                taken += 1
                try take((items + taken - 1).move())
            }
        }
    }
}
