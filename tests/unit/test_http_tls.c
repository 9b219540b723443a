/* SPDX-License-Identifier: Apache-2.0 */
/* Which certificates are believed, and how it is said when one is not; proxies. */
#include "base/file.h"
#include "base64.h"
#include "tls_fixture.h"

static struct server server;
static struct tls tls = {.folder = "/tmp/latchkey-tls-XXXXXX"};
static struct {
    int good, foreign, expired, old; /* ports */
} ports;

enum { PAGE = 64 * 1024 };

static bool get(struct fixture *fixture, const char *host, int port)
{
    char url[128];
    snprintf(url, sizeof(url), port != 0 ? "https://%s:%d/?secret" : "https://%s/?secret", host, port);
    struct http_request request = {.what = "the page", .url = url, .limit = PAGE, .bearer = "secret-token"};
    http_response_release(&fixture->response);
    error_clear(&fixture->err);
    return http_perform(fixture->http, &request, &fixture->response, &fixture->err);
}

static char *read_base64(const char *name)
{
    cleanup_string char *path = tls_path(&tls, name);
    cleanup_buffer struct buffer text = BUFFER(PAGE);
    struct error err = {0};
    assert_true(file_read(path, &text, &err));
    return base64(text.data, text.length);
}

static void write_file(const char *name, const char *text)
{
    cleanup_string char *path = tls_path(&tls, name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

/* One row: which authority is given how, and whether the good server (by "ours") is believed then. */
struct trust_row {
    const char *file, *second_file, *data, *second_data, *ssl_cert_file, *ssl_cert_dir;
    bool insecure, believed;
};

static void check_trust(const struct trust_row *row)
{
    cleanup_fixture struct fixture fixture = {.settings = {.insecure_skip_tls_verify = row->insecure}};
    cleanup_text_list struct text_list files = {0}, data = {0};
    cleanup_string char *ssl_cert_file =
        row->ssl_cert_file != NULL ? tls_path(&tls, row->ssl_cert_file) : NULL;
    cleanup_string char *ssl_cert_dir = row->ssl_cert_dir != NULL ? tls_path(&tls, row->ssl_cert_dir) : NULL;
    const char *const names[] = {row->file, row->second_file, row->data, row->second_data};
    for (size_t i = 0; i < array_length(names); i++) {
        cleanup_string char *text = NULL;
        if (names[i] == NULL)
            continue;
        text = i < 2 ? tls_path(&tls, names[i]) : read_base64(names[i]);
        text_list_add(i < 2 ? &files : &data, text);
    }
    fixture.settings.ca_files = &files;
    fixture.settings.ca_data = &data;
    fixture.settings.ssl_cert_file = ssl_cert_file;
    fixture.settings.ssl_cert_dir = ssl_cert_dir;
    fixture_open(&fixture);
    for (int i = 0; i < 2; i++) {
        bool good = get(&fixture, "localhost", ports.good);
        if (good != row->believed)
            fail_msg("%s", good ? "believed" : fixture.err.message);
        assert_int_equal(fixture.response.sent, row->believed);
    }
    if (row->believed)
        return;
    assert_code(&fixture.err, ERROR_TLS);
    assert_says(fixture.err.message, "'localhost:");
    assert_says(fixture.err.message, "CN = ours");
    assert_says(fixture.err.hint, "--certificate-authority");
    assert_silent(fixture.err.message, "secret");
}

static void test_trust(void **state)
{
    static const struct trust_row rows[] = {
        {.believed = false},
        {.file = "ours.crt", .believed = true},
        {.data = "ours.crt", .believed = true},
        {.file = "other.crt", .believed = false},
        {.data = "other.crt", .believed = false},
        {.file = "other.crt", .second_file = "ours.crt", .believed = true},
        {.data = "other.crt", .second_data = "ours.crt", .believed = true},
        {.file = "other.crt", .data = "ours.crt", .believed = true},
        {.file = "bundle.pem", .believed = true},
        {.ssl_cert_file = "ours.crt", .believed = true},
        {.ssl_cert_file = "other.crt", .believed = false},
        {.ssl_cert_dir = "hashed", .believed = true},
        {.ssl_cert_dir = "empty", .believed = false},
        /* What is given replaces what the system believes. */
        {.file = "other.crt", .ssl_cert_file = "ours.crt", .believed = false},
        {.data = "other.crt", .ssl_cert_dir = "hashed", .believed = false},
        {.insecure = true, .believed = true},
        {.file = "other.crt", .insecure = true, .believed = true},
    };
    (void)state;
    test_ids("K7-73 T-19");
    for (size_t i = 0; i < array_length(rows); i++)
        check_trust(&rows[i]);
}

static void test_bad_authorities(void **state)
{
    static const char *const names[] = {"missing.crt", "nothing.crt", "text.crt", "cut.crt",
                                        "damaged.crt", "not-der.crt", ""};
    static const char *const data[] = {"", "%", "AAAA", "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg=="};
    (void)state;
    test_ids("K7-73");
    write_file("nothing.crt", "");
    write_file("text.crt", "no certificate\n");
    write_file("cut.crt", "-----BEGIN CERTIFICATE-----\nMIIB\n");
    write_file("damaged.crt", "-----BEGIN CERTIFICATE-----\nMI*B\n-----END CERTIFICATE-----\n");
    write_file("not-der.crt", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    for (size_t i = 0; i < 3 * array_length(names); i++) {
        cleanup_string char *path = tls_path(&tls, names[i / 3]);
        char *items[] = {path};
        struct text_list files = {items, 1};
        struct http_settings settings = {.ca_files = i % 3 < 2 ? &files : NULL,
                                         .insecure_skip_tls_verify = i % 3 == 1,
                                         .ssl_cert_file = i % 3 == 2 ? path : NULL};
        struct http *http = NULL;
        struct error err = {0};
        /* The last two are no more than not to be certificates for libcurl, which reads SSL_CERT_FILE itself.
         */
        if (i % 3 == 2 && i / 3 >= 3 && i / 3 <= 5)
            continue;
        assert_false(http_open(NULL, &settings, &http, &err));
        assert_code(&err, ERROR_CONFIG);
        assert_says(err.message, i / 3 < 6 ? names[i / 3] : tls.folder);
    }
    for (size_t i = 0; i < array_length(data); i++) {
        char *items[] = {(char *)(uintptr_t)data[i]};
        struct text_list list = {items, 1};
        struct http_settings settings = {.ca_data = &list};
        struct http *http = NULL;
        struct error err = {0};
        assert_false(http_open(NULL, &settings, &http, &err));
        assert_code(&err, ERROR_CONFIG);
        assert_says(err.message, "--certificate-authority-data");
    }
    struct http_settings settings = {.ssl_cert_dir = "/proc/nonexistent:/proc/nowhere"};
    struct http *http = NULL;
    struct error err = {0};
    assert_false(http_open(NULL, &settings, &http, &err));
    assert_code(&err, ERROR_CONFIG);
    assert_says(err.message, "SSL_CERT_DIR");
}

static void use_authority(struct fixture *fixture, struct text_list *files)
{
    cleanup_string char *path = tls_path(&tls, "ours.crt");
    text_list_add(files, path);
    fixture->settings.ca_files = files;
    fixture_open(fixture);
}

static void test_refused_certificates(void **state)
{
    const struct {
        const char *host;
        int port;
        const char *message, *hint;
    } rows[] = {{"127.0.0.1", ports.good, "does not match|alternative certificate subject name", "names"},
                {"localhost", ports.foreign, "CN = other", "--certificate-authority"},
                {"localhost", ports.expired, "expired", "clock"}};
    cleanup_text_list struct text_list files = {0};
    cleanup_fixture struct fixture fixture = {0};
    (void)state;
    use_authority(&fixture, &files);
    for (size_t i = 0; i < array_length(rows); i++) {
        const char *other = strchr(rows[i].message, '|');
        assert_false(get(&fixture, rows[i].host, rows[i].port));
        assert_code(&fixture.err, ERROR_TLS);
        if (other == NULL)
            assert_says(fixture.err.message, rows[i].message);
        else
            assert_says(fixture.err.message, other + 1);
        assert_says(fixture.err.hint, rows[i].hint);
        assert_false(fixture.response.sent);
    }
    assert_true(get(&fixture, "localhost", ports.good));
}

static void test_no_tls(void **state)
{
    cleanup_text_list struct text_list files = {0};
    cleanup_fixture struct fixture fixture = {.settings = {.timeout_seconds = 2}};
    int port, silent = server_listen(&port);
    (void)state;
    test_ids("T-12");
    use_authority(&fixture, &files);
    assert_false(get(&fixture, "localhost", ports.old));
    assert_code(&fixture.err, ERROR_TLS);
    /* A server that speaks plain HTTP. */
    assert_false(get(&fixture, "localhost", server.plain));
    assert_code(&fixture.err, ERROR_TLS);
    assert_says(fixture.err.hint, "does not speak TLS");
    assert_false(fixture.response.sent);
    /* One that closes, and one that accepts and says nothing. */
    assert_false(get(&fixture, "localhost", server.canary));
    assert_code(&fixture.err, ERROR_NETWORK);
    int64_t start = clock_monotonic();
    assert_false(get(&fixture, "localhost", port));
    assert_code(&fixture.err, ERROR_TIMEOUT);
    assert_in_range(clock_monotonic() - start, 1900, 15000);
    close(silent);
}

static void test_no_key_log(void **state)
{
    cleanup_text_list struct text_list files = {0};
    cleanup_fixture struct fixture fixture = {0};
    cleanup_string char *path = tls_path(&tls, "keys.log");
    (void)state;
    test_ids("T-19");
    use_authority(&fixture, &files);
    assert_true(get(&fixture, "localhost", ports.good));
    assert_int_equal(access(path, F_OK), -1);
    assert_null(getenv("SSLKEYLOGFILE"));
}

static void set_proxy(const char *password, int port)
{
    char url[128];
    snprintf(url, sizeof(url), "http://me:%s@127.0.0.1:%d", password, port);
    setenv("https_proxy", url, 1);
    unsetenv("no_proxy");
}

static void test_proxy(void **state)
{
    cleanup_text_list struct text_list files = {0};
    cleanup_text_map struct text_map headers = {0};
    cleanup_fixture struct fixture fixture = {.settings = {.timeout_seconds = 1, .headers = &headers}};
    (void)state;
    test_ids("K7-72 T-19");
    text_map_set(&headers, "X-Secret", "for the provider alone");
    use_authority(&fixture, &files);
    set_proxy("proxy-password", server.proxy);
    assert_true(get(&fixture, "ak.example", 0));
    assert_int_equal(fixture.response.status, 200);
    assert_null(fixture.response.location);
    assert_int_equal(server.view->tunnels, 1);
    assert_says(server.view->tunnel, "Proxy-Authorization: Basic bWU6cHJveHktcGFzc3dvcmQ=");
    assert_silent(server.view->tunnel, "X-Secret");
    assert_silent(server.view->tunnel, "secret-token");
    /* Loopback is ours, whatever the environment says. */
    assert_true(get(&fixture, "localhost", ports.good));
    assert_true(fixture_get(&fixture, server.plain, "/ok", (struct http_request){0}));
    assert_int_equal(server.view->tunnels, 1);
    setenv("no_proxy", "other.example,ak.example", 1);
    assert_false(get(&fixture, "ak.example", server.closed));
    assert_true(error_is_network(&fixture.err));
    assert_int_equal(server.view->tunnels, 1);
    unsetenv("https_proxy");
    unsetenv("no_proxy");
}

static void test_proxy_errors(void **state)
{
    cleanup_text_list struct text_list files = {0};
    cleanup_fixture struct fixture fixture = {.settings = {.timeout_seconds = 1}};
    char url[128];
    (void)state;
    test_ids("T-19");
    use_authority(&fixture, &files);
    snprintf(url, sizeof(url), "http://me:proxy-password@127.0.0.1:%d", server.closed);
    const char *const proxies[] = {url, "gopher://me:proxy-password@127.0.0.1:1",
                                   "me:proxy-password@127.0.0.1:99999", "http://me:proxy-password@[::1"};
    for (size_t i = 0; i < array_length(proxies); i++) {
        setenv("https_proxy", proxies[i], 1);
        assert_false(get(&fixture, "ak.example", 0));
        assert_code(&fixture.err, ERROR_NETWORK);
        assert_silent(fixture.err.message, "proxy-password");
        assert_silent(fixture.err.hint, "proxy-password");
        assert_says(fixture.err.hint, "proxy");
        assert_false(fixture.response.sent);
    }
    set_proxy("proxy-password", server.proxy);
    static const char *const hosts[] = {"locked.example", "portal.example"}, *const statuses[] = {"407",
                                                                                                  "302"};
    for (size_t i = 0; i < array_length(hosts); i++) {
        assert_false(get(&fixture, hosts[i], 0));
        assert_code(&fixture.err, ERROR_NETWORK);
        assert_says(fixture.err.message, statuses[i]);
        assert_silent(fixture.err.message, "proxy-password");
        assert_says(fixture.err.hint, "https_proxy");
        assert_false(fixture.response.sent);
    }
    unsetenv("https_proxy");
}

static void join_files(const char *to, const char *first, const char *second)
{
    cleanup_string char *one = tls_path(&tls, first), *two = tls_path(&tls, second);
    cleanup_buffer struct buffer text = BUFFER(PAGE);
    struct error err = {0};
    assert_true(file_read(one, &text, &err) && buffer_append_text(&text, "noise\n") &&
                file_read(two, &text, &err));
    /* Without the last line's end, as editors leave it. */
    text.data[text.length - 1] = '\0';
    write_file(to, text.data);
}

static bool make_folders(void)
{
    cleanup_string char *hashed = tls_path(&tls, "hashed"), *empty = tls_path(&tls, "empty");
    const char *const rehash[] = {"openssl", "rehash", hashed, NULL};
    if (mkdir(hashed, 0700) != 0 || mkdir(empty, 0700) != 0)
        return false;
    join_files("hashed/both.pem", "ours.key", "ours.crt");
    return tls_run(rehash);
}

/* OpenSSL's own settings must not be what refuses an old server. */
static void allow_old_versions(void)
{
    cleanup_string char *path = tls_path(&tls, "openssl.cnf");
    write_file("openssl.cnf", "openssl_conf = start\n[start]\nssl_conf = ssl\n[ssl]\nsystem_default = all\n"
                              "[all]\nMinProtocol = TLSv1\nCipherString = ALL@SECLEVEL=0\n");
    setenv("OPENSSL_CONF", path, 1);
}

static int set_up_group(void **state)
{
    (void)state;
    static const struct tls_names good = {"good", "ours", "DNS:localhost,DNS:ak.example", false};
    static const struct tls_names foreign = {"foreign", "other", "DNS:localhost", false};
    static const struct tls_names expired = {"expired", "ours", "DNS:localhost", true};
    if (mkdtemp(tls.folder) == NULL || !tls_make_authority(&tls, "ours") ||
        !tls_make_authority(&tls, "other") || !tls_make_server(&tls, &good) ||
        !tls_make_server(&tls, &foreign) || !tls_make_server(&tls, &expired) || !make_folders())
        return -1;
    join_files("bundle.pem", "other.crt", "ours.crt");
    allow_old_versions();
    ports.good = tls_serve(&tls, "good", NULL, NULL);
    ports.foreign = tls_serve(&tls, "foreign", NULL, NULL);
    ports.expired = tls_serve(&tls, "expired", NULL, NULL);
    ports.old = tls_serve(&tls, "good", "-tls1_1", NULL);
    server_start(&server, ports.good);
    cleanup_string char *keys = tls_path(&tls, "keys.log");
    setenv("SSLKEYLOGFILE", keys, 1);
    return ports.good == 0 || ports.foreign == 0 || ports.expired == 0 || ports.old == 0 ? -1 : 0;
}

static int tear_down_group(void **state)
{
    (void)state;
    server_stop(&server);
    tls_stop(&tls);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trust),
        cmocka_unit_test(test_bad_authorities),
        cmocka_unit_test(test_refused_certificates),
        cmocka_unit_test(test_no_tls),
        cmocka_unit_test(test_no_key_log),
        cmocka_unit_test(test_proxy),
        cmocka_unit_test(test_proxy_errors),
    };
    return cmocka_run_group_tests(tests, set_up_group, tear_down_group);
}
