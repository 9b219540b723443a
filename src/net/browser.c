/* SPDX-License-Identifier: Apache-2.0 */
/* Which command opens the browser here, and what became of it. */
#include "net/browser.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "browser_program.h"
#include "net/child.h"

enum { EARLY = 5000 /* milliseconds: an end with failure after that is the user's own doing */ };

struct browser {
    struct child child;
    char *name;
    browser_failed *failed;
    void *context;
};

static const char *const wsl_openers[] = {
    "wslview",
    "rundll32.exe url.dll,FileProtocolHandler",
    "/mnt/c/Windows/System32/rundll32.exe url.dll,FileProtocolHandler",
};
static const char *const openers[] = {"xdg-open", "x-www-browser", "www-browser"};

static bool is_executable(const char *file)
{
    struct stat status;
    return stat(file, &status) == 0 && S_ISREG(status.st_mode) && access(file, X_OK) == 0;
}

/* Relative folders would let whoever owns the working directory choose the program. */
static char *find_in(const char *name, const char *path)
{
    while (path != NULL && *path != '\0') {
        size_t length = strcspn(path, ":");
        cleanup_string char *file = memory_format("%.*s/%s", (int)length, path, name);
        if (path[0] == '/' && is_executable(file))
            return steal(file);
        path += length + (path[length] == ':');
    }
    return NULL;
}

char *browser_find_program(const char *name, const char *path)
{
    if (*name == '\0')
        return NULL;
    if (strchr(name, '/') != NULL)
        return is_executable(name) ? memory_copy_text(name) : NULL;
    char *file = find_in(name, path);
    return file != NULL ? file : find_in(name, "/usr/local/bin:/usr/bin:/bin");
}

const char *browser_program_fault(const char *name)
{
    return strchr(name, '/') != NULL && access(name, F_OK) == 0 ? "is not an executable file"
                                                                : "was not found";
}

static void add_browser_variable(struct text_list *commands, const char *browser)
{
    while (browser != NULL && *browser != '\0') {
        size_t length = strcspn(browser, ":");
        if (strspn(browser, " \t") < length)
            text_list_add_bytes(commands, browser, length);
        browser += length + (browser[length] == ':');
    }
}

/* What may be tried, in order. --browser-command is the user's word: nothing else is tried then. */
static void list_commands(const struct browser_settings *settings, struct text_list *commands)
{
    if (!text_is_empty(settings->command)) {
        text_list_add(commands, settings->command);
        return;
    }
    add_browser_variable(commands, settings->browser);
    for (size_t i = 0; settings->is_wsl && i < array_length(wsl_openers); i++)
        text_list_add(commands, wsl_openers[i]);
    for (size_t i = 0; settings->has_display && i < array_length(openers); i++)
        text_list_add(commands, openers[i]);
}

/* Gives the words and the file of their first; false when the command cannot be run. */
static bool resolve(const char *command, const char *path, struct text_list *words, char **program,
                    struct error *err)
{
    if (!browser_words(command, path, words, err))
        return error_prefix(err, "the browser command '%s' cannot be used", safe(command));
    *program = browser_find_program(words->items[0], path);
    if (*program != NULL)
        return true;
    error_set(err, ERROR_CONFIG, "the browser command '%s' %s", safe(words->items[0]),
              browser_program_fault(words->items[0]));
    return error_hint(err, "give an executable in PATH, or its whole path");
}

bool browser_available(const struct browser_settings *settings, char **why)
{
    if (!text_is_empty(settings->command))
        return true;
    cleanup_text_list struct text_list commands = {0};
    list_commands(settings, &commands);
    for (size_t i = 0; i < commands.count; i++) {
        cleanup_text_list struct text_list words = {0};
        cleanup_string char *program = NULL;
        struct error ignored = {0};
        if (resolve(commands.items[i], settings->path, &words, &program, &ignored))
            return true;
    }
    const char *place = settings->has_display ? "none of xdg-open, x-www-browser and www-browser is installed"
                        : settings->why_not != NULL ? settings->why_not
                                                    : "there is no display here";
    *why = memory_format("%s%s", place,
                         text_is_empty(settings->browser) ? "" : ", and what BROWSER names was not found");
    return false;
}

static char *describe_end(const char *name, int status)
{
    if (WIFSIGNALED(status))
        return memory_format("%s ended by signal %d", safe(name), WTERMSIG(status));
    return memory_format("%s ended with status %d", safe(name), WEXITSTATUS(status));
}

static void ended(void *context, int status, int64_t age)
{
    const struct browser *browser = context;
    cleanup_string char *reason = describe_end(browser->name, status);
    log_line(1, "%s", reason);
    if (status != 0 && age <= EARLY && browser->failed != NULL)
        browser->failed(browser->context, reason);
}

static bool start(struct browser *browser, const struct browser_settings *settings, const char *command,
                  const char *url, struct error *err)
{
    cleanup_text_list struct text_list words = {0};
    cleanup_string char *program = NULL;
    if (!resolve(command, settings->path, &words, &program, err))
        return false;
    browser_add_url(&words, url);
    int cause = child_start(&browser->child, program, &words, settings->secrets);
    if (cause != 0)
        return error_set(err, ERROR_CONFIG, "cannot start the browser command '%s': %s", safe(program),
                         strerror(cause));
    const char *slash = strrchr(program, '/');
    browser->name = memory_copy_text(slash != NULL ? slash + 1 : program);
    log_line(1, "started %s", safe(program));
    return true;
}

static bool start_any(struct browser *browser, const struct browser_settings *settings, const char *url,
                      struct error *err)
{
    cleanup_string char *why = NULL;
    if (!browser_available(settings, &why))
        return error_set(err, ERROR_UNSUPPORTED, "cannot open a browser: %s", why);
    cleanup_text_list struct text_list commands = {0};
    list_commands(settings, &commands);
    struct error failure = {0};
    for (size_t i = 0; i < commands.count; i++)
        if (start(browser, settings, commands.items[i], url, &failure))
            return true;
    *err = failure;
    return false;
}

bool browser_open(struct loop *loop, const struct browser_settings *settings, const char *url,
                  struct browser **out, struct error *err)
{
    if (!browser_url_is_safe(url))
        return error_set(err, ERROR_ENDPOINT_URL,
                         "will not give '%s' to a browser: not a plain http or https URL", safe(url));
    cleanup_browser struct browser *browser = memory_allocate(sizeof *browser);
    if (!start_any(browser, settings, url, err))
        return false;
    browser->failed = settings->failed;
    browser->context = settings->context;
    child_watch(&browser->child, loop, ended, browser);
    *out = steal(browser);
    return true;
}

void browser_close(struct browser *browser)
{
    if (browser == NULL)
        return;
    child_forget(&browser->child);
    free(browser->name);
    free(browser);
}

void browser_cleanup(struct browser **browser)
{
    browser_close(*browser);
    *browser = NULL;
}
