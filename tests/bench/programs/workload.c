/* What the debuggers are measured on. Prints "ready" once its threads are up, works when a line
 * comes on stdin, writes its figures to OUT, prints "done", ends with stdin. Times are
 * CLOCK_MONOTONIC nanoseconds.
 *
 *   workload storm N ALIVE SLEEPERS OUT      N threads that return at once, ALIVE not yet joined at
 *       a time, beside SLEEPERS that sleep. OUT: "start end", then a tid a line, as created.
 *   workload ticker N EVERY_US LIVE_US OUT   a thread every EVERY_US that lives for LIVE_US.
 *       OUT: "tid before_create at_start at_return" a line, as created.
 *   workload herd SLEEPERS OUT               OUT, mapped: int64 {beats, longest gap between two},
 *       one beat a millisecond by the main thread, from the beginning on.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define BEAT_NS 1000000

struct tick {
    int tid;
    int64_t before, begin, end;
};

static pthread_attr_t small_stack;
static sem_t up;
static int64_t live_ns;

static int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void sleep_ns(int64_t ns) {
    struct timespec left = {ns / 1000000000, ns % 1000000000};
    while (nanosleep(&left, &left) == -1 && errno == EINTR)
        ;
}

static pthread_t start(void *(*run)(void *), void *argument) {
    pthread_t thread;
    int error = pthread_create(&thread, &small_stack, run, argument);
    if (error) {
        fprintf(stderr, "pthread_create: %s\n", strerror(error));
        exit(1);
    }
    return thread;
}

static void *sleeper(void *unused) {
    sem_post(&up);
    for (;;) pause();
    return unused;
}

static void say(const char *word) {
    puts(word);
    fflush(stdout);
}

static void start_sleepers(int count) {
    sem_init(&up, 0, 0);
    for (int i = 0; i < count; i++) start(sleeper, NULL);
    for (int i = 0; i < count; i++)
        while (sem_wait(&up)) continue;
    say("ready");
}

/* A line on stdin is the sign to begin, its end the sign to leave. */
static void wait_for_line(void) {
    char line[16];
    if (!fgets(line, sizeof line, stdin)) exit(0);
}

static FILE *results(const char *path) {
    FILE *file = fopen(path, "w");
    if (!file) {
        perror(path);
        exit(1);
    }
    return file;
}

static void *note_tid(void *tid) {
    *(int *)tid = gettid();
    return NULL;
}

static void storm(int count, int alive, const char *out) {
    int *tids = calloc(count, sizeof *tids);
    pthread_t *ring = calloc(alive, sizeof *ring);
    wait_for_line();
    int64_t begin = now_ns();
    for (int i = 0; i < count; i++) {
        if (i >= alive) pthread_join(ring[i % alive], NULL);
        ring[i % alive] = start(note_tid, &tids[i]);
    }
    for (int i = count > alive ? count - alive : 0; i < count; i++)
        pthread_join(ring[i % alive], NULL);
    int64_t end = now_ns();
    FILE *file = results(out);
    fprintf(file, "%lld %lld\n", (long long)begin, (long long)end);
    for (int i = 0; i < count; i++) fprintf(file, "%d\n", tids[i]);
    fclose(file);
}

static void *tick(void *argument) {
    struct tick *self = argument;
    self->begin = now_ns();
    self->tid = gettid();
    sleep_ns(live_ns);
    self->end = now_ns();
    return NULL;
}

static void ticker(int count, int64_t every_ns, const char *out) {
    struct tick *ticks = calloc(count, sizeof *ticks);
    pthread_t *threads = calloc(count, sizeof *threads);
    wait_for_line();
    int64_t next = now_ns();
    for (int i = 0; i < count; i++) {
        ticks[i].before = now_ns();
        threads[i] = start(tick, &ticks[i]);
        next += every_ns;
        int64_t left = next - now_ns();
        if (left > 0)
            sleep_ns(left);
        else
            next = now_ns();
    }
    for (int i = 0; i < count; i++) pthread_join(threads[i], NULL);
    FILE *file = results(out);
    for (int i = 0; i < count; i++)
        fprintf(file, "%d %lld %lld %lld\n", ticks[i].tid, (long long)ticks[i].before,
                (long long)ticks[i].begin, (long long)ticks[i].end);
    fclose(file);
}

static void *end_with_stdin(void *unused) {
    while (getchar() != EOF) continue;
    exit(0);
    return unused;
}

static void herd(int sleepers, const char *out) {
    int file = open(out, O_RDWR | O_CREAT, 0600);
    if (file < 0 || ftruncate(file, 16)) {
        perror(out);
        exit(1);
    }
    volatile int64_t *beat = mmap(NULL, 16, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    start(end_with_stdin, NULL);
    start_sleepers(sleepers);
    for (int64_t last = now_ns();;) {
        sleep_ns(BEAT_NS);
        int64_t now = now_ns();
        if (now - last > beat[1]) beat[1] = now - last;
        beat[0]++;
        last = now;
    }
}

int main(int argc, char **argv) {
    pthread_attr_init(&small_stack);
    pthread_attr_setstacksize(&small_stack, 65536);
    const char *out = argv[argc - 1];
    if (argc == 6 && !strcmp(argv[1], "storm")) {
        start_sleepers(atoi(argv[4]));
        storm(atoi(argv[2]), atoi(argv[3]), out);
    } else if (argc == 6 && !strcmp(argv[1], "ticker")) {
        live_ns = atoll(argv[4]) * 1000;
        say("ready");
        ticker(atoi(argv[2]), atoll(argv[3]) * 1000, out);
    } else if (argc == 4 && !strcmp(argv[1], "herd")) {
        herd(atoi(argv[2]), out);
    } else {
        fprintf(stderr, "usage: workload storm|ticker|herd ... OUT\n");
        return 2;
    }
    say("done");
    wait_for_line();
    return 0;
}
