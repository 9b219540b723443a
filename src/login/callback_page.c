/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the callback page: one card, one mark, a few lines. */
#include "login/callback_page.h"

#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "net/browser.h"

enum { PAGE_LIMIT = 256 * 1024, REFERENCE_SIZE = 8, CHARACTER_SIZE = 4 };

static const char style[] =
    ":root{color-scheme:light dark;--page:#f4f5f7;--card:#fff;--line:#e2e5ea;--text:#15181d;--soft:#57606c;"
    "--link:#1a56b8;--good:#146c37;--good-tint:#e2f4e8;--bad:#b3211f;--bad-tint:#fdeceb;--note:#1a56b8;"
    "--note-tint:#e8effb}"
    "@media(prefers-color-scheme:dark){:root{--page:#0f1215;--card:#181c21;--line:#2c323a;--text:#eef1f4;"
    "--soft:#a7b0bc;--link:#8ab8ff;--good:#74d99a;--good-tint:#15351f;--bad:#ff9d96;--bad-tint:#3e1a19;"
    "--note:#8ab8ff;--note-tint:#182c4b}}"
    "*{box-sizing:border-box;margin:0}"
    "body{display:flex;flex-direction:column;align-items:center;justify-content:center;min-height:100vh;"
    "min-height:100svh;padding:2rem 1.25rem;background:var(--page);color:var(--text);"
    "font:1rem/1.6 system-ui,-apple-system,'Segoe UI',Roboto,Cantarell,'Noto Sans',sans-serif;"
    "overflow-wrap:anywhere}"
    "main{width:100%;max-width:31rem}"
    ".card{padding:2.75rem 2.5rem 2.5rem;background:var(--card);border:1px solid var(--line);"
    "border-radius:1.25rem;box-shadow:0 1px 2px #0000000a,0 12px 32px #0000000f;text-align:center}"
    ".mark{display:block;width:4rem;height:4rem;margin:0 auto 1.5rem;fill:none;stroke-width:2.75;"
    "stroke-linecap:round;stroke-linejoin:round}"
    ".good circle{fill:var(--good-tint)}.good{stroke:var(--good)}"
    ".bad circle{fill:var(--bad-tint)}.bad{stroke:var(--bad)}"
    ".note circle{fill:var(--note-tint)}.note{stroke:var(--note)}"
    ".mark circle{stroke:none}"
    "h1{font-size:1.625rem;line-height:1.25;font-weight:650;letter-spacing:-.015em;text-wrap:balance}"
    "p{margin-top:.75rem}.soft{color:var(--soft)}a{color:var(--link);text-underline-offset:.2em}"
    "dl{margin-top:1.75rem;text-align:left;border-top:1px solid var(--line)}"
    "dl div{display:flex;gap:.25rem 1.25rem;padding:.75rem 0;border-bottom:1px solid var(--line)}"
    "dt{flex:0 0 5rem;color:var(--soft)}dd{flex:1;min-width:0}"
    "code{display:inline-block;max-width:100%;"
    "font:.9375em/1.6 ui-monospace,'Cascadia Mono',Menlo,'DejaVu Sans Mono',monospace}"
    ".reason{margin-top:1.75rem;padding:.875rem 1.125rem;border-radius:.75rem;background:var(--bad-tint);"
    "text-align:left}"
    "h2{margin-top:1.75rem;font-size:1rem;font-weight:650;text-align:left}"
    "ul{margin-top:.5rem;padding-left:1.25rem;text-align:left}li+li{margin-top:.5rem}"
    ".end{margin-top:1.75rem;text-wrap:balance}"
    "footer{margin-top:1.5rem;color:var(--soft);font-size:.875rem;text-align:center}"
    "footer svg{width:1.125rem;height:1.125rem;margin-right:.5rem;vertical-align:-.2em;fill:none;"
    "stroke:currentColor;stroke-width:1.75;stroke-linecap:round;stroke-linejoin:round}"
    "@media(max-width:26rem){body{padding:1.25rem 1rem}.card{padding:2.25rem 1.5rem 2rem}"
    "dl div{flex-direction:column}dt{flex:none}}";

/* What tells the outcomes apart at a glance. */
struct mark {
    const char *name, *path;
};
static const struct mark good = {"good", "M21 33.5l7.5 7.5L44 25"};
static const struct mark bad = {"bad", "M24 24l16 16M40 24L24 40"};
static const struct mark note = {"note", "M32 31v12M32 22v.01"};

static const char *reference(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

static bool is_control(uint32_t character)
{
    return (character < ' ' && character != '\t' && character != '\n') ||
           (character >= 0x7f && character <= 0x9f);
}

void callback_page_escape(const char *text, struct buffer *out)
{
    cleanup_buffer struct buffer escaped = BUFFER(out->limit);
    while (*text != '\0') {
        uint32_t character = 0;
        size_t length = text_read_character((const uint8_t *)text, strnlen(text, CHARACTER_SIZE), &character);
        const char *instead = reference(*text);
        if (length == 0 || is_control(character))
            instead = "\xef\xbf\xbd";
        bool fits =
            instead != NULL ? buffer_append_text(&escaped, instead) : buffer_append(&escaped, text, length);
        if (!fits)
            return;
        text += length > 0 ? length : 1;
    }
    (void)!buffer_append_text(out, buffer_text(&escaped));
}

static void add_shown(struct buffer *page, const char *text)
{
    callback_page_escape(safe(text), page);
}

static void begin(struct buffer *page, const char *title, const char *open_url)
{
    buffer_add(page, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                     "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                     "<meta name=\"color-scheme\" content=\"light dark\">\n"
                     "<meta name=\"robots\" content=\"noindex\">\n");
    if (open_url != NULL) {
        buffer_add(page, "<meta http-equiv=\"refresh\" content=\"0;URL=");
        callback_page_escape(open_url, page);
        buffer_add(page, "\">\n");
    }
    buffer_add(page, "<title>");
    add_shown(page, title);
    buffer_add_format(page, " - latchkey</title>\n<style>%s</style>\n</head>\n<body>\n<main>\n", style);
}

static void add_heading(struct buffer *page, struct mark mark, const char *heading)
{
    buffer_add_format(page,
                      "<div class=\"card\" role=\"status\">\n"
                      "<svg class=\"mark %s\" viewBox=\"0 0 64 64\" aria-hidden=\"true\">"
                      "<circle cx=\"32\" cy=\"32\" r=\"32\"/><path d=\"%s\"/></svg>\n<h1>",
                      mark.name, mark.path);
    add_shown(page, heading);
    buffer_add(page, "</h1>\n");
}

static char *end(struct buffer *page)
{
    buffer_add(page, "</div>\n</main>\n<footer><svg viewBox=\"0 0 20 20\" aria-hidden=\"true\">"
                     "<circle cx=\"6\" cy=\"14\" r=\"3.25\"/>"
                     "<path d=\"M8.5 11.5L16 4M12.5 7.5L15 10\"/></svg>"
                     "latchkey</footer>\n</body>\n</html>\n");
    return buffer_steal(page);
}

/* A URL, which may be broken over lines at its slashes. */
static void add_url(struct buffer *page, const char *url)
{
    struct text_safe shown = text_make_safe(url);
    const char *rest = shown.text;
    while (*rest != '\0') {
        size_t length = strcspn(rest, "/") + strspn(rest + strcspn(rest, "/"), "/");
        cleanup_string char *part = memory_copy_bytes(rest, length);
        callback_page_escape(part, page);
        rest += length;
        if (*rest != '\0')
            buffer_add(page, "<wbr>");
    }
}

static void add_details(struct buffer *page, const struct callback_page_success *success)
{
    if (text_is_empty(success->user) && text_is_empty(success->issuer) && success->valid_for <= 0)
        return;
    buffer_add(page, "<dl>\n");
    if (!text_is_empty(success->user)) {
        buffer_add(page, "<div><dt>User</dt><dd><strong>");
        add_shown(page, success->user);
        buffer_add(page, "</strong></dd></div>\n");
    }
    if (!text_is_empty(success->issuer)) {
        buffer_add(page, "<div><dt>Issuer</dt><dd>");
        add_url(page, success->issuer);
        buffer_add(page, "</dd></div>\n");
    }
    if (success->valid_for > 0) {
        char duration[CLOCK_DURATION_SIZE];
        clock_format_duration(success->valid_for, duration);
        buffer_add_format(page, "<div><dt>Valid for</dt><dd>%s</dd></div>\n", duration);
    }
    buffer_add(page, "</dl>\n");
}

char *callback_page_success(const struct callback_page_success *success)
{
    cleanup_buffer struct buffer page = BUFFER(PAGE_LIMIT);
    const char *open_url = success->open_url;
    if (open_url != NULL && !browser_url_is_safe(open_url))
        open_url = NULL;
    begin(&page, "Authenticated", open_url);
    add_heading(&page, good, "Authenticated");
    buffer_add(&page, "<p class=\"soft\">You are logged in.</p>\n");
    add_details(&page, success);
    if (open_url != NULL) {
        buffer_add(&page, "<p class=\"end\">Continue to <a href=\"");
        callback_page_escape(open_url, &page);
        buffer_add(&page, "\" rel=\"noreferrer\">");
        add_url(&page, open_url);
        buffer_add(&page, "</a></p>\n");
    }
    buffer_add(&page, "<p class=\"end soft\">You can close this window and return to your terminal.</p>\n");
    return end(&page);
}

/* Text for people in which the words that start with "--" are options. */
static void add_advice(struct buffer *page, const char *text)
{
    while (*text != '\0') {
        bool is_option = strncmp(text, "--", 2) == 0;
        size_t length = strcspn(text, is_option ? " ,;)\n" : " ");
        length += strspn(text + length, is_option ? "" : " ");
        cleanup_string char *part = memory_copy_bytes(text, length);
        buffer_add(page, is_option ? "<code>" : "");
        callback_page_escape(part, page);
        buffer_add(page, is_option ? "</code>" : "");
        text += length;
    }
}

static void add_hints(struct buffer *page, const char *hint)
{
    if (text_is_empty(hint))
        return;
    buffer_add(page, "<h2>What to do</h2>\n<ul>\n");
    while (*hint != '\0') {
        size_t length = strcspn(hint, "\n");
        cleanup_string char *line = memory_copy_bytes(hint, length);
        buffer_add(page, "<li>");
        add_advice(page, line);
        buffer_add(page, "</li>\n");
        hint += length + (hint[length] == '\n');
    }
    buffer_add(page, "</ul>\n");
}

char *callback_page_failure(const struct error *err)
{
    cleanup_buffer struct buffer page = BUFFER(PAGE_LIMIT);
    begin(&page, "Login failed", NULL);
    add_heading(&page, bad, "Login failed");
    buffer_add(&page, "<p class=\"reason\">");
    callback_page_escape(err->message, &page);
    buffer_add_format(&page, " <span class=\"soft\">[%s]</span></p>\n", error_code_name(err->code));
    add_hints(&page, err->hint);
    buffer_add(&page, "<p class=\"end soft\">Your terminal shows the same. You can close this window.</p>\n");
    return end(&page);
}

char *callback_page_message(const char *title, const char *text)
{
    cleanup_buffer struct buffer page = BUFFER(PAGE_LIMIT);
    begin(&page, title, NULL);
    add_heading(&page, note, title);
    buffer_add(&page, "<p class=\"soft\">");
    callback_page_escape(text, &page);
    buffer_add(&page, "</p>\n");
    return end(&page);
}
