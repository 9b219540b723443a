/* SPDX-License-Identifier: Apache-2.0 */
/* Records which rules a unit test proves: test_ids("DISC-03 K7-65") as its first statement. */
#ifndef TESTS_IDS_H
#define TESTS_IDS_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

/* Appends "id\tfile:function" per id to the file named by LATCHKEY_IDS. A test that fails makes its program
 * fail, and tests/run.sh then counts none of that program's ids as covered. */
#define test_ids(ids) test_ids_record((ids), __FILE_NAME__, __func__)
#ifndef __FILE_NAME__
#define __FILE_NAME__ __FILE__
#endif

static inline void test_ids_record(const char *ids, const char *file, const char *function)
{
    const char *path = getenv("LATCHKEY_IDS");
    FILE *out = path != NULL ? fopen(path, "ae") : NULL;
    if (out == NULL)
        return;
    while (*ids != '\0') {
        size_t length = 0;
        while (ids[length] != ' ' && ids[length] != '\0')
            length++;
        if (length > 0)
            fprintf(out, "%.*s\t%s:%s\n", (int)length, ids, file, function);
        ids += length;
        while (*ids == ' ')
            ids++;
    }
    fclose(out);
}

#endif
