import Glibc

/// What the system says about the last call that failed on this thread.
func systemMessage(_ code: Int32 = errno) -> String {
    String(cString: strerror(code))
}
