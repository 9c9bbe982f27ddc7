/* A workshop with workers that have names: what the editor tests debug. It takes orders from stdin
 * and repeats each on stdout when it is done:
 *
 *   hire NAME        a worker begins, who takes this name a moment after birth, as most threads do
 *   rename OLD NEW   a worker gets another name
 *   fire NAME        the worker ends
 *   crowd COUNT      so many workers at once, without names of their own
 *   dismiss          all of the crowd end at once
 *
 * A worker named `clock` prints a line `beat N` ten times a second. The workshop ends with stdin.
 *
 *   workshop NAME...   takes no orders: the workers of these names are there until it is killed
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST = 64, NAME = 16, BEAT_US = 100000, SMALL_STACK = 64 * 1024 };

struct worker {
    pthread_t thread;
    void (*task)(struct worker *self);
    char name[NAME];
    sem_t named, end;
};

static struct worker workers[MOST];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int crowd_wanted, crowd_size;

static void wait_for(sem_t *semaphore)
{
    while (sem_wait(semaphore))
        ;
}

static void work(struct worker *self)
{
    wait_for(&self->end);
}

static void beat(struct worker *self)
{
    for (long count = 1; sem_trywait(&self->end); count++) {
        printf("beat %ld\n", count);
        usleep(BEAT_US);
    }
}

static void *begin_work(void *argument)
{
    struct worker *self = argument;

    pthread_setname_np(pthread_self(), self->name);
    sem_post(&self->named);
    self->task(self);
    return NULL;
}

static struct worker *find(const char *name)
{
    for (struct worker *worker = workers; worker < workers + MOST; worker++)
        if (!strcmp(worker->name, name))
            return worker;
    fprintf(stderr, "workshop: no worker %s\n", name);
    exit(1);
}

static void hire(const char *name, void (*task)(struct worker *self))
{
    struct worker *worker = find("");

    snprintf(worker->name, NAME, "%s", name);
    worker->task = task;
    sem_init(&worker->named, 0, 0);
    sem_init(&worker->end, 0, 0);
    pthread_create(&worker->thread, NULL, begin_work, worker);
    wait_for(&worker->named);
}

static void rename_worker(struct worker *worker, const char *name)
{
    snprintf(worker->name, NAME, "%s", name);
    pthread_setname_np(worker->thread, worker->name);
}

static void fire(struct worker *worker)
{
    sem_post(&worker->end);
    pthread_join(worker->thread, NULL);
    worker->name[0] = '\0';
}

static void *stand_in_crowd(void *unused)
{
    pthread_mutex_lock(&lock);
    crowd_size++;
    pthread_cond_broadcast(&changed);
    while (crowd_wanted > 0)
        pthread_cond_wait(&changed, &lock);
    crowd_size--;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    return unused;
}

static void have_crowd_of(int count)
{
    pthread_attr_t small;
    pthread_t thread;

    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, SMALL_STACK);
    pthread_attr_setdetachstate(&small, PTHREAD_CREATE_DETACHED);
    pthread_mutex_lock(&lock);
    crowd_wanted = count;
    pthread_cond_broadcast(&changed);
    for (int i = crowd_size; i < count; i++)
        if (pthread_create(&thread, &small, stand_in_crowd, NULL))
            exit(1);
    while (crowd_size != count)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

static void obey(const char *order)
{
    char first[NAME], second[NAME];
    int count;

    if (sscanf(order, "hire %15s", first) == 1)
        hire(first, work);
    else if (sscanf(order, "rename %15s %15s", first, second) == 2)
        rename_worker(find(first), second);
    else if (sscanf(order, "fire %15s", first) == 1)
        fire(find(first));
    else if (sscanf(order, "crowd %d", &count) == 1)
        have_crowd_of(count);
    else if (!strcmp(order, "dismiss\n"))
        have_crowd_of(0);
    else
        exit(2);
    printf("%s", order);
}

int main(int argc, char **argv)
{
    char order[64];

    setvbuf(stdout, NULL, _IOLBF, 0);
    hire("clock", beat);
    for (int i = 1; i < argc; i++)
        hire(argv[i], work);
    if (argc > 1)
        pthread_join(find("clock")->thread, NULL);
    puts("open");
    while (fgets(order, sizeof order, stdin))
        obey(order);
    return 0;
}
