#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One bit for each symbology; the values are the library's own, which the implementation asserts. */
enum {
    CZXING_AZTEC = 1 << 0,
    CZXING_CODABAR = 1 << 1,
    CZXING_CODE_39 = 1 << 2,
    CZXING_CODE_93 = 1 << 3,
    CZXING_CODE_128 = 1 << 4,
    CZXING_DATABAR = 1 << 5,
    CZXING_DATABAR_EXPANDED = 1 << 6,
    CZXING_DATA_MATRIX = 1 << 7,
    CZXING_EAN_8 = 1 << 8,
    CZXING_EAN_13 = 1 << 9,
    CZXING_ITF = 1 << 10,
    CZXING_PDF_417 = 1 << 12,
    CZXING_QR_CODE = 1 << 13,
    CZXING_UPC_A = 1 << 14,
    CZXING_UPC_E = 1 << 15,
    CZXING_MICRO_QR_CODE = 1 << 16,
};

/* Brightness, one byte a pixel; rows begin `stride` bytes apart. */
typedef struct {
    const uint8_t *pixels;
    int32_t width, height, stride;
} czxing_image;

typedef struct {
    uint32_t formats;
    bool try_harder;
    bool try_rotate;
    /* Also a third of the size, and a third of that, of a large image. */
    bool try_downscale;
    /* One threshold for a whole line or image instead of one for each neighbourhood. */
    bool global_threshold;
    /* Of a linear symbol: how many scan lines have to agree, at least 1. */
    uint8_t lines_min;
    /* The search ends with this many symbols. */
    uint8_t symbols_max;
} czxing_settings;

/* All pointers end with the call that hands them over. */
typedef struct {
    uint32_t format;
    const uint8_t *bytes;
    size_t bytes_count;
    /* The symbology identifier (ISO/IEC 15424), such as "]d2". */
    const char *identifier;
    size_t identifier_count;
    /* UTF-8; of a matrix symbol by its character set, given or guessed. */
    const char *text;
    size_t text_count;
    /* x and y of the corners, clockwise from the symbol's own top left. */
    int32_t corners[8];
    /* How many scan lines agreed; 0 for a matrix symbol. */
    int32_t lines;
} czxing_symbol;

typedef void (*czxing_found)(void *context, const czxing_symbol *symbol);

typedef enum { CZXING_DONE = 0, CZXING_FAILED = 1, CZXING_OUT_OF_MEMORY = 2 } czxing_status;

/* Calls `found` for every valid symbol of the image, on the calling thread. Never throws; keeps nothing. */
czxing_status czxing_read(czxing_image image, czxing_settings settings, void *context, czxing_found found);

#ifdef __cplusplus
}
#endif
