/* Inlined calls in inlined calls, a cold part, a function with a block-scope declaration. */
#include <stdio.h>
#include <stdlib.h>

static inline int square(int x) { return x * x; }

static inline int sum_of_squares(int a, int b) { return square(a) + square(b); }

__attribute__((cold, noinline)) static void complain(const char *what)
{
    fprintf(stderr, "inlines: %s\n", what);
    abort();
}

static inline int checked(int x)
{
    if (__builtin_expect(x < 0, 0)) {
        fprintf(stderr, "%d is negative\n", x);
        complain("a negative number");
    }
    return x + 1;
}

__attribute__((noinline)) static int fold(const int *numbers, int count)
{
    int total = 0;
    for (int i = 0; i < count; i++) {
        int here = checked(numbers[i]);
        total += sum_of_squares(here, i);
        if (total > 1000000) {
            extern int overflow(int);
            total = overflow(total);
        }
    }
    return total;
}

int overflow(int total) { return total % 1000000; }

/* At -O2 gcc puts the way to abort() far away from the rest. */
__attribute__((noinline)) int guarded(int x)
{
    if (x < 0)
        abort();
    return x * 2;
}

static int by_value(const void *left, const void *right)
{
    int a = *(const int *)left, b = *(const int *)right;
    return (a > b) - (a < b);
}

__attribute__((noinline)) static int recursive(int depth)
{
    switch (depth) {
    case 0:
        return 1;
    case 1:
        return square(depth) + 2;
    default:
        return recursive(depth - 1) + recursive(depth - 2) * square(depth);
    }
}

int main(int argc, char **argv)
{
    int numbers[64];
    for (int i = 0; i < 64; i++)
        numbers[i] = checked(argc * 37 % (i + 1));
    qsort(numbers, 64, sizeof numbers[0], by_value);
    printf("%d %d %s\n", fold(numbers, 64), recursive(argc + 5), argv[guarded(argc) - 2 * argc]);
    return 0;
}
