// Says each kind of event once.
#pragma once

#include <mutex>
#include <set>
#include <string>

namespace rlsys::core {

// May be used from several threads.
class Announcements {
 public:
  // Writes `text` to the log if nothing of this kind was said before.
  void Once(const std::string& kind, const std::string& text);

  // Lets a kind be said again.
  void Forget(const std::string& kind);

  void LockForFork() { mutex_.lock(); }
  void UnlockAfterFork() { mutex_.unlock(); }

 private:
  std::mutex mutex_;
  std::set<std::string> said_;
};

}  // namespace rlsys::core
