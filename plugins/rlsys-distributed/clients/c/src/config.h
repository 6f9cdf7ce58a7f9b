// What a program says about itself: the keys of RL4Sys's client file, and some more.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "credentials.h"
#include "spaces.h"
#include "update.h"

namespace rlsys::core {

struct Config {
  std::string client_id;
  std::string address = "localhost:50051";
  // Name of a shared model; empty: one of its own.
  std::string model;
  // "ppo", "dqn" or empty.
  std::string algorithm;
  // Settings of the algorithm as a JSON object; empty: the server's.
  std::string settings;
  Box observation;
  Space action;
  bool masked = false;
  bool items = false;
  uint64_t max_traj_length = 1000;
  uint64_t send_frequency = 1;
  bool explore = true;
  std::optional<uint64_t> seed;
  uint64_t buffer_trajectories = 1000;
  double first_model_timeout = 10;
  Encoding encoding = Encoding::kExact;
  // Never written to a message.
  std::string token;
  std::optional<Tls> tls;
  // One line for every group of keys that decide nothing here.
  std::vector<std::string> warnings;
};

// Read a configuration from a file, or from JSON text.
//
// Throw Error: one line that names the key, the value and what is allowed.
Config ReadConfigFile(const std::string& path);
Config ReadConfig(const std::string& text, const std::string& source);

}  // namespace rlsys::core
