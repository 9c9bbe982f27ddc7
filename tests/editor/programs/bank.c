/* A bank whose tellers are threads: what the tests of breakpoints debug. It takes orders from stdin
 * and repeats each on stdout when it is done:
 *
 *   serve COUNT   the tellers serve so many customers, who pay in 100, 200, 300...
 *   balance       prints the line `balance N`, too
 *
 * A comment of the form "at NAME" marks a line for the tests.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TELLERS = 3, NAME = 16 };

struct account {
    const char *owner;
    long balance;
    int visits;
};

static struct account savings = { "Ada", 1000, 0 };
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int coming, waiting, served;

static long fee(long amount)
{
    return amount / 100 + 1; /* at fee */
}

static void pay_in(struct account *account, long amount)
{
    /* What the customer gets for it is less. */
    long net = amount - fee(amount); /* at fee is due */

    account->balance += net; /* at balance grows */
    account->visits++;       /* at visit */
}

static void *serve(void *unused)
{
    pthread_mutex_lock(&lock);
    for (;;) {
        while (waiting == 0)
            pthread_cond_wait(&changed, &lock);
        int customer = coming - --waiting;
        pay_in(&savings, 100 * customer);
        served++; /* at served */
        pthread_cond_broadcast(&changed);
    }
    return unused;
}

static void open_desks(void)
{
    char name[NAME];
    pthread_t thread;

    for (int i = 1; i <= TELLERS; i++) {
        snprintf(name, sizeof name, "teller-%d", i);
        if (pthread_create(&thread, NULL, serve, NULL))
            exit(1);
        pthread_setname_np(thread, name);
    }
}

static void let_in(int customers)
{
    pthread_mutex_lock(&lock);
    coming = waiting = customers;
    served = 0;
    pthread_cond_broadcast(&changed);
    while (served < customers)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

int main(void)
{
    char order[64];
    int count;

    setvbuf(stdout, NULL, _IOLBF, 0);
    open_desks();
    puts("open");
    while (fgets(order, sizeof order, stdin)) {
        if (sscanf(order, "serve %d", &count) == 1)
            let_in(count);
        else if (!strcmp(order, "balance\n"))
            printf("balance %ld\n", savings.balance);
        else
            return 2;
        printf("%s", order);
    }
    return 0;
}
