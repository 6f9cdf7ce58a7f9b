#include "keys.h"

#include "nearest.h"
#include "text.h"

namespace rlsys::core {

Keys::Keys(const nlohmann::json& object, std::string path)
    : object_(object), path_(std::move(path)) {
  if (!object.is_object()) {
    throw Error(RLSYS_ERROR_CONFIG,
                Cat(path_.substr(0, path_.find_last_not_of(".: ") + 1),
                    " must be a JSON object with keys, not ", object.type_name()));
  }
}

const nlohmann::json* Keys::Find(const std::string& key) {
  known_.insert(key);
  const auto found = object_.find(key);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

Error Keys::Wrong(const std::string& key, const std::string& allowed) const {
  // A token is never written anywhere.
  const std::string value = key == "token" ? "" : Cat(" (got ", object_.at(key).dump(), ")");
  return Error(RLSYS_ERROR_CONFIG, Cat(path_, key, " must be ", allowed, value));
}

void Keys::Read(const std::string& key, std::string& value) {
  const nlohmann::json* found = Find(key);
  if (found == nullptr) return;
  if (!found->is_string()) throw Wrong(key, "a text");
  value = found->get<std::string>();
}

void Keys::Read(const std::string& key, bool& value) {
  const nlohmann::json* found = Find(key);
  if (found == nullptr) return;
  if (!found->is_boolean()) throw Wrong(key, "true or false");
  value = found->get<bool>();
}

void Keys::Read(const std::string& key, double& value, double least, double most) {
  const nlohmann::json* found = Find(key);
  if (found == nullptr) return;
  const double number = found->is_number() ? found->get<double>() : std::nan("");
  if (!(number >= least && number <= most)) {
    throw Wrong(key, Cat("a number from ", least, " to ", most));
  }
  value = number;
}

void Keys::Read(const std::string& key, uint64_t& value, uint64_t least, uint64_t most) {
  const nlohmann::json* found = Find(key);
  if (found == nullptr) return;
  if (!found->is_number_unsigned() || found->get<uint64_t>() < least ||
      found->get<uint64_t>() > most) {
    throw Wrong(key, Cat("a whole number from ", least, " to ", most));
  }
  value = found->get<uint64_t>();
}

void Keys::ExpectNoOthers() const {
  for (const auto& [key, value] : object_.items()) {
    if (!known_.contains(key)) {
      throw Error(RLSYS_ERROR_CONFIG, Cat(path_, "unknown key '", key, "'",
                                          DidYouMean(key, {known_.begin(), known_.end()})));
    }
  }
}

}  // namespace rlsys::core
