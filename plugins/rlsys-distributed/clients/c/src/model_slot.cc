#include "model_slot.h"

namespace rlsys::core {

void ModelSlot::Set(std::shared_ptr<const Model> model) {
  version_.store(model->number, std::memory_order_relaxed);
  {
    const std::lock_guard lock(mutex_);
    model_.swap(model);
    changes_.fetch_add(1, std::memory_order_release);
    waited_.store(true, std::memory_order_release);
  }
  first_.notify_all();
}

void ModelSlot::Refresh(std::shared_ptr<const Model>& held, uint64_t& seen) const {
  if (changes_.load(std::memory_order_acquire) == seen) return;
  const std::lock_guard lock(mutex_);
  held = model_;
  seen = changes_.load(std::memory_order_relaxed);
}

void ModelSlot::WaitForFirst(std::chrono::duration<double> timeout) {
  if (waited_.load(std::memory_order_acquire)) return;
  using Clock = std::chrono::steady_clock;
  std::unique_lock lock(mutex_);
  if (deadline_ == Clock::time_point{}) {
    deadline_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(timeout);
  }
  first_.wait_until(lock, deadline_, [this] { return waited_.load(std::memory_order_relaxed); });
  waited_.store(true, std::memory_order_release);
}

void ModelSlot::StopWaiting() {
  {
    const std::lock_guard lock(mutex_);
    waited_.store(true, std::memory_order_release);
  }
  first_.notify_all();
}

}  // namespace rlsys::core
