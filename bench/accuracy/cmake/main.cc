#include <iostream>
#include <string>
#include <vector>

std::vector<std::string> words(const std::string &text);

int main() {
    for (const auto &word : words("hello from a container")) std::cout << word << '\n';
    return 0;
}
