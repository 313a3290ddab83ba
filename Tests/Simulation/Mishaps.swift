import Rig

/// What goes wrong while people work: links, power, processes, clocks.
@Simulation final class Mishaps {
    private let world: World

    init(world: World) { self.world = world }

    func run() async {
        for _ in 0..<world.draw(1..<5) {
            await world.pause(.milliseconds(world.draw(50..<700)))
            guard world.failure == nil else { return }
            switch world.draw(0..<8) {
            case 0, 1: cutLinks()
            case 2, 3: lightFuse()
            case 4: gateway.running == nil ? () : gateway.losePower()
            case 5: kill()
            case 6: await restart()
            default: jump()
            }
        }
        await world.pause(.milliseconds(world.draw(50..<700)))
    }

    private var gateway: SimulatedGateway { world.gateways[world.draw(0..<world.gateways.count)] }

    /// Some gateways no longer reach the others, or two do not reach each other.
    private func cutLinks() {
        let count = world.gateways.count
        let side = (0..<count).map { _ in world.happens(0.5) }
        let one = world.draw(0..<count)
        let isPair = world.happens(0.3)
        let other = (one + world.draw(1..<count)) % count
        var links: Set<[Int]> = []
        for first in 0..<count {
            for second in first + 1..<count {
                if isPair ? Set([first, second]) == Set([one, other]) : side[first] != side[second] {
                    links.insert([first, second])
                }
            }
        }
        world.network.cutLinks = links
        world.trace("network", "is cut between \(links.sorted { $0.lexicographicallyPrecedes($1) })")
        Timeline.shared.alarm(after: Int64(world.draw(200_000..<2_500_000))) { [world] _ in
            Simulation.assumeIsolated {
                guard world.network.cutLinks == links else { return }
                world.network.cutLinks = []
                world.trace("network", "is whole")
            }
        }
    }

    /// The power goes in the middle of one of the next writes or syncs.
    private func lightFuse() {
        let gateway = gateway
        gateway.disk.fuse = world.draw(1..<60)
        world.trace(gateway.name, "will lose power in \(gateway.disk.fuse ?? 0) operations of its disk")
    }

    private func kill() {
        let gateway = gateway
        guard gateway.running != nil else { return }
        gateway.kill()
        world.restartSoon(gateway)
    }

    private func restart() async {
        let gateway = gateway
        await gateway.stop()
        world.restartSoon(gateway)
    }

    private func jump() {
        let gateway = gateway
        let seconds = [-86_400, -3_600, -5, 7, 3_600, 86_400][world.draw(0..<6)]
        gateway.clock.offset += Int64(seconds) * 1_000_000
        world.trace(gateway.name, "has its clock set by \(seconds) s")
    }
}
