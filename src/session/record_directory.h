/* SPDX-License-Identifier: Apache-2.0 */
/* What lies in a cache directory, by name. */
#ifndef SESSION_RECORD_DIRECTORY_H
#define SESSION_RECORD_DIRECTORY_H

#include <stdbool.h>

#include "base/error.h"
#include "base/text.h"

enum record_kind { RECORD_FOREIGN, RECORD_SESSION, RECORD_PROVIDER, RECORD_LOCK, RECORD_PLAIN };
/* STEM gets the name without its extension, owned by the caller; untouched for a foreign one. */
enum record_kind record_kind_of(const char *name, char **stem) must_check;
/* All names first, sorted: what a directory stream shows while its entries go away is not defined. */
bool record_list_directory(int directory, struct text_list *names, struct error *err) must_check;

#endif
