/* SPDX-License-Identifier: Apache-2.0 */
/* Decides between --listen-address and --listen-port. */
#include "command/listen_options.h"

enum listen_source listen_options_source(const struct options *options)
{
    bool by_address = option_given(options, "listen-address"), by_port = options->listen_ports.count > 0;
    if (!by_address)
        return by_port ? LISTEN_BY_PORT : LISTEN_BY_DEFAULT;
    bool port_is_nearer = by_port && option_from_variable(options, "listen-address") &&
                          !option_from_variable(options, "listen-port");
    return port_is_nearer ? LISTEN_BY_PORT : LISTEN_BY_ADDRESS;
}

static bool add_ports(const struct options *options, struct text_list *addresses, struct error *err)
{
    for (size_t i = 0; i < options->listen_ports.count; i++) {
        int64_t port = 0;
        if (!text_to_number(options->listen_ports.items[i], 0, 65535, &port))
            return error_set(err, ERROR_CONFIG,
                             "invalid argument \"%s\" for \"--listen-port\" flag: not a port",
                             safe(options->listen_ports.items[i]));
        cleanup_string char *address = memory_format("127.0.0.1:%d", (int)port);
        text_list_add(addresses, address);
    }
    return true;
}

bool listen_options_gather(const struct options *options, struct text_list *addresses, struct error *err)
{
    if (listen_options_source(options) == LISTEN_BY_PORT)
        return add_ports(options, addresses, err);
    for (size_t i = 0; i < options->listen_addresses.count; i++) {
        const char *address = options->listen_addresses.items[i];
        text_list_add(addresses, address[0] != '\0' ? address : "127.0.0.1:0");
    }
    return true;
}
