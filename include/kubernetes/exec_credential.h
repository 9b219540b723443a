/* SPDX-License-Identifier: Apache-2.0 */
/* kubectl's request (KUBERNETES_EXEC_INFO) and our answer, the ExecCredential. */
#ifndef KUBERNETES_EXEC_CREDENTIAL_H
#define KUBERNETES_EXEC_CREDENTIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

enum exec_version { EXEC_V1BETA1, EXEC_V1 };
struct exec_request {
    bool present; /* KUBERNETES_EXEC_INFO was set and not empty */
    enum exec_version version;
    bool interactive; /* spec.interactive; false when absent */
    char *server;     /* spec.cluster.server; NULL when not provided */
};
void exec_request_release(struct exec_request *request);
#define cleanup_exec_request __attribute__((cleanup(exec_request_release)))
/* TEXT is the variable's value; NULL or "" gives version v1beta1 (K7-20). Bad JSON, another kind, or an
 * unsupported apiVersion is an error before any login (K7-23); at most 1 MiB. */
bool exec_request_parse(const char *text, struct exec_request *out, struct error *err) must_check;
/* One line of JSON and a newline, member order kind, apiVersion, spec, status (K7-21). The token may hold
 * only b64token characters (OUT-03). OUT must be a secret buffer. */
bool exec_credential_write(enum exec_version version, const char *token, int64_t expires_at,
                           struct buffer *out, struct error *err) must_check;

#endif
