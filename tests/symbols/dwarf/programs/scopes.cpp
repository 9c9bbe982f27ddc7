// Functions in namespaces, classes, lambdas, local classes, templates; much of the library inlined.
#include <algorithm>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

namespace outer {
namespace inner {

int plain(int x) { return x * 3; }

class Account {
public:
    explicit Account(std::string owner) : owner_(std::move(owner)) {}
    virtual ~Account() = default;
    virtual int interest(int years) const;
    void pay(int amount) { balance_ += amount; }
    int balance() const { return balance_; }
    static int count;
    struct Entry {
        int amount;
        int doubled() const { return amount * 2; }
    };

private:
    std::string owner_;
    int balance_ = 0;
};

int Account::count = 0;

int Account::interest(int years) const { return balance_ * years / 100 + static_cast<int>(owner_.size()); }

class Savings : public Account {
public:
    using Account::Account;
    int interest(int years) const override { return Account::interest(years) * 2; }
};

template <typename T> T largest(const std::vector<T> &values)
{
    return *std::max_element(values.begin(), values.end());
}

} // namespace inner
} // namespace outer

namespace {

int hidden(int x)
{
    struct Local {
        int value;
        int squared() const { return value * value; }
    };
    return Local{x}.squared();
}

} // namespace

static int with_lambdas(const std::vector<int> &values)
{
    int total = 0;
    std::for_each(values.begin(), values.end(), [&total](int value) {
        auto deeper = [](int x) { return hidden(x) + 1; };
        total += deeper(value);
    });
    std::function<int(int)> kept = [total](int x) { return total - x; };
    return kept(3);
}

int main(int argc, char **argv)
{
    using namespace outer::inner;
    std::vector<std::unique_ptr<Account>> accounts;
    accounts.push_back(std::make_unique<Account>(argv[0]));
    accounts.push_back(std::make_unique<Savings>("second"));
    std::map<std::string, int> totals;
    for (auto &account : accounts) {
        account->pay(argc * 100);
        totals[std::to_string(account->balance())] += account->interest(5);
    }
    std::vector<int> values(20);
    std::iota(values.begin(), values.end(), argc);
    std::sort(values.begin(), values.end(), std::greater<>());
    Account::Entry entry{plain(argc)};
    std::printf("%d %d %d %zu\n", largest(values), with_lambdas(values), entry.doubled(), totals.size());
    return 0;
}
