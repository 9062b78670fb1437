// SPDX-License-Identifier: Apache-2.0
// C++ with what needs its run-time library: streams, containers, exceptions through frames with destructors, RTTI.
#include <algorithm>
#include <iomanip>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace
{
struct Shape {
	virtual ~Shape() = default;
	virtual double area() const = 0;
};

struct Square : Shape {
	explicit Square(double side) : side(side)
	{
	}
	double area() const override
	{
		return side * side;
	}
	double side;
};

struct Circle : Shape {
	explicit Circle(double radius) : radius(radius)
	{
	}
	double area() const override
	{
		return 3.14159265358979 * radius * radius;
	}
	double radius;
};

struct Scope {
	explicit Scope(const char *name) : name(name)
	{
	}
	~Scope()
	{
		std::cout << "leaving " << name << '\n';
	}
	const char *name;
};

int depth(int n)
{
	Scope scope(n % 2 ? "odd" : "even");

	if (n == 0)
		throw std::out_of_range("the end");
	return depth(n - 1) + 1;
}

const std::string at_start = std::string(3, '*'); // made before main
} // namespace

int main(int argc, char **argv)
{
	std::vector<std::unique_ptr<Shape>> shapes;
	std::map<std::string, int> words;
	std::string word;

	shapes.push_back(std::make_unique<Square>(2));
	shapes.push_back(std::make_unique<Circle>(1.5));
	for (const auto &shape : shapes)
		std::cout << at_start << (dynamic_cast<Square *>(shape.get()) ? " square " : " circle ") << std::fixed
			  << std::setprecision(12) << shape->area() << '\n';
	try {
		depth(3);
	} catch (const std::exception &error) {
		std::cout << "caught " << error.what() << '\n';
	}
	try {
		std::cout << std::stoi("not a number") << '\n';
	} catch (const std::invalid_argument &) {
		std::cout << "no number\n";
	}
	while (std::cin >> word)
		words[word]++;
	for (const auto &entry : words)
		std::cout << entry.first << ' ' << entry.second << '\n';
	if (argc > 1 && std::string(argv[1]) == "uncaught")
		throw std::runtime_error("nobody catches this");
	return 0;
}
