/* Symbols of every shape: the reader must tell which one an address belongs to. */
#include <stdio.h>

/* In order: a function within a function, bytes that are nobody's, a label without a size. */
__asm__(".pushsection .text\n"
        ".globl outer\n"
        ".type outer, %function\n"
        "outer: nop\n"
        ".globl inner\n"
        ".type inner, %function\n"
        "inner: nop\n"
        "ret\n"
        ".size inner, . - inner\n"
        "nop\n"
        "ret\n"
        ".size outer, . - outer\n"
        "nop\n"
        "nop\n"
        ".globl bare\n"
        "bare: nop\n"
        "ret\n"
        ".popsection\n");

int table[64] = {1};

__attribute__((noinline)) static int hidden(int value) { return value * table[0]; }

__attribute__((noinline)) int __exported(int value) { return hidden(value) + 1; }

int exported(int value) __attribute__((weak, alias("__exported")));
int same_code(int value) __attribute__((alias("__exported")));

int main(int argc, char **argv) {
    (void)argv;
    return printf("%d\n", exported(argc)) < 0;
}
