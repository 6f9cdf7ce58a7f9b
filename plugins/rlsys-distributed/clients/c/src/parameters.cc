#include "parameters.h"

#include <map>

#include "keys.h"
#include "text.h"

namespace rlsys::core {
namespace {

// RL4Sys's names of settings that have others here.
const std::map<std::string, std::string> kNames = {
    {"clip_ratio", "clip_range"}, {"lam", "gae_lambda"},      {"pi_lr", "learning_rate"},
    {"lr", "learning_rate"},      {"q_lr", "learning_rate"},  {"train_pi_iters", "n_epochs"},
    {"hidden_sizes", "net_arch"}, {"buf_size", "buffer_size"}};

const std::map<std::string, std::string> kMeaningless = {
    {"vf_lr", "one optimiser trains policy and value"},
    {"train_v_iters", "policy and value are trained together; train_pi_iters counts"},
    {"traj_per_epoch", "an update takes n_steps steps, however many trajectories they are"}};

std::optional<uint64_t> ReadSize(Keys& keys, const std::string& key) {
  uint64_t size = 0;
  keys.Read(key, size, 1, 100'000'000);
  return size == 0 ? std::nullopt : std::optional<uint64_t>(size);
}

}  // namespace

Parameters ReadParameters(const nlohmann::json& object, const std::string& path) {
  Keys keys(object, path + ".");
  Parameters parameters;
  parameters.input_size = ReadSize(keys, "input_size");
  parameters.act_dim = ReadSize(keys, "act_dim");
  nlohmann::json settings = nlohmann::json::object();
  for (const auto& [key, value] : object.items()) {
    if (key == "input_size" || key == "act_dim") continue;
    if (const auto reason = kMeaningless.find(key); reason != kMeaningless.end()) {
      parameters.warning += Cat(parameters.warning.empty() ? path + ": no meaning here: " : "; ",
                                key, " (", reason->second, ")");
      continue;
    }
    const auto other = kNames.find(key);
    const std::string name = other == kNames.end() ? key : other->second;
    if (settings.contains(name)) {
      throw Error(RLSYS_ERROR_CONFIG,
                  Cat(keys.path(), key, ": '", name, "' is set twice; leave one out"));
    }
    settings[name] = value;
  }
  if (!settings.empty()) parameters.settings = settings.dump();
  return parameters;
}

}  // namespace rlsys::core
