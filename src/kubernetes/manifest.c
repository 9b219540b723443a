/* SPDX-License-Identifier: Apache-2.0 */
/* The user of a kubeconfig for readers with three ways to quote: YAML, the shell, pflag. */
#include "kubernetes/manifest.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define API_VERSION "client.authentication.k8s.io/v1"

/* Characters that mean nothing in a YAML scalar, to a shell or to pflag wherever they stand but at the
 * beginning. */
static const char harmless[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_./=:+%@";

/* Plain words that some YAML reader takes for a boolean or for nothing. */
static bool is_yaml_word(const char *text)
{
    static const char *const words[] = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"};
    for (size_t i = 0; i < array_length(words); i++)
        if (strcasecmp(text, words[i]) == 0)
            return true;
    return false;
}

static bool is_plain_yaml(const char *text)
{
    size_t length = strlen(text);
    bool begins_well = isalpha((unsigned char)text[0]) || text[0] == '/' ||
                       (text_starts_with(text, "--") && isalpha((unsigned char)text[2]));
    return begins_well && strspn(text, harmless) == length && text[length - 1] != ':' && !is_yaml_word(text);
}

/* Appends TEXT between quotes, with INSTEAD for each quote in it. */
static void add_quoted(const char *text, char quote, const char *instead, struct buffer *out)
{
    buffer_add_format(out, "%c", quote);
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == quote)
            buffer_add(out, instead);
        else
            buffer_add_format(out, "%c", *c);
    }
    buffer_add_format(out, "%c", quote);
}

/* Only between double quotes can a line end be written. */
static void add_escaped(const char *text, struct buffer *out)
{
    buffer_add(out, "\"");
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '\n')
            buffer_add(out, "\\n");
        else
            buffer_add_format(out, "%s%c", *c == '"' || *c == '\\' ? "\\" : "", *c);
    }
    buffer_add(out, "\"");
}

void manifest_add_yaml(const char *text, struct buffer *out)
{
    if (is_plain_yaml(text))
        buffer_add(out, text);
    else if (strchr(text, '\n') != NULL)
        add_escaped(text, out);
    else
        add_quoted(text, '\'', "''", out);
}

void manifest_add_shell(const char *text, struct buffer *out)
{
    if (text[0] != '\0' && text[0] != '=' && strspn(text, harmless) == strlen(text))
        buffer_add(out, text);
    else
        add_quoted(text, '\'', "'\\''", out);
}

void manifest_add_field(const char *text, struct buffer *out)
{
    if (text[0] != '\0' && strpbrk(text, ",\"\n") == NULL)
        buffer_add(out, text);
    else
        add_quoted(text, '"', "\"\"", out);
}

static void add_member(struct buffer *out, const char *lead, const char *value)
{
    buffer_add(out, lead);
    manifest_add_yaml(value, out);
    buffer_add(out, "\n");
}

void manifest_add_user(const struct manifest_user *user, struct buffer *out)
{
    add_member(out, "users:\n- name: ", user->name);
    buffer_add(out, "  user:\n    exec:\n      apiVersion: " API_VERSION "\n");
    add_member(out, "      command: ", user->command);
    buffer_add(out, "      args:\n");
    for (size_t i = 0; i < user->arguments->count; i++)
        add_member(out, "      - ", user->arguments->items[i]);
    if (user->environment->count > 0)
        buffer_add(out, "      env:\n");
    for (size_t i = 0; i < user->environment->count; i++) {
        add_member(out, "      - name: ", user->environment->items[i].name);
        add_member(out, "        value: ", user->environment->items[i].value);
    }
    buffer_add(out, "      interactiveMode: IfAvailable\n");
    add_member(out, "      installHint: ", user->install_hint);
}

/* Appends a flag on a line of its own: NAME and VALUE are one word. */
static void add_flag(struct buffer *out, const char *name, const char *value)
{
    cleanup_string char *word = memory_format("%s=%s", name, value);
    buffer_add(out, " \\\n  ");
    manifest_add_shell(word, out);
}

void manifest_add_set_credentials(const struct manifest_user *user, struct buffer *out)
{
    buffer_add(out, "kubectl config set-credentials ");
    manifest_add_shell(user->name, out);
    add_flag(out, "--exec-api-version", API_VERSION);
    add_flag(out, "--exec-interactive-mode", "IfAvailable");
    add_flag(out, "--exec-command", user->command);
    for (size_t i = 0; i < user->arguments->count; i++) {
        cleanup_buffer struct buffer field = BUFFER(2 * strlen(user->arguments->items[i]) + 3);
        manifest_add_field(user->arguments->items[i], &field);
        add_flag(out, "--exec-arg", buffer_text(&field));
    }
    for (size_t i = 0; i < user->environment->count; i++) {
        const struct text_pair *pair = &user->environment->items[i];
        cleanup_string char *variable = memory_format("%s=%s", pair->name, pair->value);
        add_flag(out, "--exec-env", variable);
    }
    buffer_add(out, "\n");
}
