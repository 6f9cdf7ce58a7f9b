#include "config.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "error.h"

namespace rlsys::core {
namespace {

nlohmann::json Plain() {
  return nlohmann::json::parse(R"({
    "client_id": "cartpole-1",
    "algorithm_name": "PPO",
    "type": "onpolicy",
    "algorithm_parameters": {"input_size": 4, "act_dim": 2, "gamma": 0.98, "lam": 0.9,
                             "hidden_sizes": [64, 64]},
    "max_traj_length": 500,
    "train_server_address": "trainer.example:50051",
    "send_frequency": 4
  })");
}

Config Read(const nlohmann::json& document) { return ReadConfig(document.dump(), "client.json"); }

std::string ErrorOf(const nlohmann::json& document) {
  try {
    Read(document);
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), RLSYS_ERROR_CONFIG);
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
    return error.what();
  }
  return "";
}

// Expects that a changed key is refused, with a message that has all of `parts`.
void ExpectRefused(const std::string& pointer, const nlohmann::json& value,
                   const std::vector<std::string>& parts) {
  nlohmann::json document = Plain();
  document[nlohmann::json::json_pointer(pointer)] = value;
  const std::string message = ErrorOf(document);
  for (const std::string& part : parts) {
    EXPECT_NE(message.find(part), std::string::npos) << message << "\nhas not: " << part;
  }
}

TEST(Config, ReadsTheKeysOfRl4Sys) {
  const Config config = Read(Plain());
  EXPECT_EQ(config.client_id, "cartpole-1");
  EXPECT_EQ(config.algorithm, "ppo");
  EXPECT_EQ(config.address, "trainer.example:50051");
  EXPECT_EQ(config.max_traj_length, 500U);
  EXPECT_EQ(config.send_frequency, 4U);
  EXPECT_EQ(config.observation.size(), 4U);
  EXPECT_TRUE(std::isinf(config.observation.HighOf(3)));
  EXPECT_EQ(std::get<Discrete>(config.action).n, 2);
  EXPECT_EQ(nlohmann::json::parse(config.settings),
            nlohmann::json::parse(R"({"gamma": 0.98, "gae_lambda": 0.9, "net_arch": [64, 64]})"));
  EXPECT_TRUE(config.warnings.empty());
}

TEST(Config, HasDefaults) {
  const Config config = Read({{"client_id", "a"},
                              {"observation_space", {{"box", {{"shape", {2, 3}}}}}},
                              {"action_space", {{"discrete", {{"n", 3}, {"start", -1}}}}}});
  EXPECT_EQ(config.max_traj_length, 1000U);
  EXPECT_EQ(config.send_frequency, 1U);
  EXPECT_EQ(config.buffer_trajectories, 1000U);
  EXPECT_EQ(config.first_model_timeout, 10);
  EXPECT_TRUE(config.explore);
  EXPECT_TRUE(config.settings.empty());
  EXPECT_FALSE(config.tls.has_value());
  EXPECT_EQ(std::get<Discrete>(config.action).start, -1);
}

TEST(Config, ReadsSpaces) {
  nlohmann::json document = Plain();
  document.erase("algorithm_parameters");
  document["observation_space"] =
      nlohmann::json::parse(R"({"box": {"shape": [2], "low": [0, null], "high": 1}})");
  document["action_space"] = nlohmann::json::parse(R"({"multi_discrete": {"n": [3, 2]}})");
  Config config = Read(document);
  EXPECT_FALSE(config.observation.bytes);
  EXPECT_EQ(config.observation.LowOf(0), 0);
  EXPECT_TRUE(std::isinf(config.observation.LowOf(1)));
  EXPECT_EQ(OutputsOf(config.action), 5U);
  document["action_space"] =
      nlohmann::json::parse(R"({"box": {"shape": [2], "low": -1, "high": 1}})");
  config = Read(document);
  EXPECT_EQ(std::get<Box>(config.action).HighOf(1), 1);
}

TEST(Config, BytesGoFrom0To255UnlessTheirBoundsSayLess) {
  nlohmann::json document = Plain();
  document.erase("algorithm_parameters");
  document["action_space"] = {{"discrete", {{"n", 2}}}};
  const auto with = [&document](const char* low, const char* high) {
    document["observation_space"] =
        nlohmann::json::parse(std::string(R"({"box": {"shape": [2], "dtype": "uint8", "low": )") +
                              low + ", \"high\": " + high + "}}");
    return document;
  };
  Config config = Read(with("null", "null"));
  EXPECT_TRUE(config.observation.bytes);
  EXPECT_EQ(config.observation.LowOf(1), 0);
  EXPECT_EQ(config.observation.HighOf(1), 255);
  config = Read(with("[null, 5]", "[7, null]"));
  EXPECT_EQ(config.observation.low, (std::vector<double>{0, 5}));
  EXPECT_EQ(config.observation.high, (std::vector<double>{7, 255}));
  for (const char* low : {"-1", "0.5", "[0, 256]"}) {
    EXPECT_NE(ErrorOf(with(low, "255")).find("box.low must be whole numbers from 0 to 255"),
              std::string::npos);
  }
  EXPECT_NE(ErrorOf(with("0", "256")).find("box.high must be"), std::string::npos);
}

TEST(Config, NamesKeysThatHaveNoMeaningInOneWarning) {
  nlohmann::json document = Plain();
  document["algorithm_parameters"]["vf_lr"] = 1e-3;
  document["algorithm_parameters"]["traj_per_epoch"] = 8;
  document["debug"] = true;
  const Config config = Read(document);
  ASSERT_EQ(config.warnings.size(), 2U);
  EXPECT_NE(config.warnings[0].find("traj_per_epoch"), std::string::npos);
  EXPECT_NE(config.warnings[0].find("vf_lr"), std::string::npos);
  EXPECT_NE(config.warnings[1].find("debug"), std::string::npos);
  EXPECT_EQ(config.settings.find("vf_lr"), std::string::npos);
}

TEST(Config, RefusesUnknownKeysWithTheNearest) {
  ExpectRefused("/max_traj_lenght", 5, {"client.json", "max_traj_lenght", "max_traj_length"});
  ExpectRefused("/tls", {{"crt", "x"}}, {"tls.", "crt", "'cert'"});
  ExpectRefused("/action_space", {{"discret", {{"n", 2}}}}, {"discret", "'discrete'"});
  ExpectRefused("/action_space", {{"discrete", {{"n", 2}, {"begin", 1}}}}, {"begin", "start"});
}

TEST(Config, RefusesWrongTypesAndRangesWithKeyAndValue) {
  ExpectRefused("/client_id", "a b", {"client_id", "\"a b\"", "letters"});
  ExpectRefused("/client_id", 7, {"client_id", "7", "text"});
  ExpectRefused("/max_traj_length", 0, {"max_traj_length", "0", "from 1 to"});
  ExpectRefused("/max_traj_length", 1.5, {"max_traj_length", "1.5", "whole number"});
  ExpectRefused("/send_frequency", -1, {"send_frequency", "-1"});
  ExpectRefused("/send_frequency", true, {"send_frequency", "true"});
  ExpectRefused("/explore", 1, {"explore", "true or false"});
  ExpectRefused("/first_model_timeout", -1, {"first_model_timeout", "from 0 to"});
  ExpectRefused("/train_server_address", "trainer", {"trainer", "HOST:PORT"});
  ExpectRefused("/train_server_address", "trainer:70000", {"70000", "HOST:PORT"});
  ExpectRefused("/algorithm_name", "SAC", {"SAC", "PPO or DQN"});
  ExpectRefused("/type", "offpolicy", {"offpolicy", "onpolicy", "ppo"});
  ExpectRefused("/encoding", "int4", {"int4", "int8"});
  ExpectRefused("/algorithm_parameters/input_size", 0, {"input_size", "0"});
  ExpectRefused("/observation_space", {{"discrete", {{"n", 4}}}}, {"observation_space", "box"});
  ExpectRefused("/observation_space", {{"box", {{"shape", {5}}}}}, {"input_size is 4", "has 5"});
  ExpectRefused("/action_space", {{"discrete", {{"n", 3}}}}, {"act_dim is 2", "has 3"});
  ExpectRefused("/action_space", {{"box", {{"shape", {2}}, {"low", 1}, {"high", 0}}}},
                {"low", "at most"});
  ExpectRefused("/items", true, {"items", "[items, features]"});
}

TEST(Config, RefusesWhatIsMissing) {
  nlohmann::json document = Plain();
  document.erase("client_id");
  EXPECT_NE(ErrorOf(document).find("client_id is missing"), std::string::npos);
  document = Plain();
  document["algorithm_parameters"].erase("act_dim");
  EXPECT_NE(ErrorOf(document).find("action_space is missing"), std::string::npos);
  EXPECT_THROW(ReadConfig("{", "x"), Error);
  EXPECT_THROW(ReadConfig("[]", "x"), Error);
  EXPECT_THROW(ReadConfig(R"({"client_id": 1e999})", "x"), Error);
  EXPECT_THROW(ReadConfigFile("/no/such/file.json"), Error);
}

TEST(Config, OneSettingTwiceIsRefused) {
  ExpectRefused("/algorithm_parameters/gae_lambda", 0.5, {"gae_lambda", "twice"});
}

TEST(Config, ATokenIsNeverInAMessage) {
  nlohmann::json document = Plain();
  document["token"] = nlohmann::json::array({"very-secret"});
  const std::string message = ErrorOf(document);
  EXPECT_NE(message.find("token"), std::string::npos);
  EXPECT_EQ(message.find("very-secret"), std::string::npos);
}

TEST(Config, ReadsTheTokenFromAFileOrTheEnvironment) {
  const std::string path = testing::TempDir() + "rlsys-token";
  nlohmann::json document = Plain();
  document["token_file"] = path;
  for (const char* text : {"secret", "secret\nsecond line\n", " \tsecret \r\n"}) {
    std::ofstream(path) << text;
    EXPECT_EQ(Read(document).token, "secret");
  }
  for (const char* text : {"", "\n", " \t\r\nsecret\n"}) {
    std::ofstream(path) << text;
    ExpectRefused("/token_file", path, {"token_file", path, "is empty"});
  }
  std::remove(path.c_str());
  ExpectRefused("/token_file", path, {"token_file", path});
  setenv("RLSYS_TOKEN", "from-outside", 1);
  EXPECT_EQ(Read(Plain()).token, "from-outside");
  unsetenv("RLSYS_TOKEN");
  document.erase("token_file");
  document["token"] = "caf\u00e9";  // would end the program in gRPC
  EXPECT_NE(ErrorOf(document).find("printable"), std::string::npos);
  EXPECT_EQ(Read(Plain()).token, "");
}

TEST(Config, ReadsTheFilesOfTls) {
  EXPECT_FALSE(Read(Plain()).tls.has_value());
  const std::string certificate = "-----BEGIN CERTIFICATE-----\n";
  const std::string key = "-----BEGIN EC PRIVATE KEY-----\n";
  const std::string folder = testing::TempDir();
  std::ofstream(folder + "rlsys-cert") << certificate;
  std::ofstream(folder + "rlsys-key") << key;
  nlohmann::json document = Plain();
  document["tls"] = nlohmann::json::object();
  EXPECT_EQ(Read(document).tls->ca, "");
  document["tls"] = {{"ca", folder + "rlsys-cert"},
                     {"cert", folder + "rlsys-cert"},
                     {"key", folder + "rlsys-key"}};
  const Config config = Read(document);
  EXPECT_EQ(config.tls->ca, certificate);
  EXPECT_EQ(config.tls->cert, certificate);
  EXPECT_EQ(config.tls->key, key);
  document["tls"].erase("key");
  EXPECT_NE(ErrorOf(document).find("tls.cert and key: give both or neither"), std::string::npos);
}

TEST(Config, AFileOfTlsThatCannotBeUsedIsNamed) {
  const std::string path = testing::TempDir() + "rlsys-other";
  std::ofstream(path) << "something else\n";
  for (const char* name : {"ca", "cert", "key"}) {
    const std::string key = std::string("tls.") + name;
    ExpectRefused("/tls", {{name, path}}, {key, path, " in PEM"});
    ExpectRefused("/tls", {{name, "/no/such/file"}}, {key, "'/no/such/file' cannot be read"});
    // A folder can be opened like a file.
    ExpectRefused("/tls", {{name, testing::TempDir()}}, {key, "cannot be read: Is a directory"});
    ExpectRefused("/tls", {{name, ""}}, {key, "'' cannot be read"});
    ExpectRefused("/tls", {{name, 7}}, {key, "must be a text", "7"});
  }
  ExpectRefused("/tls", path, {"client.json: tls must be a JSON object with keys, not string"});
}

}  // namespace
}  // namespace rlsys::core
