/* SPDX-License-Identifier: Apache-2.0 */
/* Runs commands in turn, many times, and prints what the kernel says of each; small enough not to count. */
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { COMMANDS_MAX = 4 };

struct command {
    char **words;
    int64_t *wall, *cpu; /* nanoseconds and microseconds, one per run */
    long peak;           /* kilobytes */
};

static int64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

static int64_t microseconds(struct timeval time)
{
    return time.tv_sec * INT64_C(1000000) + time.tv_usec;
}

static int run_once(struct command *command, const posix_spawn_file_actions_t *actions, int run)
{
    struct rusage usage;
    pid_t pid;
    int status;
    int64_t started = now();
    if (posix_spawn(&pid, command->words[0], actions, NULL, command->words, environ) != 0)
        return -1;
    if (wait4(pid, &status, 0, &usage) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return -1;
    command->wall[run] = now() - started;
    command->cpu[run] = microseconds(usage.ru_utime) + microseconds(usage.ru_stime);
    if (usage.ru_maxrss > command->peak)
        command->peak = usage.ru_maxrss;
    return 0;
}

static int compare(const void *left, const void *right)
{
    const int64_t *a = left, *b = right;
    return *a < *b ? -1 : *a > *b;
}

static void print(const struct command *command, int runs)
{
    qsort(command->wall, (size_t)runs, sizeof(*command->wall), compare);
    qsort(command->cpu, (size_t)runs, sizeof(*command->cpu), compare);
    printf("%lld %lld %lld %lld %ld\n", (long long)command->wall[0], (long long)command->wall[runs / 2],
           (long long)command->cpu[0], (long long)command->cpu[runs / 2], command->peak);
}

/* Arguments: RUNS -- COMMAND ARG... -- COMMAND ARG... */
static int split(int count, char **arguments, struct command *commands, int runs)
{
    int found = 0;
    for (int i = 2; i < count; i++) {
        if (strcmp(arguments[i], "--") != 0)
            continue;
        arguments[i] = NULL;
        if (found == COMMANDS_MAX || i + 1 == count)
            return 0;
        commands[found].words = arguments + i + 1;
        commands[found].wall = calloc((size_t)runs, sizeof(int64_t));
        commands[found].cpu = calloc((size_t)runs, sizeof(int64_t));
        if (commands[found].wall == NULL || commands[found].cpu == NULL)
            return 0;
        found++;
    }
    return found;
}

int main(int count, char **arguments)
{
    struct command commands[COMMANDS_MAX] = {0};
    posix_spawn_file_actions_t actions;
    long runs = count > 2 ? strtol(arguments[1], NULL, 10) : 0;
    int found = runs > 0 && runs <= 100000 ? split(count, arguments, commands, (int)runs) : 0;
    if (found == 0) {
        fprintf(stderr, "usage: launcher RUNS -- COMMAND [ARGUMENT...] [-- COMMAND ...]\n");
        return 2;
    }
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    for (int run = 0; run < runs; run++) {
        for (int i = 0; i < found; i++) {
            if (run_once(&commands[i], &actions, run) != 0) {
                fprintf(stderr, "launcher: '%s' failed\n", commands[i].words[0]);
                return 1;
            }
        }
    }
    for (int i = 0; i < found; i++)
        print(&commands[i], (int)runs);
    posix_spawn_file_actions_destroy(&actions);
    return 0;
}
