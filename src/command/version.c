/* SPDX-License-Identifier: Apache-2.0 */
/* `version`: what this is, and with --verbose the libraries that it would use. */
#include <jansson.h>

#include "command/command.h"
#include "crypto/client_assertion.h"
#include "crypto/digest.h"
#include "net/callback_server.h"
#include "net/http.h"

#if defined(__x86_64__)
#define ARCHITECTURE "amd64"
#elif defined(__aarch64__)
#define ARCHITECTURE "arm64"
#else
#define ARCHITECTURE "unknown"
#endif

const char *command_version_text(void)
{
    return "latchkey version " LATCHKEY_VERSION;
}

struct library {
    const char *name;
    bool (*version)(const char **version, struct error *err);
};

static bool jansson_library(const char **version, struct error *err)
{
    (void)err;
    *version = jansson_version_str();
    return true;
}

bool command_version(const struct command_input *input, struct buffer *out, struct error *err)
{
    static const struct library libraries[] = {{"jansson", jansson_library},
                                               {"libcurl", http_library_version},
                                               {"libmicrohttpd", callback_server_library_version},
                                               {"OpenSSL", digest_library_version},
                                               {"libjwt", client_assertion_library}};
    buffer_add_format(out, "%s (linux/%s)\n", command_version_text(), ARCHITECTURE);
    for (size_t i = 0; input->options->verbose && i < array_length(libraries); i++) {
        const char *version = NULL;
        if (!libraries[i].version(&version, err))
            return false;
        buffer_add_format(out, "%-14s %s\n", libraries[i].name, safe(version));
    }
    return true;
}
