#include <sstream>
#include <string>
#include <vector>

std::vector<std::string> words(const std::string &text) {
    std::istringstream stream(text);
    std::vector<std::string> found;
    for (std::string word; stream >> word;) found.push_back(word);
    return found;
}
