/// Something that reads bytes from outside, with sound inputs to begin from.
struct Parser {
    let name: String
    let samples: [[UInt8]]
    /// Whether the bytes are well formed. What it throws, beside a refusal, is a broken promise.
    let accepts: ([UInt8]) throws -> Bool
}

/// A promise that an input broke.
struct Broken: Error {
    let promise: String
}
