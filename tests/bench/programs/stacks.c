/* Six threads that sleep below calls with locals of many types. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

enum colour { RED, GREEN, BLUE };

struct point {
    double x, y;
    struct point *next;
};

union word {
    uint32_t whole;
    unsigned char bytes[4];
};

static volatile long sink;

static void leaf(struct point *last, const char *label) {
    union word word = {0x01020304};
    char buffer[32];
    long double wide = 1.5L;
    snprintf(buffer, sizeof buffer, "%s %g", label, last->x);
    for (;;) pause();
    sink = word.whole + (long)wide + buffer[0];
}

static void walk(int depth, struct point *last) {
    struct point here = {depth, depth / 2.0, last};
    enum colour colour = depth % 3;
    const char *label = depth % 2 ? "odd" : "even";
    int history[4] = {depth, depth + 1, depth + 2, depth + 3};
    if (depth)
        walk(depth - 1, &here);
    else
        leaf(&here, label);
    sink = history[1] + colour;
}

static void *begin(void *argument) {
    long number = (long)argument;
    struct point origin = {0, 0, NULL};
    walk(5, &origin);
    sink = number;
    return NULL;
}

int main(void) {
    pthread_t threads[5];
    for (long i = 0; i < 5; i++) pthread_create(&threads[i], NULL, begin, (void *)i);
    begin((void *)5L);
}
