#include "fake_server.h"

#include <grpcpp/grpcpp.h>
#include <rlsys/distributed/v1/trainer.grpc.pb.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

namespace rlsys::testing {
namespace {

constexpr size_t kPartBytes = 1000;
constexpr auto kPoll = std::chrono::milliseconds(20);

std::string Metadata(const grpc::ServerContext& context, const std::string& key) {
  const auto found = context.client_metadata().find(key);
  return found == context.client_metadata().end()
             ? ""
             : std::string(found->second.data(), found->second.size());
}

template <typename Failures>
grpc::Status TakeFailure(Failures& failures) {
  if (failures.empty()) return grpc::Status::OK;
  const auto [code, text] = failures.front();
  failures.erase(failures.begin());
  return {static_cast<grpc::StatusCode>(code), text};
}

}  // namespace

void ServerState::Do(const std::function<void(ServerState&)>& change) {
  {
    const std::lock_guard lock(mutex);
    change(*this);
  }
  changed.notify_all();
}

bool ServerState::WaitFor(const std::function<bool(ServerState&)>& holds) {
  std::unique_lock lock(mutex);
  return changed.wait_for(lock, std::chrono::minutes(5), [&] { return holds(*this); });
}

struct FakeServer::Service final : pb::Trainer::Service {
  explicit Service(ServerState& given) : state(given) {}

  grpc::Status Check(const grpc::ServerContext& context, bool session) const {
    if (Metadata(context, "rlsys-protocol") != state.protocol) {
      return {grpc::StatusCode::FAILED_PRECONDITION,
              "this server speaks protocol " + state.protocol};
    }
    if (!state.token.empty() && Metadata(context, "authorization") != "Bearer " + state.token) {
      return {grpc::StatusCode::UNAUTHENTICATED, "no or a wrong token"};
    }
    if (session && Metadata(context, "rlsys-session") != session_id) {
      return {grpc::StatusCode::UNAUTHENTICATED, "an unknown session"};
    }
    return grpc::Status::OK;
  }

  grpc::Status Register(grpc::ServerContext* context, const pb::RegisterRequest* request,
                        pb::RegisterResponse* response) override {
    const std::lock_guard lock(state.mutex);
    state.registers.push_back(*request);
    state.changed.notify_all();
    if (const grpc::Status status = Check(*context, false); !status.ok()) return status;
    if (const grpc::Status status = TakeFailure(state.register_failures); !status.ok()) {
      return status;
    }
    response->set_session(session_id);
    response->set_model(request->model().empty() ? request->client_id() : request->model());
    response->set_incarnation("incarnation-one-");
    response->set_algorithm(state.algorithm);
    response->set_settings("{\"gamma\": 0.99}");
    response->set_acknowledged(Acknowledged());
    *response->mutable_limits() = state.limits;
    response->mutable_limits()->set_window(state.window);
    return grpc::Status::OK;
  }

  uint64_t Acknowledged() const {
    return std::min<uint64_t>(state.trajectories.size(), state.most_acknowledged);
  }

  grpc::Status Models(grpc::ServerContext* context, const pb::ModelsRequest* request,
                      grpc::ServerWriter<pb::Part>* writer) override {
    std::unique_lock lock(state.mutex);
    if (const grpc::Status status = Check(*context, true); !status.ok()) return status;
    state.models_requests.push_back(*request);
    state.changed.notify_all();
    size_t next = state.updates.empty() ? 0 : state.updates.size() - 1;
    while (!stopping && !context->IsCancelled()) {
      if (next == state.updates.size()) {
        state.changed.wait_for(lock, kPoll);
        continue;
      }
      const std::string bytes = state.updates[next++];
      lock.unlock();
      for (size_t begin = 0; begin < bytes.size(); begin += kPartBytes) {
        pb::Part part;
        part.set_data(bytes.substr(begin, kPartBytes));
        part.set_end(begin + kPartBytes >= bytes.size());
        if (begin == 0) part.set_size(bytes.size());
        writer->Write(part);
      }
      lock.lock();
    }
    return {grpc::StatusCode::UNAVAILABLE, "stopping"};
  }

  grpc::Status Trajectories(
      grpc::ServerContext* context,
      grpc::ServerReaderWriter<pb::Acknowledgement, pb::Part>* stream) override {
    {
      const std::lock_guard lock(state.mutex);
      if (const grpc::Status status = Check(*context, true); !status.ok()) return status;
      if (const grpc::Status status = TakeFailure(state.trajectories_failures); !status.ok()) {
        return status;
      }
    }
    std::atomic<bool> over{false};
    std::thread writer([&] { WriteAcknowledgements(context, stream, over); });
    pb::Part part;
    std::string bytes;
    size_t parts = 0;
    while (stream->Read(&part)) {
      bytes += part.data();
      ++parts;
      if (!part.end()) continue;
      const std::lock_guard lock(state.mutex);
      Take(bytes);
      state.most_parts = std::max(state.most_parts, parts);
      state.changed.notify_all();
      bytes.clear();
      parts = 0;
    }
    over = true;
    writer.join();
    return {grpc::StatusCode::UNAVAILABLE, "stopping"};
  }

  void Take(const std::string& bytes) {
    pb::Trajectory trajectory;
    trajectory.ParseFromString(bytes);
    const uint64_t wanted = state.trajectories.size() + 1;
    if (trajectory.sequence() == wanted) {
      state.trajectories.push_back(trajectory);
      state.most_under_way = std::max(state.most_under_way, wanted - Acknowledged());
    } else if (trajectory.sequence() < wanted) {
      ++state.duplicates;
    }
  }

  void WriteAcknowledgements(grpc::ServerContext* context,
                             grpc::ServerReaderWriter<pb::Acknowledgement, pb::Part>* stream,
                             std::atomic<bool>& over) {
    uint64_t said = 0;
    uint32_t said_window = 0;
    std::unique_lock lock(state.mutex);
    while (!over && !stopping && !context->IsCancelled()) {
      const uint64_t now = Acknowledged();
      if (now == said && state.window == said_window) {
        state.changed.wait_for(lock, kPoll);
        continue;
      }
      pb::Acknowledgement acknowledgement;
      acknowledgement.set_sequence(now);
      acknowledgement.set_window(state.window);
      for (const auto& [sequence, reason] : state.refusals) {
        if (sequence <= said || sequence > now) continue;
        pb::Refusal& refusal = *acknowledgement.add_refusals();
        refusal.set_sequence(sequence);
        refusal.set_reason(reason);
        refusal.set_message("refused " + std::to_string(sequence));
      }
      said = now;
      said_window = state.window;
      const bool twice = state.twice;
      lock.unlock();
      stream->Write(acknowledgement);
      acknowledgement.clear_refusals();
      if (twice) stream->Write(acknowledgement);
      lock.lock();
    }
  }

  ServerState& state;
  // Another server does not know it.
  const std::string session_id =
      std::to_string(std::chrono::steady_clock::now().time_since_epoch().count());
  std::atomic<bool> stopping{false};
};

struct FakeServer::Running {
  std::unique_ptr<grpc::Server> server;
};

FakeServer::FakeServer(ServerState& state, int port)
    : service_(std::make_unique<Service>(state)), running_(std::make_unique<Running>()) {
  const std::string address = "127.0.0.1:" + std::to_string(port);
  grpc::ServerBuilder builder;
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddListeningPort(address, grpc::InsecureServerCredentials(), &port_);
  builder.RegisterService(service_.get());
  running_->server = builder.BuildAndStart();
  if (running_->server == nullptr) throw std::runtime_error("cannot listen at " + address);
}

FakeServer::~FakeServer() {
  service_->stopping = true;
  service_->state.changed.notify_all();
  running_->server->Shutdown(std::chrono::system_clock::now());
  running_->server->Wait();
}

}  // namespace rlsys::testing
