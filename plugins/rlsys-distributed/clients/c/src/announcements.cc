#include "announcements.h"

#include "log.h"

namespace rlsys::core {

void Announcements::Once(const std::string& kind, const std::string& text) {
  {
    const std::lock_guard lock(mutex_);
    if (!said_.insert(kind).second) return;
  }
  Log(text);
}

void Announcements::Forget(const std::string& kind) {
  const std::lock_guard lock(mutex_);
  said_.erase(kind);
}

}  // namespace rlsys::core
