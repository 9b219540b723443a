/* SPDX-License-Identifier: Apache-2.0 */
/* KUBERNETES_EXEC_INFO: what is accepted has a known version, what is refused leaves nothing behind. */
#include "fuzz.h"

#include <string.h>

#include "kubernetes/exec_credential.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup_string char *text = memory_copy_bytes((const char *)data, size);
    cleanup_exec_request struct exec_request request = {0};
    struct error err = {0};
    if (exec_request_parse(text, &request, &err)) {
        cleanup_buffer struct buffer out = BUFFER_SECRET(1024);
        fuzz_check(request.version == EXEC_V1 || request.version == EXEC_V1BETA1);
        fuzz_check(request.present == (text[0] != '\0'));
        fuzz_check(exec_credential_write(request.version, "t", 0, &out, &err));
        fuzz_check(strchr(buffer_text(&out), '\n') == out.data + out.length - 1);
    } else {
        fuzz_check(err.code == ERROR_EXEC_INFO && request.server == NULL && !request.present);
    }
    /* The same bytes as a token: never more than one line. */
    cleanup_buffer struct buffer out = BUFFER_SECRET(1 << 20);
    if (exec_credential_write(EXEC_V1, text, 1, &out, &err))
        fuzz_check(strpbrk(text, "\"\\\r\n") == NULL && strstr(buffer_text(&out), text) != NULL);
    else
        fuzz_check(out.length == 0);
    return 0;
}
