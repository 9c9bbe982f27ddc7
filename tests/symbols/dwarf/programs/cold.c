/* A line whose condition is in the hot part of a function, and what it leads to in the cold one. */
#include <stdlib.h>

__attribute__((noinline)) int guarded(int x)
{
    x *= 3;
    if (x < 0) abort(); /* @both */
    return x * 2;
}

int main(int argc, char **argv)
{
    (void)argv;
    return guarded(argc) + guarded(argc + 1);
}
