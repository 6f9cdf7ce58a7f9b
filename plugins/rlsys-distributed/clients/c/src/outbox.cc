#include "outbox.h"

#include <algorithm>

namespace rlsys::core {

Outbox::Outbox(uint64_t buffer, uint64_t send_frequency)
    // What waits for others to be sent together must fit.
    : buffer_(buffer), send_frequency_(std::min(send_frequency, buffer)) {}

void Outbox::Put(Piece piece) {
  {
    const std::lock_guard lock(mutex_);
    if (gave_up_) {
      ++counts_.completed;
      ++counts_.dropped;
      return;
    }
    PutLocked(std::move(piece));
    if (pieces_.size() - released_ >= send_frequency_) released_ = pieces_.size();
    MakeRoom();
  }
  changed_.notify_all();
}

void Outbox::PutLocked(Piece piece) {
  if (most_steps_ == size_t{0}) {
    ++counts_.completed;
    ++counts_.dropped;
  } else if (!most_steps_ || piece.steps() <= *most_steps_) {
    ++counts_.completed;
    pieces_.push_back(std::make_shared<const Piece>(std::move(piece)));
  } else {
    for (size_t begin = 0; begin < piece.steps(); begin += *most_steps_) {
      const size_t end = std::min(begin + *most_steps_, piece.steps());
      ++counts_.completed;
      pieces_.push_back(std::make_shared<const Piece>(piece.Slice(begin, end)));
    }
  }
}

void Outbox::MakeRoom() {
  while (pieces_.size() - numbered_ > buffer_) {
    pieces_.erase(pieces_.begin() + static_cast<ptrdiff_t>(numbered_));
    if (released_ > numbered_) --released_;
    ++counts_.dropped;
  }
}

void Outbox::LimitSteps(size_t most_steps) {
  const std::lock_guard lock(mutex_);
  if (most_steps_ == most_steps) return;
  most_steps_ = most_steps;
  std::deque<std::shared_ptr<const Piece>> unsent(
      pieces_.begin() + static_cast<ptrdiff_t>(numbered_), pieces_.end());
  pieces_.resize(numbered_);
  counts_.completed -= unsent.size();
  const size_t released = released_ - numbered_;
  released_ = numbered_;
  for (size_t i = 0; i < unsent.size(); ++i) {
    PutLocked(*unsent[i]);
    if (i < released) released_ = pieces_.size();
  }
  MakeRoom();
}

void Outbox::LimitLag(std::optional<uint64_t> max_lag) {
  const std::lock_guard lock(mutex_);
  max_lag_ = max_lag;
}

void Outbox::Hold(uint64_t version, const std::string& incarnation) {
  const std::lock_guard lock(mutex_);
  held_ = version;
  incarnation_ = incarnation;
}

bool Outbox::IsStale(const Piece& piece) const {
  if (!max_lag_ || held_ == 0) return false;
  if (!piece.incarnation.empty() && piece.incarnation != incarnation_) return true;
  // Steps before the first model are always too old.
  const uint64_t oldest = held_ > *max_lag_ ? std::max<uint64_t>(1, held_ - *max_lag_) : 1;
  return std::any_of(piece.versions.begin(), piece.versions.end(),
                     [oldest](const VersionRun& run) { return run.version < oldest; });
}

uint64_t Outbox::first_sequence() const {
  const std::lock_guard lock(mutex_);
  return acknowledged_ + 1;
}

void Outbox::Restart(uint64_t acknowledged, uint32_t window) {
  {
    const std::lock_guard lock(mutex_);
    Forget(acknowledged);
    under_way_ = 0;
    window_ = std::max<size_t>(window, 1);
    interrupted_ = false;
  }
  changed_.notify_all();
}

std::optional<Outbox::Item> Outbox::Next() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(
        lock, [this] { return interrupted_ || (under_way_ < released_ && under_way_ < window_); });
    if (interrupted_) return std::nullopt;
    // What has a number is sent, so that there is no gap.
    if (under_way_ < numbered_ || !IsStale(*pieces_[under_way_])) break;
    pieces_.erase(pieces_.begin() + static_cast<ptrdiff_t>(under_way_));
    --released_;
    ++counts_.stale;
    changed_.notify_all();
  }
  const size_t place = under_way_++;
  numbered_ = std::max(numbered_, under_way_);
  return Item{acknowledged_ + place + 1, pieces_[place]};
}

void Outbox::Interrupt() {
  {
    const std::lock_guard lock(mutex_);
    interrupted_ = true;
  }
  changed_.notify_all();
}

void Outbox::Acknowledge(uint64_t sequence, uint32_t window) {
  {
    const std::lock_guard lock(mutex_);
    Forget(sequence);
    window_ = std::max<size_t>(window, 1);
  }
  changed_.notify_all();
}

void Outbox::Forget(uint64_t sequence) {
  if (sequence <= acknowledged_) return;
  const size_t count = std::min<uint64_t>(sequence - acknowledged_, numbered_);
  pieces_.erase(pieces_.begin(), pieces_.begin() + static_cast<ptrdiff_t>(count));
  acknowledged_ += count;
  counts_.acknowledged += count;
  numbered_ -= count;
  released_ -= count;
  under_way_ -= std::min(count, under_way_);
}

Outbox::Flushed Outbox::Flush(std::chrono::duration<double> timeout) {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(timeout);
  std::unique_lock lock(mutex_);
  released_ = pieces_.size();
  changed_.notify_all();
  const bool done =
      changed_.wait_until(lock, deadline, [this] { return gave_up_ || pieces_.empty(); });
  if (gave_up_) return Flushed::kGaveUp;
  return done ? Flushed::kYes : Flushed::kTimeout;
}

void Outbox::GiveUp() {
  {
    const std::lock_guard lock(mutex_);
    gave_up_ = true;
    counts_.dropped += pieces_.size();
    pieces_.clear();
    numbered_ = under_way_ = released_ = 0;
  }
  changed_.notify_all();
}

Outbox::Counts Outbox::counts() const {
  const std::lock_guard lock(mutex_);
  Counts counts = counts_;
  counts.waiting = pieces_.size();
  return counts;
}

}  // namespace rlsys::core
