// A C++ program that learns to balance a pole: it simulates the cart itself, and lets an rlsys
// server learn from what happens.
//
//     cartpole [CONFIG [EPISODES]]
//
// Every 50 episodes it prints the version of the model and the mean return of the last 100
// episodes.

#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <numeric>
#include <random>
#include <rlsys.hpp>
#include <tuple>

namespace {

constexpr double kPi = 3.14159265358979323846;

// The cart and pole of Barto, Sutton and Anderson (1983), with the equations of motion as Florian
// (2007) corrected them, without friction. Sizes and limits are those of Gymnasium's CartPole-v1.
class CartPole {
 public:
  static constexpr int kMostSteps = 500;

  explicit CartPole(unsigned seed) : random_(seed) {}

  // Begins an episode near the upright position.
  void Reset() {
    std::uniform_real_distribution<double> near(-0.05, 0.05);
    for (double* value : {&position_, &velocity_, &angle_, &turning_}) *value = near(random_);
    steps_ = 0;
  }

  // Pushes to the left (0) or right (1) for one step.
  void Step(bool right) {
    constexpr double kGravity = 9.8;     // m/s^2
    constexpr double kCart = 1.0;        // kg
    constexpr double kPole = 0.1;        // kg
    constexpr double kHalfLength = 0.5;  // m
    constexpr double kForce = 10.0;      // N
    constexpr double kSeconds = 0.02;
    constexpr double kTotal = kCart + kPole;

    const double force = right ? kForce : -kForce;
    const double sine = std::sin(angle_);
    const double cosine = std::cos(angle_);
    const double push = (force + kPole * kHalfLength * turning_ * turning_ * sine) / kTotal;
    const double angular = (kGravity * sine - cosine * push) /
                           (kHalfLength * (4.0 / 3.0 - kPole * cosine * cosine / kTotal));
    const double linear = push - kPole * kHalfLength * angular * cosine / kTotal;

    position_ += kSeconds * velocity_;
    velocity_ += kSeconds * linear;
    angle_ += kSeconds * turning_;
    turning_ += kSeconds * angular;
    ++steps_;
  }

  // Whether the cart has left the track, or the pole has fallen.
  bool Failed() const { return std::abs(position_) > 2.4 || std::abs(angle_) > 12 * kPi / 180; }
  bool TimeIsUp() const { return steps_ >= kMostSteps; }

  // Position (m), velocity (m/s), angle (rad) and angular velocity (rad/s).
  std::array<float, 4> Observation() const {
    return {static_cast<float>(position_), static_cast<float>(velocity_),
            static_cast<float>(angle_), static_cast<float>(turning_)};
  }

 private:
  std::mt19937 random_;
  double position_ = 0, velocity_ = 0, angle_ = 0, turning_ = 0;
  int steps_ = 0;
};

void Run(const char* config, long episodes) {
  rlsys::Agent agent(config);
  rlsys::Trajectory trajectory;
  rlsys::Action action;
  CartPole cart(std::random_device{}());
  std::deque<double> returns;

  for (long episode = 1; episode <= episodes; ++episode) {
    double total = 0;
    cart.Reset();
    while (true) {
      std::tie(trajectory, action) = agent.request_for_action(trajectory, cart.Observation());
      agent.add_to_trajectory(trajectory, action);
      cart.Step(action.act == 1);
      action.update_reward(1.0);
      total += 1.0;
      if (cart.Failed()) {
        agent.mark_end_of_trajectory(trajectory, action);
        break;
      }
      if (cart.TimeIsUp()) {
        // The pole still stands, so what would have come counts as well.
        agent.mark_end_of_trajectory(trajectory, action, true, cart.Observation());
        break;
      }
    }
    // A simulation can wait for its learner; otherwise it would be over before anything is learned.
    agent.flush(60);
    returns.push_back(total);
    if (returns.size() > 100) returns.pop_front();
    if (episode % 50 == 0 || episode == episodes) {
      const double mean = std::accumulate(returns.begin(), returns.end(), 0.0) /
                          static_cast<double>(returns.size());
      std::printf("episode %ld, version %llu, mean return %.1f\n", episode,
                  static_cast<unsigned long long>(agent.statistics().version), mean);
      std::fflush(stdout);
    }
  }
  agent.flush();
}

}  // namespace

int main(int count, char** arguments) {
  const long episodes = count > 2 ? std::strtol(arguments[2], nullptr, 10) : 1000;
  if (episodes < 1) {
    std::fprintf(stderr, "EPISODES must be a whole number of at least 1\n");
    return 2;
  }
  try {
    Run(count > 1 ? arguments[1] : "client.json", episodes);
  } catch (const rlsys::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
