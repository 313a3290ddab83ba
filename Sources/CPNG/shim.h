#pragma once
#include <png.h>

/* Casts and bit arithmetic in libpng's macros are not imported by Swift. */
static inline png_uint_32 custody_png_image_version(void) { return PNG_IMAGE_VERSION; }
static inline png_uint_32 custody_png_format_gray(void) { return PNG_FORMAT_GRAY; }
static inline int custody_png_failed(const png_image *image) { return PNG_IMAGE_FAILED(*image); }
