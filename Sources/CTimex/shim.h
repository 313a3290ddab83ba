#pragma once
#include <sys/timex.h>

/// Whether the kernel's clock is disciplined by a time source; its estimated error in microseconds.
static inline int custody_clock_state(long *estimated_error) {
    struct timex state = {0};
    int result = adjtimex(&state);
    *estimated_error = state.esterror;
    return result >= 0 && !(state.status & STA_UNSYNC);
}
