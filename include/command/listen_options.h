/* SPDX-License-Identifier: Apache-2.0 */
/* Where the callback is awaited: --listen-address, and --listen-port that it replaced. */
#ifndef COMMAND_LISTEN_OPTIONS_H
#define COMMAND_LISTEN_OPTIONS_H

#include <stdbool.h>

#include "command/option.h"

enum listen_source {
    LISTEN_BY_DEFAULT,
    LISTEN_BY_ADDRESS, /* also where both are given, as for the peer */
    LISTEN_BY_PORT     /* also where it is a flag and the address a variable */
};
/* Which option decides. */
enum listen_source listen_options_source(const struct options *options);
/* Adds the addresses, "HOST:PORT" each; fails for a port that is none. */
bool listen_options_gather(const struct options *options, struct text_list *addresses, struct error *err)
    must_check;

#endif
