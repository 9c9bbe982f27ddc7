/* A second unit beside another program's: types and names of its own, and one it shares. */
enum shade { BLACK = 1, GREY = 7 };

struct pair {
    struct pair *next;
    enum shade shade;
    union {
        int whole;
        char parts[4];
    } of;
};

static int calls;
int beside_total = 3;

static int weighed(const struct pair *pair, int factor)
{
    int sum = 0;
    for (; pair; pair = pair->next) {
        struct pair copy = *pair;
        sum += copy.of.whole * factor + copy.shade;
    }
    calls++;
    return sum;
}

__attribute__((noinline, used)) int beside(int factor)
{
    struct pair last = {0, GREY, {5}}, first = {&last, BLACK, {factor}};
    beside_total += weighed(&first, factor);
    return beside_total;
}
