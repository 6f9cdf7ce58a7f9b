#include "outbox.h"

#include <gtest/gtest.h>

namespace rlsys::core {
namespace {

// A piece of some steps; every observation is one byte that says its step.
Piece Steps(size_t count, uint64_t episode = 0) {
  Piece piece;
  piece.episode = episode;
  piece.ending = Ending::kTerminated;
  for (size_t i = 0; i < count; ++i) {
    piece.observations.push_back(static_cast<char>(i));
    piece.integers.push_back(static_cast<int64_t>(i));
    piece.rewards.push_back(static_cast<double>(i));
    piece.log_probabilities.push_back(0);
    piece.CountVersion(i < 3 ? 1 : 2);
  }
  return piece;
}

uint64_t NextSequence(Outbox& outbox) { return outbox.Next().value().sequence; }
uint64_t NextEpisode(Outbox& outbox) { return outbox.Next().value().piece->episode; }

TEST(Outbox, NumbersFromOneAndForgetsWhatIsAcknowledged) {
  Outbox outbox(10, 1);
  outbox.Restart(0, 8);
  for (int i = 0; i < 3; ++i) outbox.Put(Steps(1));
  EXPECT_EQ(outbox.first_sequence(), 1U);
  EXPECT_EQ(NextSequence(outbox), 1U);
  EXPECT_EQ(NextSequence(outbox), 2U);
  outbox.Acknowledge(2, 8);
  EXPECT_EQ(outbox.counts().waiting, 1U);
  EXPECT_EQ(outbox.counts().acknowledged, 2U);
  EXPECT_EQ(NextSequence(outbox), 3U);
}

TEST(Outbox, AcknowledgementsThatAreNotNewChangeNothing) {
  Outbox outbox(10, 1);
  outbox.Restart(0, 8);
  for (int i = 0; i < 3; ++i) outbox.Put(Steps(1));
  NextSequence(outbox);
  outbox.Acknowledge(1, 8);
  outbox.Acknowledge(1, 8);
  outbox.Acknowledge(0, 8);
  EXPECT_EQ(outbox.counts().acknowledged, 1U);
  // Nor does one of what was never sent.
  outbox.Acknowledge(99, 8);
  EXPECT_EQ(outbox.counts().acknowledged, 1U);
  EXPECT_EQ(NextSequence(outbox), 2U);
}

TEST(Outbox, SendsAgainWhatWasNotAcknowledged) {
  Outbox outbox(10, 1);
  outbox.Restart(0, 8);
  for (uint64_t i = 0; i < 4; ++i) outbox.Put(Steps(1, i));
  for (int i = 0; i < 3; ++i) NextSequence(outbox);
  outbox.Acknowledge(1, 8);
  outbox.Interrupt();
  EXPECT_FALSE(outbox.Next().has_value());
  EXPECT_EQ(outbox.first_sequence(), 2U);
  outbox.Restart(2, 8);  // the acknowledgement of 2 was lost
  const auto again = outbox.Next().value();
  EXPECT_EQ(again.sequence, 3U);
  EXPECT_EQ(again.piece->episode, 2U);
  EXPECT_EQ(NextSequence(outbox), 4U);
}

TEST(Outbox, DropsTheOldestUnsentWithoutAGapInTheNumbers) {
  Outbox outbox(2, 1);
  outbox.Restart(0, 1);
  for (uint64_t i = 0; i < 2; ++i) outbox.Put(Steps(1, i));
  NextSequence(outbox);  // 1 is under way and is kept
  outbox.Interrupt();
  for (uint64_t i = 2; i < 6; ++i) outbox.Put(Steps(1, i));
  EXPECT_EQ(outbox.counts().dropped, 3U);
  outbox.Restart(0, 8);
  EXPECT_EQ(NextEpisode(outbox), 0U);
  EXPECT_EQ(NextEpisode(outbox), 4U);
  const auto last = outbox.Next().value();
  EXPECT_EQ(last.piece->episode, 5U);
  EXPECT_EQ(last.sequence, 3U);
}

TEST(Outbox, WaitsForSomeToSendThemTogether) {
  Outbox outbox(10, 3);
  outbox.Restart(0, 8);
  outbox.Put(Steps(1));
  outbox.Put(Steps(1));
  EXPECT_EQ(outbox.Flush(std::chrono::duration<double>(0)), Outbox::Flushed::kTimeout);
  EXPECT_EQ(NextSequence(outbox), 1U);  // a flush does not wait for the third
  EXPECT_EQ(NextSequence(outbox), 2U);
  outbox.Acknowledge(2, 8);
  for (int i = 0; i < 3; ++i) outbox.Put(Steps(1));
  EXPECT_EQ(NextSequence(outbox), 3U);
}

TEST(Outbox, SplitsWhatTheServerDoesNotTakeAsOne) {
  Outbox outbox(10, 1);
  outbox.Put(Steps(5));
  outbox.LimitSteps(2);
  outbox.Restart(0, 8);
  const auto first = outbox.Next().value().piece;
  EXPECT_EQ(first->steps(), 2U);
  EXPECT_EQ(first->ending, Ending::kCut);
  EXPECT_EQ(first->next_observation, std::string(1, 2));
  const auto second = outbox.Next().value().piece;
  EXPECT_EQ(second->first_step, 2U);
  EXPECT_EQ(second->integers, (std::vector<int64_t>{2, 3}));
  ASSERT_EQ(second->versions.size(), 2U);
  EXPECT_EQ(second->versions[0].version, 1U);
  EXPECT_EQ(second->versions[1].steps, 1U);
  const auto third = outbox.Next().value().piece;
  EXPECT_EQ(third->steps(), 1U);
  EXPECT_EQ(third->ending, Ending::kTerminated);
  EXPECT_TRUE(third->next_observation.empty());
  EXPECT_EQ(outbox.counts().completed, 3U);
}

TEST(Outbox, DropsAllWhereNotEvenOneStepFits) {
  Outbox outbox(10, 1);
  outbox.Put(Steps(5));
  outbox.LimitSteps(0);
  outbox.Put(Steps(1));
  EXPECT_EQ(outbox.counts().dropped, 2U);
  EXPECT_EQ(outbox.counts().waiting, 0U);
}

TEST(Outbox, LeavesOutWhatIsTooOldUnlessItHasANumber) {
  Outbox outbox(10, 1);
  outbox.LimitLag(2);
  outbox.Restart(0, 8);
  const auto put = [&outbox](uint64_t version, const std::string& incarnation, uint64_t episode) {
    Piece piece = Steps(1, episode);
    piece.versions = {{version, 1}};
    piece.incarnation = incarnation;
    outbox.Put(piece);
  };
  put(1, "a", 0);
  EXPECT_EQ(NextEpisode(outbox), 0U);
  put(2, "a", 1);
  put(0, "", 2);
  put(3, "a", 3);
  put(9, "b", 4);
  put(5, "a", 5);
  outbox.Hold(5, "a");
  EXPECT_EQ(NextEpisode(outbox), 3U);
  EXPECT_EQ(NextEpisode(outbox), 5U);
  EXPECT_EQ(outbox.counts().stale, 3U);
  outbox.Restart(0, 8);  // the first one is old by now, but was sent before
  EXPECT_EQ(NextEpisode(outbox), 0U);
  EXPECT_EQ(outbox.counts().waiting, 3U);
}

TEST(Outbox, AfterGivingUpKeepsNothing) {
  Outbox outbox(10, 1);
  outbox.Put(Steps(1));
  outbox.GiveUp();
  outbox.Put(Steps(1));
  EXPECT_EQ(outbox.counts().dropped, 2U);
  EXPECT_EQ(outbox.Flush(std::chrono::duration<double>(60)), Outbox::Flushed::kGaveUp);
}

}  // namespace
}  // namespace rlsys::core
