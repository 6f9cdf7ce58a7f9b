// The newest model, handed from the connection to the threads that act.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>

#include "model.h"

namespace rlsys::core {

class ModelSlot {
 public:
  // Puts a newer model in.
  void Set(std::shared_ptr<const Model> model);

  // Replaces `held` if there is another model than the one that was `seen`. It takes the lock only
  // then, so acting threads do not disturb each other.
  void Refresh(std::shared_ptr<const Model>& held, uint64_t& seen) const;

  // Waits until there is a model, at most until `timeout` after the first call. Returns at once
  // later on, and after StopWaiting.
  void WaitForFirst(std::chrono::duration<double> timeout);

  // Says that no model will come.
  void StopWaiting();

  // The newest model's version; 0: none.
  uint64_t version() const { return version_.load(std::memory_order_relaxed); }

  void LockForFork() { mutex_.lock(); }
  void UnlockAfterFork() { mutex_.unlock(); }

 private:
  mutable std::mutex mutex_;
  std::condition_variable first_;
  std::shared_ptr<const Model> model_;
  std::chrono::steady_clock::time_point deadline_{};
  std::atomic<uint64_t> changes_{0};
  std::atomic<uint64_t> version_{0};
  std::atomic<bool> waited_{false};
};

}  // namespace rlsys::core
