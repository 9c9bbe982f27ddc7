/* What breakpoints, steps and the unwinder are measured on. Prints "ready", works when a line comes
 * on stdin, writes "start end" in CLOCK_MONOTONIC nanoseconds to OUT, prints "done", ends with stdin.
 *
 *   loops hot THREADS N OUT   N times past the breakpoint, shared out among THREADS
 *   loops steps OUT           a loop to step through: four lines a round
 *   loops deep N OUT          waits below N calls, for good: says "done" and has no figures
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct range {
    long begin, end;
};

static volatile long sink;
static atomic_long passed;
long spare[4]; /* never touched: what data breakpoints that are to do nothing watch */

static int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void say(const char *word) {
    puts(word);
    fflush(stdout);
}

static void *pass(void *argument) {
    struct range *range = argument;
    for (long i = range->begin; i < range->end; i++) {
        sink = i; /* @hot */
        atomic_fetch_add(&passed, 1);
    }
    return NULL;
}

static void hot(int threads, long count) {
    pthread_t *others = calloc(threads, sizeof *others);
    struct range *ranges = calloc(threads, sizeof *ranges);
    for (int i = 0; i < threads; i++)
        ranges[i] = (struct range){count * i / threads, count * (i + 1) / threads};
    for (int i = 1; i < threads; i++) pthread_create(&others[i], NULL, pass, &ranges[i]);
    pass(&ranges[0]);
    for (int i = 1; i < threads; i++) pthread_join(others[i], NULL);
}

static long mixed(long value) {
    return value ^ value >> 3;
}

static void steps(void) {
    long total = 0;
    for (long i = 0; i < 1000000; i++) {
        total += i; /* @step */
        total = mixed(total);
        sink = total;
    }
}

static void deep(long depth) {
    long left = depth - 1;
    if (left > 0)
        deep(left);
    else
        say("done");
    while (left == 0) pause();
    sink = left;
}

int main(int argc, char **argv) {
    if (argc < 3) return 2;
    say("ready");
    if (getchar() == EOF) return 0;
    int64_t begin = now_ns();
    if (!strcmp(argv[1], "hot")) hot(atoi(argv[2]), atol(argv[3]));
    if (!strcmp(argv[1], "steps")) steps();
    if (!strcmp(argv[1], "deep")) deep(atol(argv[2]));
    int64_t end = now_ns();
    FILE *file = fopen(argv[argc - 1], "w");
    if (!file) {
        perror(argv[argc - 1]);
        return 1;
    }
    fprintf(file, "%lld %lld\n", (long long)begin, (long long)end);
    fclose(file);
    say("done");
    while (getchar() != EOF) continue;
    return 0;
}
