/* SPDX-License-Identifier: Apache-2.0 */
/* Judges what a pipeline gives to log in with, and finds out whether somebody is there. */
#include "command/pipeline_options.h"

#include <string.h>

#include "base/clock.h"
#include "login/client_credentials.h"
#include "login/grant.h"
#include "login/identity_token.h"

const char *pipeline_non_interactive(const struct command_input *input)
{
    if (option_given(input->options, "non-interactive"))
        return input->options->non_interactive ? "--non-interactive" : NULL;
    return text_equal(command_variable(input, "CI"), "true") ? "CI=true" : NULL;
}

/* Without anything that it is the audience of, the flag was meant for something else. */
static bool check_audience(const struct options *options, struct error *err)
{
    return text_is_empty(options->assertion_audience) || !text_is_empty(options->assertion_source) ||
           !text_is_empty(options->assertion_key) ||
           error_set(err, ERROR_CONFIG,
                     "--client-assertion-audience alone has no effect: give --client-assertion-source or "
                     "--client-assertion-key as well");
}

static bool check_algorithm(const struct command_input *input, struct error *err)
{
    const char *given = input->options->assertion_algorithm;
    return option_choice(PIPELINE_ALGORITHMS, given) >= 0 ||
           login_options_refuse(input->command, "client-assertion-algorithm", PIPELINE_ALGORITHMS, given,
                                err);
}

static bool read_key(const struct options *options, struct login_options *out, struct error *err)
{
    if (text_is_empty(options->assertion_key)) {
        const char *alone = !text_is_empty(options->assertion_key_id)             ? "key-id"
                            : option_given(options, "client-assertion-algorithm") ? "algorithm"
                                                                                  : NULL;
        return alone == NULL ||
               error_set(err, ERROR_CONFIG,
                         "--client-assertion-key is missing: --client-assertion-%s alone signs nothing",
                         alone);
    }
    return login_options_read_pem("--client-assertion-key", options->assertion_key, &out->client_key, err);
}

static bool check_validity(const struct options *options, int64_t *seconds, struct error *err)
{
    if (text_is_empty(options->min_validity) || clock_parse_duration(options->min_validity, seconds))
        return true;
    error_set(err, ERROR_CONFIG, "--min-validity: '%s' is no duration", safe(options->min_validity));
    return error_hint(err, "write it like 90s, 15m, 1h30m or 1d");
}

static bool check_source(const struct options *options, const struct login_config *config, struct error *err)
{
    if (text_is_empty(options->assertion_source))
        return true;
    if (!config->grant->client)
        return error_set(err, ERROR_CONFIG,
                         "--client-assertion-source is for --grant-type=client-credentials, not for '%s'",
                         config->grant->name);
    return identity_token_check(options->assertion_source, err);
}

bool pipeline_options_fill(const struct command_input *input, struct login_options *out, struct error *err)
{
    const struct options *options = input->options;
    struct login_config *config = &out->config;
    if (text_has_control(options->assertion_audience) || text_has_control(options->assertion_key_id))
        return error_set(
            err, ERROR_CONFIG,
            "--client-assertion-audience or --client-assertion-key-id holds a control character");
    if (!check_validity(options, &config->min_validity, err) || !check_source(options, config, err) ||
        !check_audience(options, err) || !check_algorithm(input, err) || !read_key(options, out, err))
        return false;
    config->username = text_or_null(options->username);
    config->password = text_or_null(options->password);
    config->ask_password = options->ask_password && config->password == NULL;
    config->non_interactive = pipeline_non_interactive(input);
    config->proof = (struct client_proof){.key = out->client_key,
                                          .key_id = text_or_null(options->assertion_key_id),
                                          .algorithm = options->assertion_algorithm,
                                          .audience = text_or_null(options->assertion_audience),
                                          .source = text_or_null(options->assertion_source),
                                          .environment = input->environment,
                                          .secrets = &out->secrets};
    if (config->proof.source != NULL)
        config->proof.mark = out->mark = identity_token_mark(&config->proof);
    if (config->proof.key != NULL && (config->client_secret != NULL || config->ask_client_secret))
        return error_set(err, ERROR_CONFIG, "give --oidc-client-secret or --client-assertion-key, not both");
    return !config->grant->client || client_credentials_check(config, err);
}
