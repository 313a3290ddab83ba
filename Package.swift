// swift-tools-version: 6.2
import PackageDescription

// Not MemberImportVisibility: to which module the compiler counts the C library's types changes with what else is loaded.
let strict: [SwiftSetting] = [.enableUpcomingFeature("ExistentialAny"), .treatAllWarnings(as: .error)]

func library(_ name: String, package: String) -> Target.Dependency { .product(name: name, package: package) }

let argumentParser = library("ArgumentParser", package: "swift-argument-parser")
let logging = library("Logging", package: "swift-log")
let crypto = library("Crypto", package: "swift-crypto")
let cryptoExtras = library("CryptoExtras", package: "swift-crypto")
let protobuf = library("SwiftProtobuf", package: "swift-protobuf")
let yams = library("Yams", package: "Yams")
let grdb = library("GRDB", package: "GRDB.swift")
let sqlite = library("GRDBSQLite", package: "GRDB.swift")
let x509 = library("X509", package: "swift-certificates")
let asn1 = library("SwiftASN1", package: "swift-asn1")
let nioCore = library("NIOCore", package: "swift-nio")
let nioHTTP1 = library("NIOHTTP1", package: "swift-nio")
let nioSSL = library("NIOSSL", package: "swift-nio-ssl")
let httpTypes = library("HTTPTypes", package: "swift-http-types")
let httpClient = library("AsyncHTTPClient", package: "async-http-client")
let hummingbird = library("Hummingbird", package: "hummingbird")
let hummingbirdTLS = library("HummingbirdTLS", package: "hummingbird")
let hummingbirdTesting = library("HummingbirdTesting", package: "hummingbird")
let signals = library("UnixSignals", package: "swift-service-lifecycle")
let lifecycle = library("ServiceLifecycle", package: "swift-service-lifecycle")

/// The gateway runs where no Swift is installed, and maps only the parts of the runtime that it uses: 2 MB less.
let staticRuntime: [LinkerSetting] = [
    .unsafeFlags(
        [
            "-static-stdlib", "-lCoreFoundation", "-l_FoundationCShims", "-l_FoundationCollections",
            "-l_FoundationICU", "-lstdc++",
        ], .when(configuration: .release))
]

func fence(_ name: String, pkgConfig: String? = nil, apt: String) -> Target {
    .systemLibrary(name: name, path: "Sources/\(name)", pkgConfig: pkgConfig, providers: [.apt([apt])])
}

func layer(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .target(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: strict)
}

func tests(of name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []) -> Target {
    .testTarget(name: "\(name)Tests", dependencies: dependencies, resources: resources, swiftSettings: strict)
}

let package = Package(
    name: "custody",
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-certificates.git", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-asn1.git", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-http-types.git", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-protobuf.git", from: "1.39.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
        .package(url: "https://github.com/swift-server/async-http-client.git", from: "1.37.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.1"),
        .package(url: "https://github.com/groue/GRDB.swift.git", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams.git", from: "6.2.2"),
    ],
    targets: [
        fence("CMosquitto", pkgConfig: "libmosquitto", apt: "libmosquitto-dev"),
        fence("CZBar", pkgConfig: "zbar", apt: "libzbar-dev"),
        fence("CPNG", pkgConfig: "libpng", apt: "libpng-dev"),
        fence("CTurboJPEG", pkgConfig: "libturbojpeg", apt: "libturbojpeg0-dev"),
        fence("CZint", apt: "libzint-dev"),
        fence("CTimex", apt: "libc6-dev"),
        fence("CZlib", pkgConfig: "zlib", apt: "zlib1g-dev"),
        // C++ behind a C header: libzxing has no C interface in Debian 12.
        .target(name: "CZXing", linkerSettings: [.linkedLibrary("ZXing")]),
        // Whose header names no type of libcrypto: BoringSSL has types of the same names.
        .target(name: "COpenSSL", linkerSettings: [.linkedLibrary("crypto")]),

        layer("Ledger", [crypto, protobuf, yams, x509, asn1], exclude: ["ledger.proto", "proof.proto"]),
        layer("Identifiers", []),
        layer("Telemetry", []),
        layer("EPCIS", ["Ledger", "Identifiers", "Telemetry"]),
        layer("TimeStamps", ["Ledger", "COpenSSL"]),
        layer("Store", ["Ledger", "Telemetry", "TimeStamps", grdb, sqlite]),
        layer(
            "Capture",
            [
                "Ledger", "Identifiers", "Telemetry", "CMosquitto", "CZBar", "CZXing", "CPNG", "CTurboJPEG", logging,
            ]),
        layer(
            "Consortium",
            [
                "Ledger", "Store", "TimeStamps", "CZlib", crypto, cryptoExtras, x509, asn1, nioCore, nioHTTP1, nioSSL,
                httpTypes,
                httpClient,
                hummingbird, hummingbirdTLS, logging, lifecycle,
            ]),
        layer("Gateway", ["Ledger", "Identifiers", "Telemetry", "Store", "Capture", "CTimex", logging]),
        layer("History", ["Ledger", "Identifiers", "Telemetry", "Store", "Consortium", "Gateway"]),
        layer(
            "Portal",
            [
                "Ledger", "Identifiers", "Store", "Capture", "Gateway", "Consortium", httpTypes, nioCore, nioHTTP1,
                httpClient, hummingbird, hummingbirdTLS, logging, lifecycle,
            ]),
        layer("Labels", ["Ledger", "Identifiers", "CZint"]),
        .executableTarget(
            name: "custody",
            dependencies: [
                "Ledger", "Identifiers", "Telemetry", "EPCIS", "Store", "Capture", "Consortium", "Gateway", "History",
                "Labels", "Portal", "TimeStamps", argumentParser, crypto, hummingbird, logging, lifecycle, signals,
            ], swiftSettings: strict,
            linkerSettings: staticRuntime),
        // What simulator, measurements, fuzzing and tests share.
        layer("Rig", ["Ledger"]),
        .executableTarget(
            name: "firmware-sim",
            dependencies: ["Capture", "Identifiers", "Labels", "Ledger", "Rig", argumentParser, logging],
            path: "Firmware-Sim", swiftSettings: strict),

        .executableTarget(
            name: "custody-bench",
            dependencies: [
                "Capture", "Consortium", "Gateway", "History", "Identifiers", "Labels", "Ledger", "Rig", "Store",
                "Telemetry", "CZBar", "CZXing", "CZint", argumentParser, hummingbird, lifecycle, logging, nioCore,
                sqlite,
            ], path: "Benchmarks", exclude: ["Results"], swiftSettings: strict),
        .executableTarget(
            name: "custody-fuzz",
            dependencies: [
                "Capture", "EPCIS", "Identifiers", "Labels", "Ledger", "Rig", "Telemetry", "TimeStamps",
                argumentParser,
            ],
            path: "Fuzz", swiftSettings: strict),

        .executableTarget(
            name: "custody-simulate",
            dependencies: [
                "Consortium", "Gateway", "Ledger", "Rig", "Store", argumentParser, crypto, grdb, sqlite, x509, asn1,
                nioCore, library("NIOEmbedded", package: "swift-nio"), httpTypes, hummingbird, logging,
            ], path: "Tests/Simulation", exclude: ["exchange.yaml"], swiftSettings: strict),
        tests(of: "Simulation", ["custody-simulate", "Rig"]),

        tests(of: "Fuzz", ["custody-fuzz"], resources: [.copy("Kept")]),
        tests(of: "FirmwareSim", ["firmware-sim", "Capture", "Identifiers", "Ledger", argumentParser, logging]),
        tests(of: "Ledger", ["Ledger", "Rig", crypto, protobuf]),
        tests(of: "Identifiers", ["Identifiers"]),
        tests(of: "Labels", ["Labels", "Capture", "Identifiers", "Ledger"]),
        tests(of: "Telemetry", ["Telemetry"]),
        tests(of: "EPCIS", ["EPCIS", "Ledger", "Rig"], resources: [.copy("Vectors"), .copy("Schema")]),
        tests(of: "Store", ["Store", "Ledger", "Rig", "Telemetry", "TimeStamps", grdb]),
        tests(of: "Gateway", ["Gateway", "Capture", "Store", "Ledger", "Telemetry", "Identifiers", grdb, logging]),
        tests(of: "History", ["History", "Gateway", "Store", "Ledger", "Telemetry", "Identifiers", logging]),
        tests(
            of: "Portal",
            [
                "Portal", "Capture", "Consortium", "Gateway", "Identifiers", "Ledger", httpClient, nioCore, nioHTTP1,
                nioSSL, lifecycle, logging,
            ]),
        tests(of: "EndToEnd", ["Capture", "Consortium", "Rig", "Store", "Ledger", "Telemetry", grdb]),
        tests(
            of: "Capture", ["Capture", "Identifiers", "Rig", "Telemetry", "Ledger", logging],
            resources: [.copy("Fixtures")]),
        tests(
            of: "Consortium",
            [
                "Consortium", "Ledger", "Rig", "Store", "TimeStamps", crypto, x509, asn1, nioCore, nioSSL, httpTypes,
                httpClient, hummingbird, logging, lifecycle,
            ]),
    ]
)
