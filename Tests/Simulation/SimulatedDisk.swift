import Rig

/// A machine's disk, in memory, which loses what no sync has confirmed when the power goes.
///
/// Writes and truncations are volatile until `sync`. When the power goes, each sector of 512 bytes that was written since
/// then is kept or lost by itself, so that writes are torn and seem to come out of order. Creating and deleting a file
/// is durable at once.
final class SimulatedDisk: @unchecked Sendable {
    // Unchecked: only the simulation's one thread touches it.

    static let sectorBytes = 512

    final class File {
        fileprivate(set) var bytes: [UInt8] = []
        fileprivate var durable: [UInt8] = []
        fileprivate var unsynced: Set<Int> = []

        fileprivate init(_ bytes: [UInt8] = []) {
            self.bytes = bytes
            durable = bytes
        }
    }

    /// What a disk holds, as another machine could read it.
    typealias Image = [String: [UInt8]]

    enum Failure: Error { case dead }

    let name: String
    private(set) var files: [String: File] = [:]
    /// Counts what has used the disk one after another; whoever came before can do nothing more.
    private(set) var incarnation = 0
    private(set) var isPowered = false
    /// Writes and syncs until the power goes; nil = it stays.
    var fuse: Int?
    /// Whether a sync confirms without writing: a planted fault.
    var skipsSync = false
    /// Told in the middle of the operation during which the power went.
    var onPowerCut: () -> Void = {}
    private var random: SeededRandom
    /// Writes and syncs so far.
    private(set) var operations = 0
    var sharedMemory: [String: SharedMemory] = [:]

    init(name: String, seed: UInt64) {
        self.name = name
        random = SeededRandom(seed: seed)
        DiskRegister.disks[name] = self
    }

    /// Begins the next incarnation.
    /// - Returns: the folder under which it reaches its files.
    func power() -> String {
        incarnation += 1
        isPowered = true
        sharedMemory.removeAll()
        return "/\(name).\(incarnation)"
    }

    func isAlive(_ incarnation: Int) -> Bool { isPowered && incarnation == self.incarnation }

    /// The process has gone; what it wrote is in the operating system's memory and stays.
    func detach() {
        isPowered = false
        fuse = nil
    }

    /// The power goes: what was not synced is lost, in part or whole.
    /// - Parameter kept: the share of unsynced sectors that had been written, 0 to 1.
    func cutPower(keeping kept: Double) {
        detach()
        for name in files.keys.sorted() { files[name].map { lose($0, keeping: kept) } }
    }

    private func lose(_ file: File, keeping kept: Double) {
        guard !file.unsynced.isEmpty || file.bytes.count != file.durable.count else { return }
        if random.fraction() >= kept, file.bytes.count != file.durable.count { resize(file) }
        for sector in file.unsynced.sorted() where random.fraction() >= kept {
            let range = Self.range(of: sector, in: file.bytes)
            for place in range { file.bytes[place] = place < file.durable.count ? file.durable[place] : 0 }
        }
        file.durable = file.bytes
        file.unsynced = []
    }

    /// A new size, anywhere between the durable one and the one that was not synced.
    private func resize(_ file: File) {
        let (old, new) = (file.durable.count, file.bytes.count)
        let sectors = (max(old, new) - min(old, new)) / Self.sectorBytes
        let size = min(old, new) + Int(random.next() % UInt64(sectors + 1)) * Self.sectorBytes
        if size < new {
            file.bytes.removeLast(new - size)
        } else {
            file.bytes += file.durable[new..<max(new, min(size, old))]
        }
    }

    fileprivate static func range(of sector: Int, in bytes: [UInt8]) -> Range<Int> {
        let start = min(sector * sectorBytes, bytes.count)
        return start..<min(start + sectorBytes, bytes.count)
    }

    // MARK: Images

    /// All that is on the disk, as a copy of a running machine's files would have it.
    var image: Image { files.mapValues(\.bytes) }

    /// Puts an image in place of what is there, durably.
    func restore(_ image: Image) { files = image.mapValues { File($0) } }

    // MARK: Files

    func file(_ name: String, creating: Bool) -> File? {
        if let known = files[name] { return known }
        guard creating else { return nil }
        let file = File()
        files[name] = file
        return file
    }

    func delete(_ name: String) { files[name] = nil }

    /// Counts an operation, and may cut the power.
    /// - Returns: false if it must not be carried out.
    private func spend() -> Bool {
        operations += 1
        guard let left = fuse else { return true }
        fuse = left - 1
        return left > 1
    }

    private func blow() throws -> Never {
        onPowerCut()
        throw Failure.dead
    }

    func write(_ bytes: UnsafeRawBufferPointer, to file: File, at place: Int) throws {
        let goesOn = spend()
        let end = place + bytes.count
        if file.bytes.count < end { file.bytes += [UInt8](repeating: 0, count: end - file.bytes.count) }
        file.bytes.withUnsafeMutableBytes { $0[place..<end].copyBytes(from: bytes) }
        if !bytes.isEmpty {
            for sector in place / Self.sectorBytes...(end - 1) / Self.sectorBytes { file.unsynced.insert(sector) }
        }
        guard goesOn else { try blow() }
    }

    func truncate(_ file: File, to size: Int) throws {
        let goesOn = spend()
        if size < file.bytes.count { file.bytes.removeLast(file.bytes.count - size) }
        guard goesOn else { try blow() }
    }

    func sync(_ file: File) throws {
        guard spend() else { try blow() }
        guard !skipsSync else { return }
        if file.durable.count > file.bytes.count { file.durable.removeLast(file.durable.count - file.bytes.count) }
        if file.durable.count < file.bytes.count {
            file.durable += [UInt8](repeating: 0, count: file.bytes.count - file.durable.count)
        }
        file.durable.withUnsafeMutableBytes { durable in
            file.bytes.withUnsafeBytes { bytes in
                for sector in file.unsynced {
                    let start = min(sector * Self.sectorBytes, bytes.count)
                    let range = start..<min(start + Self.sectorBytes, bytes.count)
                    durable[range].copyBytes(from: bytes[range])
                }
            }
        }
        file.unsynced.removeAll(keepingCapacity: true)
    }

    /// Replaces a small file at once, as a rename after a sync does.
    func replace(_ name: String, with bytes: [UInt8]) throws {
        guard spend() else { try blow() }
        files[name] = File(bytes)
    }

    func drawRandom() -> UInt64 { random.next() }
}

/// What the connections of one process share about one database (`xShm*`).
final class SharedMemory {
    static let locksMax = 8

    private(set) var regions: [UnsafeMutableRawPointer] = []
    private var readers = [Int](repeating: 0, count: locksMax)
    private var writer = [ObjectIdentifier?](repeating: nil, count: locksMax)

    deinit { for region in regions { region.deallocate() } }

    func region(_ place: Int, bytes: Int, creating: Bool) -> UnsafeMutableRawPointer? {
        while creating, regions.count <= place {
            let region = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 16)
            region.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
            regions.append(region)
        }
        return place < regions.count ? regions[place] : nil
    }

    /// - Parameter held: what the caller holds already; is kept up to date.
    func lock(_ range: Range<Int>, exclusive: Bool, by owner: ObjectIdentifier, held: inout Set<Int>) -> Bool {
        for slot in range {
            if let other = writer[slot], other != owner { return false }
            if exclusive, readers[slot] > (held.contains(slot) && writer[slot] == nil ? 1 : 0) { return false }
        }
        for slot in range where !held.contains(slot) {
            if exclusive { writer[slot] = owner } else { readers[slot] += 1 }
            held.insert(slot)
        }
        return true
    }

    func unlock(_ range: Range<Int>, by owner: ObjectIdentifier, held: inout Set<Int>) {
        for slot in range where held.remove(slot) != nil {
            if writer[slot] == owner { writer[slot] = nil } else { readers[slot] -= 1 }
        }
    }
}

/// The disks that SQLite can reach, by name.
enum DiskRegister {
    // Only the simulation's one thread touches it.
    nonisolated(unsafe) static var disks: [String: SimulatedDisk] = [:]

    /// `/NAME.INCARNATION/FILE` taken apart.
    static func find(_ path: String) -> (disk: SimulatedDisk, incarnation: Int, file: String)? {
        let parts = path.split(separator: "/", maxSplits: 1)
        guard parts.count == 2, let dot = parts[0].lastIndex(of: "."),
            let disk = disks[String(parts[0][..<dot])], let incarnation = Int(parts[0][dot...].dropFirst())
        else { return nil }
        return (disk, incarnation, String(parts[1]))
    }
}
