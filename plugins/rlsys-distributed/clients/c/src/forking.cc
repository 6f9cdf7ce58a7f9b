#include "forking.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <vector>

#include "log.h"

namespace rlsys::core {
namespace {

std::atomic<uint64_t> depth{0};

struct Watched {
  std::mutex mutex;
  std::vector<Forkable*> all;
};

// Never destroyed: a program may fork while it ends.
Watched& TheWatched() {
  static Watched* const watched = new Watched;
  return *watched;
}

void BeforeFork() {
  TheWatched().mutex.lock();
  for (Forkable* one : TheWatched().all) one->LockForFork();
  LockLog();
}

void AfterFork() {
  UnlockLog();
  for (Forkable* one : TheWatched().all) one->UnlockAfterFork();
  TheWatched().mutex.unlock();
}

void InChild() {
  depth.fetch_add(1, std::memory_order_relaxed);
  AfterFork();
}

}  // namespace

void WatchForks(Forkable* one) {
  static const int registered = pthread_atfork(BeforeFork, AfterFork, InChild);
  static_cast<void>(registered);
  const std::lock_guard lock(TheWatched().mutex);
  TheWatched().all.push_back(one);
}

void StopWatchingForks(Forkable* one) {
  const std::lock_guard lock(TheWatched().mutex);
  std::erase(TheWatched().all, one);
}

uint64_t ForkDepth() { return depth.load(std::memory_order_relaxed); }

}  // namespace rlsys::core
