#include "config.h"

#include <algorithm>
#include <cctype>
#include <limits>
#include <map>

#include "credentials.h"
#include "files.h"
#include "keys.h"
#include "parameters.h"
#include "space_reader.h"
#include "text.h"

namespace rlsys::core {
namespace {

constexpr uint64_t kMostCount = 10'000'000;
constexpr double kDay = 86'400;

// Keys of RL4Sys's client files that decide nothing here, with the reason.
const std::map<std::string, std::string> kWithoutMeaning = {
    {"act_limit", "the bounds of the action space say it"},
    {"connection_timeout_seconds", "a connection is tried until it is there"},
    {"request_timeout_seconds", "nothing waits for a request"},
    {"enable_compression", "model updates are always compressed"},
    {"debug", "set a function with rlsys_set_log"},
    {"log_level", "set a function with rlsys_set_log"}};

const std::map<std::string, Encoding> kEncodings = {
    {"exact", Encoding::kExact}, {"float16", Encoding::kFloat16}, {"int8", Encoding::kInt8}};

// Names of clients and models: a letter or digit, then up to 99 letters, digits, '.', '_' and '-'.
bool IsName(const std::string& name) {
  const auto plain = [](unsigned char c) { return c < 128 && std::isalnum(c) != 0; };
  return !name.empty() && name.size() <= 100 && plain(static_cast<unsigned char>(name[0])) &&
         std::all_of(name.begin(), name.end(), [&plain](char c) {
           return plain(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
         });
}

void ReadName(Keys& keys, const std::string& key, std::string& name) {
  keys.Read(key, name);
  if (keys.Find(key) != nullptr && !IsName(name)) {
    throw keys.Wrong(key, "1 to 100 letters, digits, '.', '_' and '-', a letter or digit first");
  }
}

void ReadAddress(Keys& keys, std::string& address) {
  keys.Read("train_server_address", address);
  const size_t colon = address.rfind(':');
  const std::string port = colon == std::string::npos ? "" : address.substr(colon + 1);
  const bool digits =
      !port.empty() && port.size() <= 5 &&
      std::all_of(port.begin(), port.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
  if (!digits || colon == 0 || std::stoi(port) < 1 || std::stoi(port) > 65'535) {
    throw keys.Wrong("train_server_address", "HOST:PORT, such as localhost:50051");
  }
}

void ReadAlgorithm(Keys& keys, std::string& algorithm) {
  keys.Read("algorithm_name", algorithm);
  std::transform(algorithm.begin(), algorithm.end(), algorithm.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (!algorithm.empty() && algorithm != "ppo" && algorithm != "dqn") {
    throw keys.Wrong("algorithm_name", "PPO or DQN");
  }
  std::string type;
  keys.Read("type", type);
  if (!type.empty() && type != "onpolicy" && type != "offpolicy") {
    throw keys.Wrong("type", "onpolicy or offpolicy");
  }
  const std::string fits = algorithm == "dqn" ? "offpolicy" : "onpolicy";
  if (!type.empty() && !algorithm.empty() && type != fits) {
    throw keys.Wrong("type", Cat(fits, ", because algorithm_name is ", algorithm));
  }
}

// Returns the space of a key or, where that is missing, one of the size that the algorithm's
// parameters say; nullopt if neither is there.
std::optional<Space> ReadOneSpace(Keys& keys, const std::string& key, const std::string& size_key,
                                  std::optional<uint64_t> size) {
  if (const nlohmann::json* object = keys.Find(key)) return ReadSpace(*object, keys.path() + key);
  if (!size) {
    throw Error(RLSYS_ERROR_CONFIG, Cat(keys.path(), key, " is missing; give it, or ",
                                        "algorithm_parameters.", size_key));
  }
  return std::nullopt;
}

void ReadSpaces(Keys& keys, const Parameters& sizes, Config& config) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const std::string source = keys.path();
  const auto contradiction = [&source](const char* size_key, uint64_t size, const char* key,
                                       size_t found) {
    return Error(RLSYS_ERROR_CONFIG, Cat(source, "algorithm_parameters.", size_key, " is ", size,
                                         ", but ", key, " has ", found, "; leave one out"));
  };
  const auto observation = ReadOneSpace(keys, "observation_space", "input_size", sizes.input_size);
  if (!observation) {
    config.observation = Box{{*sizes.input_size}, {-kInfinity}, {kInfinity}, false};
  } else if (const Box* box = std::get_if<Box>(&*observation)) {
    config.observation = *box;
  } else {
    throw keys.Wrong("observation_space",
                     "a box; write a Discrete observation as one value per number, 1 for the one "
                     "that holds");
  }
  if (sizes.input_size && *sizes.input_size != config.observation.size()) {
    throw contradiction("input_size", *sizes.input_size, "observation_space",
                        config.observation.size());
  }
  const auto action = ReadOneSpace(keys, "action_space", "act_dim", sizes.act_dim);
  config.action = action ? *action : Space(Discrete{static_cast<int64_t>(*sizes.act_dim), 0});
  const bool numbers = !std::holds_alternative<Discrete>(config.action);
  const size_t found = numbers ? NumbersOf(config.action) : OutputsOf(config.action);
  if (sizes.act_dim && *sizes.act_dim != found) {
    throw contradiction("act_dim", *sizes.act_dim, "action_space", found);
  }
  if (const Box* box = std::get_if<Box>(&config.action); box != nullptr && box->bytes) {
    throw keys.Wrong("action_space", "of float32");
  }
  if (config.masked && numbers) {
    throw keys.Wrong("masked", "false: only Discrete actions can be masked");
  }
  if (config.items && config.observation.shape.size() != 2) {
    throw keys.Wrong("items", "false, or observation_space a box of the shape [items, features]");
  }
}

}  // namespace

Config ReadConfigFile(const std::string& path) {
  return ReadConfig(ReadFile(path, "the configuration"), path);
}

Config ReadConfig(const std::string& text, const std::string& source) {
  nlohmann::json document;
  try {
    document = nlohmann::json::parse(text);
  } catch (const nlohmann::json::parse_error& error) {
    throw Error(RLSYS_ERROR_CONFIG, Cat(source, ": not JSON (at byte ", error.byte, ")"));
  } catch (const nlohmann::json::exception&) {
    throw Error(RLSYS_ERROR_CONFIG, Cat(source, ": a number is too large"));
  }
  Keys keys(document, source + ": ");
  Config config;
  ReadName(keys, "client_id", config.client_id);
  if (config.client_id.empty()) {
    throw Error(RLSYS_ERROR_CONFIG, Cat(source, ": client_id is missing; name this program"));
  }
  ReadName(keys, "model", config.model);
  ReadAddress(keys, config.address);
  ReadAlgorithm(keys, config.algorithm);
  keys.Read("masked", config.masked);
  keys.Read("items", config.items);
  keys.Read("max_traj_length", config.max_traj_length, 1, kMostCount);
  keys.Read("send_frequency", config.send_frequency, 1, kMostCount);
  keys.Read("explore", config.explore);
  keys.Read("buffer_trajectories", config.buffer_trajectories, 1, kMostCount);
  keys.Read("first_model_timeout", config.first_model_timeout, 0, kDay);
  if (keys.Find("seed") != nullptr) {
    uint64_t seed = 0;
    keys.Read("seed", seed, 0, std::numeric_limits<uint64_t>::max());
    config.seed = seed;
  }
  std::string encoding = "exact";
  keys.Read("encoding", encoding);
  if (!kEncodings.contains(encoding)) throw keys.Wrong("encoding", "exact, float16 or int8");
  config.encoding = kEncodings.at(encoding);
  config.token = ReadToken(keys);
  config.tls = ReadTls(keys);

  const nlohmann::json nothing = nlohmann::json::object();
  const nlohmann::json* given = keys.Find("algorithm_parameters");
  const Parameters parameters =
      ReadParameters(given == nullptr ? nothing : *given, keys.path() + "algorithm_parameters");
  config.settings = parameters.settings;
  if (!parameters.warning.empty()) config.warnings.push_back(parameters.warning);
  keys.Find("observation_space");
  keys.Find("action_space");

  std::string ignored;
  for (const auto& [key, reason] : kWithoutMeaning) {
    if (keys.Find(key) != nullptr)
      ignored += Cat(ignored.empty() ? "" : "; ", key, " (", reason, ")");
  }
  if (!ignored.empty()) config.warnings.push_back(Cat(source, ": no meaning here: ", ignored));
  keys.ExpectNoOthers();
  ReadSpaces(keys, parameters, config);
  return config;
}

}  // namespace rlsys::core
