/* SPDX-License-Identifier: Apache-2.0 */
/* Draws what libqrencode computes. */
#include "login/qr_code.h"

#ifdef LATE_QRENCODE

#include <errno.h>
#include <qrencode.h>
#include <string.h>

#include "base/late.h"

#define QRENCODE_FUNCTIONS(X) X(QRcode_encodeString8bit) X(QRcode_APIVersionString) X(QRcode_free)
static struct {
    QRENCODE_FUNCTIONS(LATE_MEMBER)
} qrencode;
#define QRENCODE_SYMBOL(function) LATE_SYMBOL(qrencode, function)
static const struct late_symbol symbols[] = {QRENCODE_FUNCTIONS(QRENCODE_SYMBOL)};
static const struct late_library library = {LATE_QRENCODE, "libqrencode4", symbols, array_length(symbols)};

/* The light border that a camera needs to find the code. */
enum { BORDER = 2 };
#define DARK_ON_LIGHT "\033[38;5;16;48;5;231m"
#define DARK "\033[48;5;16m  "
#define LIGHT "\033[48;5;231m  "
#define PLAIN "\033[0m"

static bool is_dark(const QRcode *code, int row, int column)
{
    if (row < 0 || column < 0 || row >= code->width || column >= code->width)
        return false;
    return code->data[row * code->width + column] & 1;
}

/* Two rows of the code are one line of text. */
static void draw_halves(const QRcode *code, int row, struct buffer *out)
{
    static const char *const halves[] = {" ", "\xe2\x96\x80", "\xe2\x96\x84", "\xe2\x96\x88"};
    buffer_add(out, DARK_ON_LIGHT);
    for (int column = -BORDER; column < code->width + BORDER; column++)
        buffer_add(out, halves[is_dark(code, row, column) + 2 * is_dark(code, row + 1, column)]);
    buffer_add(out, PLAIN "\n");
}

static void draw_spaces(const QRcode *code, int row, struct buffer *out)
{
    for (int column = -BORDER; column < code->width + BORDER; column++)
        buffer_add(out, is_dark(code, row, column) ? DARK : LIGHT);
    buffer_add(out, PLAIN "\n");
}

static bool draw(const QRcode *code, const struct qr_code_screen *screen, struct buffer *out)
{
    unsigned across = (unsigned)(code->width + 2 * BORDER);
    if (screen->columns < (screen->utf8 ? across : 2 * across))
        return false;
    for (int row = -BORDER; row < code->width + BORDER; row += screen->utf8 ? 2 : 1) {
        if (screen->utf8)
            draw_halves(code, row, out);
        else
            draw_spaces(code, row, out);
    }
    return true;
}

bool qr_code_draw(const char *text, const struct qr_code_screen *screen, struct buffer *out, bool *fits,
                  struct error *err)
{
    if (!late_bind(&library, err))
        return false;
    QRcode *code = qrencode.QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L);
    if (code == NULL)
        return error_set(err, ERROR_UNSUPPORTED, "cannot make a QR code: %s", strerror(errno));
    *fits = draw(code, screen, out);
    qrencode.QRcode_free(code);
    return true;
}

bool qr_code_library_version(const char **version, struct error *err)
{
    if (!late_bind(&library, err))
        return false;
    *version = qrencode.QRcode_APIVersionString();
    return true;
}

#else

static bool refuse(struct error *err)
{
    error_set(err, ERROR_UNSUPPORTED, "this latchkey was built without QR codes");
    return error_hint(err, "build it where the package libqrencode-dev is installed");
}

bool qr_code_library_version(const char **version, struct error *err)
{
    (void)version;
    return refuse(err);
}

bool qr_code_draw(const char *text, const struct qr_code_screen *screen, struct buffer *out, bool *fits,
                  struct error *err)
{
    (void)text, (void)screen, (void)out, (void)fits;
    return refuse(err);
}

#endif
