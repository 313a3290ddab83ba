import Dispatch

/// A thread that works ahead of the caller's, for as long as the caller is there.
final class SideThread: Sendable {
    private let queue: DispatchQueue

    init(label: String) { queue = DispatchQueue(label: label) }

    /// Has items made one after another on this thread, once those asked for before are made.
    ///
    /// The caller takes them, or waits with `rest` before it goes.
    func stream<Item>(_ count: Int, make: @escaping (Int) -> Item) -> SideStream<Item> {
        let stream = SideStream<Item>(count)
        // Each item is handed over by the semaphore, and the caller waits until all that `make` holds is free again.
        nonisolated(unsafe) let make = make
        queue.async { for place in 0..<count { stream.put(make(place)) } }
        return stream
    }

    /// Waits until everything that was asked for is made.
    func rest() { queue.sync {} }
}

/// Items that one thread makes and another takes, in the same order.
final class SideStream<Item>: @unchecked Sendable {
    private let items: UnsafeMutablePointer<Item>
    private let count: Int
    private let made = DispatchSemaphore(value: 0)
    private var put = 0
    private var taken = 0

    fileprivate init(_ count: Int) {
        items = .allocate(capacity: count)
        self.count = count
    }

    /// One item that is there already.
    convenience init(of item: Item) {
        self.init(1)
        put(item)
    }

    deinit {
        (items + taken).deinitialize(count: put - taken)
        items.deallocate()
    }

    fileprivate func put(_ item: Item) {
        (items + put).initialize(to: item)
        put += 1
        made.signal()
    }

    /// The next item, as soon as it is made; nil after the last one.
    func next() -> Item? {
        guard taken < count else { return nil }
        made.wait()
        taken += 1
        return (items + taken - 1).move()
    }
}
