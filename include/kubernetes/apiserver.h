/* SPDX-License-Identifier: Apache-2.0 */
/* Would kube-apiserver accept this token, and as whom: its OIDC rules, as far as a client can see. */
#ifndef KUBERNETES_APISERVER_H
#define KUBERNETES_APISERVER_H

#include <jansson.h>
#include <stdint.h>

#include "base/text.h"

/* Adds one line per thing that an API server with usual settings (--oidc-*, username claim email or sub,
 * groups claim groups) may dislike about CLAIMS, most likely first: email_verified false or of the wrong
 * type, a missing email, groups of the wrong type, an algorithm other than RS256, times, and always issuer
 * and audience as they must be configured. */
void apiserver_doubts(const char *alg, const json_t *claims, int64_t now, struct text_list *lines);
/* Adds what the absence of a claim means that such an API server does without: email_verified. */
void apiserver_absences(const json_t *claims, struct text_list *lines);

#endif
