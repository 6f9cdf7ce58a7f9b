// A program that a test drives. It answers every line of stdin with one on stdout: "ok" and a
// result, or "error", the number of the status, and the text.
//
//     open PATH          open an agent
//     open_c PATH        the same with the C function, which has no status (0), and close it again
//     step V V V ...     request an action for an observation, and record it with reward 1
//     end                end the episode
//     truncate V V V ... stop the episode; the observation after its last step
//     flush SECONDS      1: the server has everything; 0: not in time
//     statistics         as JSON
#include <iomanip>
#include <iostream>
#include <memory>
#include <rlsys.hpp>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

namespace {

std::vector<float> Numbers(std::istream& words) {
  std::vector<float> numbers;
  std::string word;
  while (words >> word) numbers.push_back(std::stof(word));
  return numbers;
}

std::string AsJson(const rlsys::Statistics& found) {
  std::ostringstream out;
  out << "{\"connected\": " << found.connected << ", \"connections\": " << found.connections
      << ", \"version\": " << found.version << ", \"acknowledged\": " << found.acknowledged
      << ", \"refused\": " << found.refused << ", \"waiting\": " << found.waiting
      << ", \"dropped\": " << found.dropped << ", \"problem\": " << std::quoted(found.problem)
      << '}';
  return out.str();
}

class Program {
 public:
  // Does what a line says; returns the result. Throws rlsys::Error.
  std::string Do(std::istream& words) {
    std::string command, path;
    words >> command;
    if (command == "open") {
      words >> path;
      agent_ = std::make_unique<rlsys::Agent>(path);
    } else if (command == "open_c") {
      words >> path;
      rlsys_agent* agent = rlsys_agent_open(path.c_str());
      if (agent == nullptr) throw rlsys::Error(RLSYS_OK, rlsys_last_error());
      rlsys_agent_close(agent);
    } else if (command == "step") {
      std::tie(trajectory_, action_) = agent_->request_for_action(trajectory_, Numbers(words));
      agent_->add_to_trajectory(trajectory_, action_);
      action_.update_reward(1);
      return std::to_string(action_.act.integer());
    } else if (command == "end") {
      agent_->mark_end_of_trajectory(trajectory_, action_);
    } else if (command == "truncate") {
      agent_->mark_end_of_trajectory(trajectory_, action_, true, Numbers(words));
    } else if (command == "flush") {
      double seconds = 0;
      words >> seconds;
      return agent_->flush(seconds) ? "1" : "0";
    } else if (command == "statistics") {
      return AsJson(agent_->statistics());
    }
    return "";
  }

 private:
  std::unique_ptr<rlsys::Agent> agent_;
  rlsys::Trajectory trajectory_;
  rlsys::Action action_;
};

}  // namespace

int main() {
  Program program;
  std::string line;
  while (std::getline(std::cin, line)) {
    std::istringstream words(line);
    try {
      const std::string result = program.Do(words);
      std::cout << "ok " << result << std::endl;
    } catch (const rlsys::Error& error) {
      std::cout << "error " << error.status() << ' ' << error.what() << std::endl;
    }
  }
}
