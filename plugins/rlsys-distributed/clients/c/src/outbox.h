// Trajectories on their way to the server.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "piece.h"

namespace rlsys::core {

// Keeps what the server has not acknowledged, in order. May be used from several threads.
//
// A piece gets its sequence number when it is first sent; from then on it is kept until it is
// acknowledged. So what is dropped for want of room leaves no gap in the numbers.
class Outbox {
 public:
  struct Item {
    uint64_t sequence;
    std::shared_ptr<const Piece> piece;
  };
  struct Counts {
    uint64_t completed = 0;
    uint64_t acknowledged = 0;
    uint64_t dropped = 0;
    uint64_t stale = 0;
    uint64_t waiting = 0;
  };
  enum class Flushed { kYes, kTimeout, kGaveUp };

  // `buffer`: most unsent pieces; `send_frequency`: pieces that are sent together.
  Outbox(uint64_t buffer, uint64_t send_frequency);

  // Takes a piece; drops the oldest unsent one if there are too many.
  void Put(Piece piece);

  // Most steps of a piece from now on; what waits is split. Pieces are dropped if it is 0, because
  // not even one step fits.
  void LimitSteps(size_t most_steps);

  // Pieces with steps of versions that are more than `max_lag` older than the one that is held are
  // left out: nothing is learned from them. nullopt: the age does not matter.
  void LimitLag(std::optional<uint64_t> max_lag);
  // Says which version is held.
  void Hold(uint64_t version, const std::string& incarnation);

  // The lowest number that will be sent.
  uint64_t first_sequence() const;

  // Begins anew on another connection: `acknowledged` is the number up to which the server has all.
  void Restart(uint64_t acknowledged, uint32_t window);

  // Waits for a piece that may be sent now, and counts it as under way; nullopt after Interrupt.
  std::optional<Item> Next();

  // Makes Next return nullopt until Restart.
  void Interrupt();

  // The server has everything up to `sequence`. A number that is not new changes nothing.
  void Acknowledge(uint64_t sequence, uint32_t window);

  // Lets everything be sent, and waits until all is acknowledged.
  Flushed Flush(std::chrono::duration<double> timeout);

  // Drops everything that is and will be in it.
  void GiveUp();

  Counts counts() const;

  void LockForFork() { mutex_.lock(); }
  void UnlockAfterFork() { mutex_.unlock(); }

 private:
  void PutLocked(Piece piece);
  void MakeRoom();
  bool IsStale(const Piece& piece) const;
  void Forget(uint64_t sequence);

  const uint64_t buffer_;
  const uint64_t send_frequency_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Not acknowledged, in order. The first `numbered_` have a number, which is `acknowledged_` plus
  // their place; of these the first `under_way_` were sent on this connection. The first
  // `released_` may be sent.
  std::deque<std::shared_ptr<const Piece>> pieces_;
  uint64_t acknowledged_ = 0;
  size_t numbered_ = 0;
  size_t under_way_ = 0;
  size_t released_ = 0;
  size_t window_ = 0;
  std::optional<size_t> most_steps_;
  std::optional<uint64_t> max_lag_;
  uint64_t held_ = 0;
  std::string incarnation_;
  bool interrupted_ = true;
  bool gave_up_ = false;
  Counts counts_;
};

}  // namespace rlsys::core
