/* SPDX-License-Identifier: Apache-2.0 */
/* For every fuzz target: the entry that libFuzzer and the replay call, and a check that NDEBUG leaves in. */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define fuzz_check(condition) fuzz_check_result((condition), #condition, __FILE__, __LINE__)

static inline void fuzz_check_result(int holds, const char *condition, const char *file, int line)
{
    if (holds)
        return;
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
    abort();
}

#endif
