/* SPDX-License-Identifier: Apache-2.0 */
/* What a user writes for Kubernetes, as text: the user of a kubeconfig, as YAML and as a command. */
#ifndef KUBERNETES_MANIFEST_H
#define KUBERNETES_MANIFEST_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/text.h"

/* A kubeconfig's user whose tokens come from an exec plugin. All borrowed; every text must be one that
 * text_is_plain, line ends apart. */
struct manifest_user {
    const char *name;
    const char *command; /* a path */
    const struct text_list *arguments;
    const struct text_map *environment;
    const char *install_hint; /* kubectl shows it where the command is missing */
};
/* Appends `users:` with this one user. (kubernetes.md 4.4) */
void manifest_add_user(const struct manifest_user *user, struct buffer *out);
/* Appends the same as `kubectl config set-credentials`, quoted for a POSIX shell, one flag per line. It
 * cannot set the install hint. */
void manifest_add_set_credentials(const struct manifest_user *user, struct buffer *out);

/* The parts of which both are made; each appends TEXT so that it is read back as exactly that text: a YAML
 * scalar within a line, one word of a shell, one field of a comma-separated list as pflag reads it. */
void manifest_add_yaml(const char *text, struct buffer *out);
void manifest_add_shell(const char *text, struct buffer *out);
void manifest_add_field(const char *text, struct buffer *out);

#endif
