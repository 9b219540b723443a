/* SPDX-License-Identifier: Apache-2.0 */
/* The option table: the one source of parsing, --help, the manual, completion and environment names. */
#ifndef COMMAND_OPTION_H
#define COMMAND_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

/* What all options of a command line amount to. Texts are NULL until given, apart from defaults of the table.
 */
struct options {
    char *issuer_url, *client_id, *client_secret, *redirect_url, *redirect_hostname, *keyboard_redirect_url;
    struct text_list extra_scopes, trusted_audiences;
    char *auto_scopes;
    bool use_access_token, force_refresh;
    struct text_map request_headers, extra_params;
    char *cache_dir, *cache_storage;
    struct text_list ca_files, ca_data;
    bool insecure_skip_tls_verify, tls_renegotiation_once, tls_renegotiation_freely;
    int64_t http_timeout;
    bool use_pkce;
    char *pkce_method, *grant_type, *redirect_probe;
    struct text_list listen_addresses, listen_ports;
    bool skip_open_browser;
    char *browser_command;
    int64_t authentication_timeout;
    char *local_server_cert, *local_server_key, *open_url;
    char *username, *password;
    char *assertion_source, *assertion_audience, *assertion_key, *assertion_key_id, *assertion_algorithm;
    char *output, *min_validity;
    char *account, *report; /* --output of whoami, list and logout */
    bool userinfo, all;
    bool non_interactive, background_refresh;
    bool verbose, help, version;
    int64_t verbosity;
    bool ask_client_secret, ask_password; /* LATCHKEY_..._FILE=/dev/tty */
    char *ignored;                        /* flags that are accepted without effect */
    bool ignored_switch;
    uint64_t given[2];     /* one bit per row of the table: set by a flag or a variable */
    uint64_t from_file[2]; /* the same, for those whose value is in the file that LATCHKEY_..._FILE names */
    uint64_t from_variable[2]; /* the same, for those that a variable set, by itself or by its file */
    uint64_t from_words[2];    /* the same, for secrets that stood on the command line */
    struct text_list notices;  /* what a person should read once: deprecations, misspelt variables */
};
void options_release(struct options *options);
#define cleanup_options __attribute__((cleanup(options_release)))

/* Which commands take an option. */
enum {
    COMMAND_GET_TOKEN = 1 << 0,
    COMMAND_LOGIN = 1 << 1,
    COMMAND_CLEAN = 1 << 2,
    COMMAND_VERSION = 1 << 3,
    COMMAND_HELP = 1 << 4,
    COMMAND_ROOT = 1 << 5,
    COMMAND_SETUP = 1 << 6,
    COMMAND_WHOAMI = 1 << 7,
    COMMAND_LIST = 1 << 8,
    COMMAND_LOGOUT = 1 << 9,
    COMMAND_COMPLETION = 1 << 10,
    COMMAND_ALL = (1 << 11) - 1
};

enum option_type {
    OPTION_TEXT,
    OPTION_SWITCH, /* --x, --x=true, --x=false */
    OPTION_NUMBER,
    OPTION_LIST,  /* comma-separated, repeatable; the first occurrence replaces the default */
    OPTION_ARRAY, /* verbatim, repeatable */
    OPTION_MAP    /* name=value, repeatable */
};
enum {
    OPTION_SECRET = 1 << 0,     /* LATCHKEY_..._FILE exists as well; never shown */
    OPTION_HIDDEN = 1 << 1,     /* not in --help */
    OPTION_PATH = 1 << 2,       /* "~" is expanded */
    OPTION_DEPRECATED = 1 << 3, /* works, says once what to use instead */
    OPTION_ACTION = 1 << 4,     /* no setting: it is taken from no variable */
    OPTION_DISCREET = 1 << 5    /* may hold a secret, as a command does: it leaves the command line as one */
};

struct option {
    const char *name; /* without dashes */
    char shorthand;   /* 0 for none */
    enum option_type type;
    unsigned commands, flags;
    size_t offset;       /* of the member in struct options */
    const char *value;   /* what stands for the value in --help; choices are "a|b|c" */
    const char *initial; /* default, NULL for none; a list's items separated by commas */
    const char *text;    /* one sentence for --help; of a deprecated one: what to use instead */
};
extern const struct option option_table[];
extern const size_t option_count;

/* The row, or NULL. */
const struct option *option_find(const char *name, unsigned command);
/* The place of TEXT among CHOICES, "a|b|c" as the value of a row; -1 when it is none. Both may be NULL. */
int option_choice(const char *choices, const char *text);
/* True when a flag or a variable set it. */
bool option_given(const struct options *options, const char *name);
/* True when the value is in the file that LATCHKEY_..._FILE names. */
bool option_from_file(const struct options *options, const struct option *option);
/* True when a variable set it, by itself or by its file. */
bool option_from_variable(const struct options *options, const char *name);
/* Hints at the variable of each option that ERR, of the code config, names and that a variable set: the user
 * gave no such flag. Always false. */
bool option_hint_variables(const struct options *options, struct error *err);
/* "LATCHKEY_OIDC_ISSUER_URL" for "oidc-issuer-url". Owned by the caller. */
char *option_variable(const struct option *option) must_check;

/* Every local user can read a command line (T-23): takes the value of each secret and discreet option out of
 * WORDS, which then point to copies in KEPT, and overwrites it where it stood. For the very start. */
void option_hide_secrets(char **words, struct text_list *kept);
/* Wipes and frees those copies. */
void option_release_secrets(struct text_list *kept);
/* Notes that OPTION, a secret, stood on the command line. */
void option_mark_word(struct options *options, const struct option *option);
/* What a person should read who gave a secret on the command line: a warning, then one line for each with the
 * better places. None where there was none. */
void option_advise_secrets(const struct options *options, struct text_list *lines);
/* Sets a secret from the file that LATCHKEY_..._FILE names, without its last newline; /dev/tty means that it
 * is asked for when it is needed. */
bool option_set_from_file(struct options *options, const struct option *option, const char *path,
                          struct error *err) must_check;

/* Parses WORDS (without program and command name) for COMMAND: flags, then variables of ENVIRONMENT, then
 * defaults. COMMAND_NAME is for messages ("latchkey get-token"). HOME is for "~"; may be NULL. */
struct option_source {
    unsigned command;
    const char *command_name;
    char **words; /* NULL-terminated */
    char *const *environment;
    const char *home;
};
bool options_parse(const struct option_source *source, struct options *out, struct error *err) must_check;
/* The place of the command's name in WORDS: the first word that is neither a flag nor the value of one; -1
 * for none. */
int options_find_command(char **words);

/* The options of COMMAND as --help shows them, one paragraph per option. Owned by the caller. */
char *options_help(unsigned command) must_check;

/* Adds the flags that set OPTION to what it is here: none for one that was not given, else one per element,
 * as --flag=value, so that option_set takes each for exactly that element. A deprecated option becomes its
 * successor, where it has one that says the same. */
void option_write(const struct options *options, const struct option *option, struct text_list *flags);

/* Sets one option from TEXT as a flag does; for the parser and the environment. */
bool option_set(struct options *options, const struct option *option, const char *text, struct error *err)
    must_check;

#endif
