import CZBar
import Glibc
import Ledger

/// Gives the frames of a camera, one after another.
protocol FrameDevice: Sendable {
    /// Blocks until the next frame is there; nil when `waker` was woken first. Throws `camera-gone`, `camera-silent`.
    func next(_ waker: Waker) throws -> LumaFrame?
}

/// An open V4L2 camera. Used by one thread at a time: its owner calls it on one lane only.
final class Camera: FrameDevice, @unchecked Sendable {
    /// How long a camera that is switched on may take for a frame.
    static let frameWithin: Duration = .seconds(5)

    private let video: OpaquePointer
    private let path: String

    /// - Throws: `CustodyError` with code `camera-not-opened`.
    init(_ path: String, width: Int, height: Int) throws {
        guard let video = zbar_video_create() else {
            throw CustodyError("decoder-out-of-memory", "There is not enough memory to open the camera", at: path)
        }
        zbar_video_request_size(video, UInt32(clamping: width), UInt32(clamping: height))
        guard zbar_video_open(video, path) == 0, zbar_negotiate_format(video, nil) == 0,
            zbar_video_enable(video, 1) == 0
        else {
            let reason = Camera.reason(video)
            zbar_video_destroy(video)
            throw CustodyError(
                "camera-not-opened", "The camera cannot be opened: \(reason)", at: path,
                remedy: """
                    Check the cable, the device's name, its permissions (group video), and that no other program uses \
                    the camera.
                    """)
        }
        self.video = video
        self.path = path
    }

    deinit {
        zbar_video_enable(video, 0)
        zbar_video_destroy(video)
    }

    func next(_ waker: Waker) throws -> LumaFrame? {
        guard try wait(waker) else { return nil }
        guard let image = zbar_video_next_image(video) else {
            throw CustodyError("camera-gone", "The camera was unplugged or failed: \(Camera.reason(video))", at: path)
        }
        defer { zbar_image_destroy(image) }
        guard let luma = zbar_image_convert(image, custody_zbar_luma()) else {
            throw CustodyError("camera-gone", "The camera's pictures cannot be read", at: path)
        }
        defer { zbar_image_destroy(luma) }
        return Camera.frame(luma)
    }

    /// Whether a frame is there.
    private func wait(_ waker: Waker) throws -> Bool {
        var descriptors = [
            pollfd(fd: zbar_video_get_fd(video), events: Int16(POLLIN), revents: 0),
            pollfd(fd: waker.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        let ready = poll(&descriptors, nfds_t(descriptors.count), Int32(Camera.frameWithin.components.seconds) * 1000)
        guard ready != 0 else {
            throw CustodyError(
                "camera-silent", "The camera sends no pictures", at: path, remedy: "Plug the camera out and in.")
        }
        waker.drain()
        return ready > 0 && descriptors[0].revents != 0
    }

    /// Nil for a picture of an impossible size.
    private static func frame(_ luma: OpaquePointer) -> LumaFrame? {
        let (width, height) = (Int(zbar_image_get_width(luma)), Int(zbar_image_get_height(luma)))
        guard let count = LumaFrame.pixelCount(width: width, height: height),
            Int(clamping: zbar_image_get_data_length(luma)) >= count, let data = zbar_image_get_data(luma)
        else { return nil }
        return LumaFrame(
            width: width, height: height, pixels: [UInt8](UnsafeRawBufferPointer(start: data, count: count)))
    }

    private static func reason(_ video: OpaquePointer) -> String {
        guard let text = zbar_video_error_string(video, 0) else { return "unknown" }
        return String(cString: text).split(separator: "\n").joined(separator: ": ")
    }
}
