/* SPDX-License-Identifier: Apache-2.0 */
/* Late binding by dlopen, and the ELF notes that tell packagers which libraries are meant. */
#include "base/late.h"

#include <dlfcn.h>
#include <stdint.h>

#include "base/text.h"

#ifdef LATE_BINDING

/* The form is that of the "dlopen" notes of the UAPI group's package metadata for ELF files. */
#define NOTE_OWNER "FDO"
#define NOTE_TYPE 0x407c0c0aU
#define NOTE_JSON(feature, description, priority, soname)                                              \
    "[{\"feature\":\"" feature "\",\"description\":\"" description "\",\"priority\":\"" priority "\"," \
    "\"soname\":[\"" soname "\"]}]"
#ifdef __clang__ /* its sanitizer would put red zones between the notes */
#define NOTE_EXACT no_sanitize("address")
#else
#define NOTE_EXACT unused
#endif
#define NOTE(variable, json)                                                                      \
    static const struct {                                                                         \
        uint32_t owner_size, json_size, type;                                                     \
        char owner[sizeof(NOTE_OWNER)];                                                           \
        char text[(sizeof(json) + 3) / 4 * 4];                                                    \
    } variable __attribute__((used, retain, section(".note.dlopen"), aligned(4), NOTE_EXACT)) = { \
        sizeof(NOTE_OWNER), sizeof(json), NOTE_TYPE, NOTE_OWNER, json}

NOTE(note_curl, NOTE_JSON("http", "requests to the issuer", "required", LATE_CURL));
NOTE(note_crypto, NOTE_JSON("signatures", "verification of ID tokens", "required", LATE_CRYPTO));
NOTE(note_microhttpd, NOTE_JSON("browser", "login in a browser", "required", LATE_MICROHTTPD));
NOTE(note_jwt, NOTE_JSON("private_key_jwt", "client authentication by a key", "recommended", LATE_JWT));
#ifdef LATE_QRENCODE
NOTE(note_qrencode, NOTE_JSON("qr", "device codes as QR codes", "suggested", LATE_QRENCODE));
#endif
#ifdef LATE_SECRET
NOTE(note_secret, NOTE_JSON("keyring", "refresh tokens in the keyring", "suggested", LATE_SECRET));
#endif

static bool bind_symbols(const struct late_library *library, void *handle, struct error *err)
{
    for (size_t i = 0; i < library->count; i++) {
        void *address = dlsym(handle, library->symbols[i].name);
        if (address == NULL) {
            error_set(err, ERROR_LIBRARY, "library '%s' has no function '%s'", library->soname,
                      library->symbols[i].name);
            return error_hint(err, "install a newer version of the package '%s'", library->package);
        }
        *library->symbols[i].slot = address;
    }
    return true;
}

static bool bind_library(const struct late_library *library, struct error *err)
{
    void *handle = dlopen(library->soname, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) {
        error_set(err, ERROR_LIBRARY, "cannot load library '%s': %s", library->soname, safe(dlerror()));
        return error_hint(err, "install the package '%s'", library->package);
    }
    return bind_symbols(library, handle, err);
}

#else

static bool bind_library(const struct late_library *library, struct error *err)
{
    (void)err;
    for (size_t i = 0; i < library->count; i++)
        *library->symbols[i].slot = library->symbols[i].address;
    return true;
}

#endif

bool late_bind(const struct late_library *library, struct error *err)
{
    /* the last slot is filled last: it tells a complete table from one where binding failed half-way */
    if (library->count == 0 || *library->symbols[library->count - 1].slot != NULL)
        return true;
    return bind_library(library, err);
}
