#include "CZXing.h"

#define ZX_USE_UTF8 1
#include <ZXing/BarcodeFormat.h>
#include <ZXing/DecodeHints.h>
#include <ZXing/ReadBarcode.h>

#include <new>
#include <string>

using ZXing::BarcodeFormat;

#define ASSERT_SAME(ours, theirs) static_assert(int(ours) == int(BarcodeFormat::theirs), "a format has moved")
ASSERT_SAME(CZXING_AZTEC, Aztec);
ASSERT_SAME(CZXING_CODABAR, Codabar);
ASSERT_SAME(CZXING_CODE_39, Code39);
ASSERT_SAME(CZXING_CODE_93, Code93);
ASSERT_SAME(CZXING_CODE_128, Code128);
ASSERT_SAME(CZXING_DATABAR, DataBar);
ASSERT_SAME(CZXING_DATABAR_EXPANDED, DataBarExpanded);
ASSERT_SAME(CZXING_DATA_MATRIX, DataMatrix);
ASSERT_SAME(CZXING_EAN_8, EAN8);
ASSERT_SAME(CZXING_EAN_13, EAN13);
ASSERT_SAME(CZXING_ITF, ITF);
ASSERT_SAME(CZXING_PDF_417, PDF417);
ASSERT_SAME(CZXING_QR_CODE, QRCode);
ASSERT_SAME(CZXING_UPC_A, UPCA);
ASSERT_SAME(CZXING_UPC_E, UPCE);
ASSERT_SAME(CZXING_MICRO_QR_CODE, MicroQRCode);

static ZXing::DecodeHints hints(const czxing_settings &settings) {
    return ZXing::DecodeHints()
        .setFormats(ZXing::BarcodeFormats(BarcodeFormat(settings.formats)))
        .setTryHarder(settings.try_harder)
        .setTryRotate(settings.try_rotate)
        .setTryDownscale(settings.try_downscale)
        .setBinarizer(settings.global_threshold ? ZXing::Binarizer::GlobalHistogram : ZXing::Binarizer::LocalAverage)
        .setReturnCodabarStartEnd(true)
        .setMinLineCount(settings.lines_min)
        .setMaxNumberOfSymbols(settings.symbols_max);
}

static void hand_over(const ZXing::Result &result, void *context, czxing_found found) {
    const auto &bytes = result.bytes();
    const auto identifier = result.symbologyIdentifier();
    const auto text = result.text();
    czxing_symbol symbol = {};
    symbol.format = uint32_t(result.format());
    symbol.bytes = bytes.data();
    symbol.bytes_count = bytes.size();
    symbol.identifier = identifier.data();
    symbol.identifier_count = identifier.size();
    symbol.text = text.data();
    symbol.text_count = text.size();
    for (size_t corner = 0; corner < 4; corner++) {
        symbol.corners[corner * 2] = result.position()[corner].x;
        symbol.corners[corner * 2 + 1] = result.position()[corner].y;
    }
    symbol.lines = result.lineCount();
    found(context, &symbol);
}

czxing_status czxing_read(czxing_image image, czxing_settings settings, void *context, czxing_found found) {
    try {
        const auto view = ZXing::ImageView(
            image.pixels, image.width, image.height, ZXing::ImageFormat::Lum, image.stride);
        for (const auto &result : ZXing::ReadBarcodes(view, hints(settings)))
            if (result.isValid()) hand_over(result, context, found);
        return CZXING_DONE;
    } catch (const std::bad_alloc &) {
        return CZXING_OUT_OF_MEMORY;
    } catch (...) {
        return CZXING_FAILED;
    }
}
