/* SPDX-License-Identifier: Apache-2.0 */
/* From options and environment to what a login needs. */
#ifndef COMMAND_LOGIN_OPTIONS_H
#define COMMAND_LOGIN_OPTIONS_H

#include "command/command.h"
#include "login/login.h"

/* Owns what the config borrows. Must not be moved once filled. */
struct login_options {
    struct login_config config;
    struct text_list addresses, secrets, advice;
    char *certificate, *key;
    char *client_key, *mark; /* of a pipeline */
    char *candidates[3], *runtime_directory, *ssh_target;
    const char *candidate_list[3];
};
/* Judges every option; what is not built yet is refused by name. */
bool login_options_fill(const struct command_input *input, struct login_options *out, struct error *err)
    must_check;
/* What only a login needs, such as a umask and a file size limit that is an error: call it before login_run.
 */
void login_options_prepare_login(const struct command_input *input, struct login_options *out);
void login_options_release(struct login_options *login);
#define cleanup_login_options __attribute__((cleanup(login_options_release)))
/* How the keyring is reached from here. Borrows from INPUT. */
struct keyring_access login_options_keyring(const struct command_input *input);

/* Notices that stand before any work: deprecations, --insecure-skip-tls-verify. */
void login_options_warn(const struct command_input *input);
/* Whether a process of ours may outlive the call: --background-refresh, which without a word is no where
 * nobody is there (a pipeline) and where everything ends at once (a container). */
bool login_options_may_stay(const struct command_input *input, const struct login_config *config) must_check;
/* Refuses GIVEN, the value of the flag NAME, with the CHOICES that there are ("a|b|c"). Always false. */
bool login_options_refuse(const char *command, const char *name, const char *choices, const char *given,
                          struct error *err);
/* Reads the PEM file PATH of the flag NAME; nothing for no path. Never shows a key that stands where its file
 * should. The caller owns *TEXT, which is a secret. */
bool login_options_read_pem(const char *name, const char *path, char **text, struct error *err) must_check;
/* PATH below the working directory when it is relative. Owned by the caller. */
char *login_options_absolute(const char *path) must_check;
/* $KUBECACHEDIR/latchkey, else ~/.kube/cache/latchkey; NULL without a home. Owned by the caller. */
char *login_options_default_cache(const struct command_input *input) must_check;
/* $XDG_RUNTIME_DIR/latchkey; NULL without one, or when that is no absolute path. Owned by the caller. */
char *login_options_spare_cache(const struct command_input *input) must_check;

#endif
