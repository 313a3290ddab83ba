/// For how long each sample of a window stands, honestly: a silence belongs to none.
struct SampleSpans {
    /// Samples further apart than this many usual intervals are apart by a silence.
    private static let silenceIntervals: Int64 = 3

    private let samples: [Window.Sample]
    private let usual: Int64

    /// - Parameter samples: in order of time.
    init(_ samples: [Window.Sample]) {
        self.samples = samples
        let steps = zip(samples, samples.dropFirst()).map { $1.time - $0.time }.sorted()
        usual = steps.isEmpty ? 0 : steps[steps.count / 2]
    }

    /// Microseconds that samples stand for whose values are asked for: half-way to each neighbour.
    func time(where isMeant: (Double) -> Bool) -> Int64 {
        var doubled: Int64 = 0
        for (earlier, later) in zip(samples, samples.dropFirst()) {
            let step = later.time - earlier.time
            guard !isSilence(step) else { continue }
            doubled += (isMeant(earlier.value) ? step : 0) + (isMeant(later.value) ? step : 0)
        }
        return doubled / 2
    }

    var silence: Int64 {
        zip(samples, samples.dropFirst()).reduce(0) { sum, pair in
            let step = pair.1.time - pair.0.time
            return isSilence(step) ? sum + step : sum
        }
    }

    private func isSilence(_ step: Int64) -> Bool { step / Self.silenceIntervals > usual }
}
