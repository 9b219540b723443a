/* SPDX-License-Identifier: Apache-2.0 */
/* Whose certificates are believed: authorities that the user gave, checked before any connection. */
#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "base/encoding.h"
#include "base/file.h"
#include "http_curl.h"

#define PEM_BEGIN "-----BEGIN CERTIFICATE-----"
#define PEM_END "-----END CERTIFICATE-----"
enum { TRUST_LIMIT = 8 * 1024 * 1024 };

/* Appends every certificate block of TEXT and nothing else: a private key in the same file is not libcurl's
 * business. *COUNT grows by the number of blocks. */
static bool trust_add_blocks(const char *text, struct buffer *pem, size_t *count, struct error *err)
{
    const char *begin = text;
    while ((begin = strstr(begin, PEM_BEGIN)) != NULL) {
        const char *body = begin + strlen(PEM_BEGIN), *end = strstr(body, PEM_END);
        cleanup_buffer struct buffer der = BUFFER(TRUST_LIMIT);
        if (end == NULL)
            return error_set(err, ERROR_CONFIG, "a PEM certificate is cut short");
        if (!encoding_base64_decode(body, (size_t)(end - body), &der) || der.length < 2 ||
            der.data[0] != 0x30)
            return error_set(err, ERROR_CONFIG, "a PEM certificate is damaged");
        end += strlen(PEM_END);
        if (!buffer_append(pem, begin, (size_t)(end - begin)) || !buffer_append_text(pem, "\n"))
            return error_set(err, ERROR_CONFIG, "the certificates are larger than %d MiB",
                             TRUST_LIMIT / 1024 / 1024);
        (*count)++;
        begin = end;
    }
    return true;
}

static bool trust_add(const struct buffer *text, struct buffer *pem, struct error *err)
{
    size_t count = 0;
    if (text->length != strlen(buffer_text(text)))
        return error_set(err, ERROR_CONFIG, "it is not PEM text");
    if (!trust_add_blocks(buffer_text(text), pem, &count, err))
        return false;
    return count > 0 || error_set(err, ERROR_CONFIG, "it holds no PEM certificate");
}

static bool trust_add_file(const char *path, struct buffer *pem, struct error *err)
{
    cleanup_buffer struct buffer text = BUFFER(TRUST_LIMIT);
    if (file_read(path, &text, err) && trust_add(&text, pem, err))
        return true;
    err->code = ERROR_CONFIG;
    error_prefix(err, "cannot use the certificate authority '%s'", safe(path));
    return error_hint(err, "--certificate-authority takes the name of a PEM file; without it the system's "
                           "authorities are believed");
}

static bool trust_add_data(const char *data, struct buffer *pem, struct error *err)
{
    cleanup_buffer struct buffer text = BUFFER(TRUST_LIMIT);
    if (!encoding_base64_decode(data, strlen(data), &text))
        error_set(err, ERROR_CONFIG, "it is not base64");
    else if (trust_add(&text, pem, err))
        return true;
    error_prefix(err, "cannot use the value of --certificate-authority-data");
    return error_hint(err, "give the PEM file in base64, for example from 'base64 -w0 ca.crt'");
}

/* SSL_CERT_FILE goes to libcurl by name, so that it need not be copied; but never unread. */
static bool trust_check_file(const char *path, struct error *err)
{
    cleanup_buffer struct buffer text = BUFFER(TRUST_LIMIT);
    if (!file_read(path, &text, err))
        error_prefix(err, "cannot use SSL_CERT_FILE '%s'", safe(path));
    else if (strstr(buffer_text(&text), "CERTIFICATE-----") != NULL)
        return true;
    else
        error_set(err, ERROR_CONFIG, "cannot use SSL_CERT_FILE '%s': it holds no PEM certificate",
                  safe(path));
    err->code = ERROR_CONFIG;
    return error_hint(err, "correct or unset SSL_CERT_FILE, or give --certificate-authority");
}

/* A list with ':' between; some entries of common values do not exist, all missing is a mistake. */
static bool trust_check_directory(const char *list, struct error *err)
{
    errno = ENOENT;
    for (const char *entry = list; *entry != '\0';) {
        size_t length = strcspn(entry, ":");
        cleanup_string char *path = memory_copy_bytes(entry, length);
        DIR *directory = length > 0 ? opendir(path) : NULL;
        if (directory != NULL) {
            closedir(directory);
            return true;
        }
        entry += length + (entry[length] == ':');
    }
    error_set(err, ERROR_CONFIG, "cannot use SSL_CERT_DIR '%s': %s", safe(list), strerror(errno));
    return error_hint(err, "correct or unset SSL_CERT_DIR, or give --certificate-authority");
}

bool http_trust_read(const struct http_settings *settings, struct buffer *pem, struct error *err)
{
    size_t files = settings->ca_files != NULL ? settings->ca_files->count : 0;
    size_t data = settings->ca_data != NULL ? settings->ca_data->count : 0;
    *pem = BUFFER(TRUST_LIMIT);
    for (size_t i = 0; i < files; i++)
        if (!trust_add_file(settings->ca_files->items[i], pem, err))
            return false;
    for (size_t i = 0; i < data; i++)
        if (!trust_add_data(settings->ca_data->items[i], pem, err))
            return false;
    if (pem->length > 0 || settings->insecure_skip_tls_verify)
        return true;
    if (!text_is_empty(settings->ssl_cert_file) && !trust_check_file(settings->ssl_cert_file, err))
        return false;
    return text_is_empty(settings->ssl_cert_dir) || trust_check_directory(settings->ssl_cert_dir, err);
}
