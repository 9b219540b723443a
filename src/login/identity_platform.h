/* SPDX-License-Identifier: Apache-2.0 */
/* Private to the identity token: what a source is asked with, and the platforms that want more. */
#ifndef LOGIN_IDENTITY_PLATFORM_H
#define LOGIN_IDENTITY_PLATFORM_H

#include "base/buffer.h"
#include "login/context.h"

enum { IDENTITY_TOKEN_LIMIT = 128 * 1024 };

/* All borrowed. */
struct identity_request {
    struct login_context *context; /* NULL while a key is made */
    const struct client_proof *proof;
    const char *name;     /* of the source: "github" */
    const char *argument; /* what stands behind the colon; NULL */
    const char *audience; /* that the token should have */
};
/* The value of a variable; NULL when unset or empty. Borrowed. */
const char *identity_variable(const struct identity_request *request, const char *name);
/* Gives VALUE as the token; false when it is longer than any. */
bool identity_take(const char *value, struct buffer *token, struct error *err) must_check;
bool identity_is_true(const struct identity_request *request, const char *name);

/* GitHub Actions and what speaks like it (Forgejo, Gitea): one GET with the job's own token. */
bool identity_github(const struct identity_request *request, struct buffer *token, struct error *err);
/* True when this is a job of Forgejo or Gitea rather than of GitHub. */
bool identity_is_forgejo(const struct identity_request *request);
/* The variable NAME, else the error that the job's definition lacks HINT. */
bool identity_gitlab(const struct identity_request *request, struct buffer *token, struct error *err);
/* The variable in which a GitLab job finds its token. Owned by the caller. */
char *identity_gitlab_variable(const struct identity_request *request);
bool identity_circleci(const struct identity_request *request, struct buffer *token, struct error *err);
bool identity_bitbucket(const struct identity_request *request, struct buffer *token, struct error *err);
/* Any command: its standard output is the token. */
bool identity_command(const struct identity_request *request, const struct text_list *words,
                      struct buffer *token, struct error *err);

#endif
