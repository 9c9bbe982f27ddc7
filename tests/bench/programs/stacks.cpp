// Four threads that sleep below calls with locals of many types.
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace shapes {

struct Shape {
    virtual ~Shape() = default;
    virtual double area() const = 0;
};

template <typename T> struct Square : Shape {
    explicit Square(T side) : side(side) {}
    double area() const override { return side * side; }
    T side;
};

} // namespace shapes

static volatile long sink;

class Walker {
public:
    explicit Walker(std::string name) : name_(std::move(name)) {}

    void walk(int depth, const std::vector<int> &before)
    {
        std::vector<int> path(before);
        path.push_back(depth);
        std::map<std::string, int> seen{{"depth", depth}, {name_, depth * 2}};
        const auto shape = std::make_shared<shapes::Square<double>>(depth);
        int &last = path.back();
        if (depth)
            walk(depth - 1, path);
        else
            rest([&](int times) { return times * last; });
        sink = last + seen.size() + shape->area();
    }

private:
    template <typename F> void rest(F &&scaled)
    {
        std::string label = "resting " + name_;
        for (;;)
            pause();
        sink = scaled(2) + label.size();
    }

    std::string name_;
};

int main()
{
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; i++)
        threads.emplace_back([i] { Walker("walker " + std::to_string(i)).walk(5, {i}); });
    Walker("main").walk(5, {});
}
