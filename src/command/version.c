/* SPDX-License-Identifier: Apache-2.0 */
/* `version`: what this is, and with --verbose the libraries that it would use. */
#include <jansson.h>

#include "command/command.h"
#include "crypto/client_assertion.h"
#include "crypto/digest.h"
#include "login/qr_code.h"
#include "net/callback_server.h"
#include "net/http.h"
#include "session/keyring.h"

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
    bool optional;
};

/* One that the program can do without is shown as missing. */
static bool show_library(const struct library *library, struct buffer *out, struct error *err)
{
    const char *version = NULL;
    struct error missing = {0};
    if (library->optional && !library->version(&version, &missing))
        version = missing.message;
    else if (!library->optional && !library->version(&version, err))
        return false;
    buffer_add_format(out, "%-14s %s\n", library->name, safe(version));
    return true;
}

static bool jansson_library(const char **version, struct error *err)
{
    (void)err;
    *version = jansson_version_str();
    return true;
}

bool command_version(const struct command_input *input, struct buffer *out, struct error *err)
{
    static const struct library libraries[] = {{"jansson", jansson_library, false},
                                               {"libcurl", http_library_version, false},
                                               {"libmicrohttpd", callback_server_library_version, false},
                                               {"OpenSSL", digest_library_version, false},
                                               {"libjwt", client_assertion_library, false},
                                               {"libqrencode", qr_code_library_version, true},
                                               {"libsecret", keyring_library_version, true}};
    buffer_add_format(out, "%s (linux/%s)\n", command_version_text(), ARCHITECTURE);
    for (size_t i = 0; input->options->verbose && i < array_length(libraries); i++)
        if (!show_library(&libraries[i], out, err))
            return false;
    return true;
}
