/* tracer PID: the yardstick, the least that a tracer of threads can do. SEIZE every thread, let
 * each stop go on at once, count. Ends with the last thread and prints "started exited". */
#define _GNU_SOURCE
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

static void seize_all(const char *pid) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%s/task", pid);
    DIR *tasks = opendir(path);
    for (struct dirent *task; tasks && (task = readdir(tasks));)
        if (task->d_name[0] != '.' && ptrace(PTRACE_SEIZE, atoi(task->d_name), 0,
                                             PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC)) {
            perror("PTRACE_SEIZE");
            exit(1);
        }
    puts("ready");
    fflush(stdout);
}

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    seize_all(argv[1]);
    long started = 0, exited = 0;
    unsigned long newborn;
    int status;
    for (pid_t tid; (tid = waitpid(-1, &status, __WALL)) > 0;) {
        if (!WIFSTOPPED(status)) {
            exited++;
            continue;
        }
        int event = status >> 16;
        if (event == PTRACE_EVENT_CLONE) {
            ptrace(PTRACE_GETEVENTMSG, tid, 0, &newborn);
            started++;
        }
        ptrace(PTRACE_CONT, tid, 0, event ? 0 : WSTOPSIG(status));
    }
    printf("%ld %ld\n", started, exited);
    return 0;
}
