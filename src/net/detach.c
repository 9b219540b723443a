/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors are given up before the fork: kubectl reads until nobody has its pipe any more. */
#include "net/detach.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/memory.h"
#include "descriptors.h"

static bool give_up_standard_descriptors(void)
{
    cleanup_fd int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    return null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(null, STDOUT_FILENO) >= 0 &&
           dup2(null, STDERR_FILENO) >= 0;
}

bool detach(int kept)
{
    if (!give_up_standard_descriptors())
        return false;
    descriptors_close(kept);
    /* the end of a terminal's first process hangs up on the child that has not left the terminal yet */
    signal(SIGHUP, SIG_IGN);
    if (fork() != 0)
        return false;
    setsid();
    return true;
}
