/// How many rows and columns of a camera's frames zbar leaves out, so that busy frames stay in their time.
///
/// On 1280 x 720 pixels zbar takes up to 200 ms for all rows of noise, 7 ms for every fourth of an ordinary picture.
struct FramePace: Hashable, Sendable {
    static let stepMin = 4
    /// A linear symbol of twice this height is still crossed by two rows.
    static let stepMax = 16
    /// Above this the next frame gets fewer rows.
    static let slow = Duration.milliseconds(10)
    /// Below this the next frame gets more rows.
    static let quick = Duration.milliseconds(4)

    private(set) var step = stepMin

    mutating func took(_ time: Duration) {
        if time > FramePace.slow {
            step = min(step * 2, FramePace.stepMax)
        } else if time < FramePace.quick {
            step = max(step / 2, FramePace.stepMin)
        }
    }
}
