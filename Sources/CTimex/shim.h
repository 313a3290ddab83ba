#pragma once
#include <fcntl.h>
#include <linux/stat.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <unistd.h>

/// Whether the kernel's clock is disciplined by a time source; its estimated error in microseconds.
static inline int custody_clock_state(long *estimated_error) {
    struct timex state = {0};
    int result = adjtimex(&state);
    *estimated_error = state.esterror;
    return result >= 0 && !(state.status & STA_UNSYNC);
}

long syscall(long number, ...);

/// When a file was made, nanoseconds since 1970; 0 where the file system does not know (statx(2), STATX_BTIME).
static inline int64_t custody_file_born(const char *path) {
    struct statx status = {0};
    if (syscall(SYS_statx, AT_FDCWD, path, 0, STATX_BTIME, &status) != 0) return 0;
    if (!(status.stx_mask & STATX_BTIME)) return 0;
    return status.stx_btime.tv_sec * INT64_C(1000000000) + status.stx_btime.tv_nsec;
}
