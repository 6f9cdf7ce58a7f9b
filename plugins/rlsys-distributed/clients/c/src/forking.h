// What happens to agents when a program forks.
//
// A fork copies only the thread that calls it. Locks that another thread holds at that moment stay
// locked in the child forever, so all of them are taken before the fork and let go of after it, on
// both sides. gRPC is never touched in the child.
#pragma once

#include <cstdint>

namespace rlsys::core {

// Something with locks that the acting path takes.
class Forkable {
 public:
  virtual void LockForFork() = 0;
  virtual void UnlockAfterFork() = 0;

 protected:
  Forkable() = default;
  ~Forkable() = default;
  Forkable(const Forkable&) = delete;
  Forkable& operator=(const Forkable&) = delete;
};

// Add and remove something for as long as it lives.
void WatchForks(Forkable* one);
void StopWatchingForks(Forkable* one);

// Returns how many forks lie between the first process and this one. A number that has changed
// says: this is a child.
uint64_t ForkDepth();

}  // namespace rlsys::core
