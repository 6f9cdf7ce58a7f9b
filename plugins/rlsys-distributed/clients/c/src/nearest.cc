#include "nearest.h"

#include <algorithm>
#include <numeric>

#include "text.h"

namespace rlsys::core {
namespace {

// Levenshtein's distance: insertions, deletions and replacements from one name to the other.
size_t Distance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, replaced});
    }
  }
  return row.back();
}

}  // namespace

std::string DidYouMean(const std::string& name, const std::vector<std::string>& known) {
  std::vector<std::string> names = known;
  std::sort(names.begin(), names.end());
  std::string all, nearest;
  size_t least = std::max<size_t>(2, name.size() / 2) + 1;
  for (const std::string& one : names) {
    all += (all.empty() ? "" : ", ") + one;
    if (const size_t distance = Distance(name, one); distance < least) {
      least = distance;
      nearest = one;
    }
  }
  return nearest.empty() ? Cat(" (known: ", all, ")")
                         : Cat(" (did you mean '", nearest, "'? known: ", all, ")");
}

}  // namespace rlsys::core
