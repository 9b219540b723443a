/* SPDX-License-Identifier: Apache-2.0 */
/* Formats a notice for whoever shows it. */
#include "login/notice.h"

void notice_say(const struct notice *notice, enum notice_kind kind, const char *format, ...)
{
    va_list arguments;
    if (notice->say == NULL)
        return;
    va_start(arguments, format);
    cleanup_string char *text = memory_format_list(format, arguments);
    va_end(arguments);
    notice->say(notice->context, kind, text);
}

void notice_say_hints(const struct notice *notice, const struct error *failure)
{
    if (failure->hint[0] != '\0')
        notice_say(notice, NOTICE_HINT, "%s", failure->hint);
}
