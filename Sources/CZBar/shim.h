#pragma once
#include <spawn.h>
#include <sys/prctl.h>
#include <zbar.h>

/* The header shows it only with GNU extensions on, which Swift's importer has not (glibc 2.34 and later). */
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);

static inline int custody_close_from(posix_spawn_file_actions_t *actions, int from) {
    return posix_spawn_file_actions_addclosefrom_np(actions, from);
}

/* prctl is variadic, which Swift cannot call. */
static inline int custody_no_new_privileges(void) {
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/* zbar's FourCC of 8-bit luma, "Y800"; its own macro is a cast that Swift does not import. */
static inline unsigned long custody_zbar_luma(void) {
    return zbar_fourcc('Y', '8', '0', '0');
}
