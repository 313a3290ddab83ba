import Foundation
import Ledger
import Telemetry
import Testing

@testable import Store

@Suite final class IntakeStoreTests {
    let folder: String
    let intake: IntakeStore

    init() throws {
        folder = FileManager.default.temporaryDirectory.path + "/custody-intake-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        intake = try IntakeStore(path: folder + "/intake.sqlite")
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    static func reading(_ time: Int64, _ value: Double = 4, sequence: UInt64? = nil) throws -> Reading {
        try Reading(
            device: "truck-1", metric: "temperature", value: .number(value), unit: "Cel", time: time, sequence: sequence
        )
    }

    static func message(_ readings: [Reading]) -> InboundMessage {
        InboundMessage(topic: "t", payload: [1], receivedAt: 5, content: .readings(readings))
    }

    static let sensor = SensorName(device: "truck-1", metric: "temperature", unit: "Cel")

    @Test func theWriterWaitsForTheDisk() throws {
        #expect(try intake.synchronousLevel() == 2)
        #expect(try IntakeStore(path: folder + "/intake.sqlite").synchronousLevel() == 2)
    }

    @Test func keepsADuplicateOnce() throws {
        let readings = try [Self.reading(1), Self.reading(2, sequence: 3), Self.reading(2, sequence: .max)]
        try intake.commit([Self.message(readings), Self.message(readings)])
        try intake.commit([Self.message(readings)])
        #expect(try intake.readingCount() == 3)
        try intake.commit([Self.message([Self.reading(1, 4.5)])])
        #expect(try intake.readingCount() == 4)
    }

    @Test func givesBackEveryPartOfAReading() throws {
        let reading = try Reading(
            device: "truck-1", metric: "humidity", value: .number(-0.5), unit: "%RH", time: Reading.timeMin,
            sequence: 7,
            session: "boot-1")
        try intake.commit([Self.message([reading])])
        #expect(try IntakeStore(path: folder + "/intake.sqlite").readings(device: "truck-1") == [reading])
    }

    @Test func keepsWhatCannotBeRead() throws {
        let reason = TelemetryError(.textEmpty, "no device")
        let message = InboundMessage(
            topic: "odd", payload: [0xFF, 0], receivedAt: 1, content: .undecodable(reason: reason))
        try intake.commit([message])
        let kept = try intake.undecodable(limit: 5)
        #expect(kept.map(\.topic) == ["odd"])
        #expect(kept.map(\.payload) == [[0xFF, 0]])
        #expect(kept.allSatisfy { $0.reason.contains("no device") })
    }

    @Test func keepsAnUnmatchedScanOncePerStation() throws {
        for (station, time) in [("dock", 1), ("dock", 2), ("ward", 3)] as [(String, Int64)] {
            try intake.keepUnmatched(
                bytes: [0x1D, 0x31], symbologyIdentifier: "]d2", station: station, receivedAt: time,
                reason: "why \(time)")
        }
        let scans = try intake.unmatchedScans(limit: 10)
        #expect(scans.map(\.station) == ["ward", "dock"])
        #expect(scans.map(\.receivedAt) == [3, 2])
        #expect(scans.map(\.reason) == ["why 3", "why 2"])
        #expect(scans.allSatisfy { $0.bytes == [0x1D, 0x31] && $0.symbologyIdentifier == "]d2" })
    }

    @Test func aSettledScanLeavesTheListUntilItComesAgain() throws {
        func keep() throws -> Int64 {
            try intake.keepUnmatched(
                bytes: [1], symbologyIdentifier: nil, station: "dock", receivedAt: 1, reason: "no order")
        }
        let number = try keep()
        #expect(try intake.unmatchedScan(number).bytes == [1])
        try intake.settle(scans: [number], in: "clinic/main:7")
        #expect(try intake.unmatchedScans(limit: 9).isEmpty)
        #expect(throws: CustodyError("scan-settled", "")) { try intake.unmatchedScan(number) }
        #expect(throws: CustodyError("scan-unknown", "")) { try intake.unmatchedScan(number + 1) }
        #expect(try keep() == number)
        #expect(try intake.unmatchedScans(limit: 9).map(\.id) == [number])
    }

    @Test func aDeliveryStaysUntilItIsTakenOrRefused() throws {
        func message(_ byte: UInt8, _ station: String) -> InboundMessage {
            InboundMessage(topic: "t", payload: [byte], receivedAt: 5, content: .delivery(station: station))
        }
        try intake.commit([message(1, "dock"), message(2, "dock"), message(3, "gate")])
        let reopened = try IntakeStore(path: folder + "/intake.sqlite")
        let first = try #require(try reopened.nextDelivery(for: "dock"))
        #expect(first.payload == [1])
        try reopened.take(first)
        let second = try #require(try reopened.nextDelivery(for: "dock"))
        #expect(second.payload == [2])
        try reopened.refuse(second, because: "no symbol")
        #expect(try reopened.nextDelivery(for: "dock") == nil)
        #expect(try reopened.undecodable(limit: 9).map(\.payload) == [[2]])
        #expect(try reopened.nextDelivery(for: "gate")?.payload == [3])
    }

    @Test func aJourneyRemembersItsLimits() throws {
        let limits = TemperatureLimits(lowest: 2, highest: nil)
        try intake.follow(
            to: 1, began: [Journey(order: "o", sensors: "truck-1", began: 1, limits: limits)], ended: [])
        #expect(try intake.journeys(endedAfter: 0).map(\.limits) == [limits])
    }

    @Test func aWindowIsPendingUntilItIsSettled() throws {
        let window = try intake.announce(
            order: "o", sensor: Self.sensor, mark: WindowMark(end: 900, arrived: 2), isSupplementary: false)
        #expect(try intake.pendingWindows() == [window])
        #expect(try intake.mark(of: Self.sensor, order: "o") == WindowMark(end: 900, arrived: 2))
        #expect(window.before == nil)
        try intake.settle(window)
        #expect(try intake.pendingWindows() == [])
        let next = try intake.announce(
            order: "o", sensor: Self.sensor, mark: WindowMark(end: 1_800, arrived: 3), isSupplementary: false)
        #expect(next.before == WindowMark(end: 900, arrived: 2))
        #expect(try intake.mark(of: Self.sensor, order: "another") == nil)
    }

    @Test func aJourneyBeginsAndEndsOnce() throws {
        try intake.follow(to: 3, began: [Journey(order: "o", sensors: "truck-1", began: 10)], ended: [])
        try intake.follow(to: 4, began: [Journey(order: "o", sensors: "truck-2", began: 11)], ended: [("o", 20)])
        try intake.follow(to: 5, began: [], ended: [("o", 30)])
        #expect(try intake.followed() == 5)
        #expect(try intake.journeys(endedAfter: 0) == [Journey(order: "o", sensors: "truck-1", began: 10, ended: 20)])
        #expect(try intake.journeys(endedAfter: 20) == [])
    }

    @Test func lateReadingsAreThoseThatCameAfterAStamp() throws {
        try intake.commit([Self.message([Self.reading(10), Self.reading(20)])])
        let first = try intake.lastArrival()
        try intake.commit([Self.message([Self.reading(15), Self.reading(10), Self.reading(30)])])
        let second = try intake.lastArrival()
        for isPacked in [false, true] {
            if isPacked { try intake.pack() }
            let late = try intake.lateReadings(
                of: Self.sensor, in: ReadingSpan(from: 0, before: 20, arrived: (first + 1)...second))
            #expect(late.map(\.reading.time) == [15], "a reading that came twice is not late")
            #expect(late.map(\.arrived) == [second])
            let all = try intake.readings(of: Self.sensor, in: ReadingSpan(from: 0, before: 30, arrived: 0...first))
            #expect(all.map(\.reading.time) == [10, 20])
        }
    }
}
