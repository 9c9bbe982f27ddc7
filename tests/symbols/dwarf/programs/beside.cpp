// A second unit beside another program's: a class hierarchy, templates, names in a namespace.
#include <string>
#include <vector>

namespace beside {

struct Shape {
    virtual ~Shape() = default;
    virtual int area() const = 0;
    int tag = 7;
};

template <typename T> struct Rectangle : Shape {
    Rectangle(T width, T height) : width(width), height(height) {}
    int area() const override { return static_cast<int>(width * height); }
    T width, height;
};

int shapes_made = 0;

__attribute__((noinline)) int total(const std::vector<Shape *> &shapes, const std::string &name)
{
    int sum = static_cast<int>(name.size());
    for (const auto *shape : shapes)
        sum += shape->area();
    return sum;
}

} // namespace beside

__attribute__((noinline, used)) int measure(int width)
{
    beside::Rectangle<int> wide(width, 2);
    beside::Rectangle<double> narrow(0.5, width);
    beside::shapes_made += 2;
    return beside::total({&wide, &narrow}, "measured");
}
