// The only file that uses gRPC.
//
// One thread registers, and again whenever a call breaks; it also writes trajectories. While a
// session lasts, one more thread reads models and one reads acknowledgements.
#include "connection.h"

#include <grpcpp/grpcpp.h>
#include <rlsys/distributed/v1/trainer.grpc.pb.h>

#include <algorithm>
#include <random>
#include <thread>

#include "backoff.h"
#include "error.h"
#include "explaining.h"
#include "messages.h"
#include "parts.h"
#include "text.h"

namespace rlsys::core {
namespace {

constexpr size_t kMostModelBytes = size_t{1} << 30;
constexpr std::chrono::seconds kRegisterTimeout{30};
constexpr int kKeepaliveMilliseconds = 20'000;
constexpr int kKeepaliveTimeoutMilliseconds = 10'000;

std::string RandomBytes() {
  std::random_device device;
  std::string bytes(16, '\0');
  for (char& byte : bytes) byte = static_cast<char>(device());
  return bytes;
}

double Now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::shared_ptr<grpc::Channel> MakeChannel(const Config& config) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMilliseconds);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMilliseconds);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  // Every attempt connects anew. Otherwise gRPC's own waiting would be added to ours.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  std::shared_ptr<grpc::ChannelCredentials> credentials = grpc::InsecureChannelCredentials();
  if (config.tls) {
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = config.tls->ca;
    options.pem_cert_chain = config.tls->cert;
    options.pem_private_key = config.tls->key;
    credentials = grpc::SslCredentials(options);
  }
  return grpc::CreateCustomChannel(config.address, credentials, arguments);
}

std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

const char* NameOf(pb::Refusal::Reason reason) {
  switch (reason) {
    case pb::Refusal::BAD:
      return "bad";
    case pb::Refusal::STALE:
      return "stale";
    case pb::Refusal::OVERLOADED:
      return "overloaded";
    case pb::Refusal::OTHER_MODEL:
      return "other model";
    default:
      return "unknown";
  }
}

}  // namespace

// The calls that are open, so that they can be cancelled from any thread.
struct Connection::Calls {
  std::thread thread;
  std::mutex mutex;
  bool cancelled = false;
  std::vector<grpc::ClientContext*> open;

  void Cancel() {
    const std::lock_guard lock(mutex);
    cancelled = true;
    for (grpc::ClientContext* context : open) context->TryCancel();
  }
};

// How an attempt ended.
struct Connection::Outcome {
  grpc::Status status;
  bool registered = false;
};

// One registration and the calls that follow it.
struct Connection::Session {
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<pb::Trainer::Stub> stub;
  std::string id;
  std::string incarnation;
  bool log_probabilities = true;
  size_t part_bytes = kPartBytes;
  // Cancelled as soon as either stream ends.
  Calls streams;
  std::unique_ptr<grpc::ClientReaderWriter<pb::Part, pb::Acknowledgement>> trajectories;
  // The status of the stream that ended first.
  std::mutex mutex;
  bool ended = false;
  grpc::Status status;

  void End(const grpc::Status& why) {
    {
      const std::lock_guard lock(mutex);
      if (!ended) status = why;
      ended = true;
    }
    streams.Cancel();
  }
};

namespace {

// A call's context that others can cancel for as long as it lives.
template <typename Calls>
class Cancellable {
 public:
  Cancellable(Calls& outer, Calls* inner, const Config& config, const std::string& session)
      : lists_{&outer, inner} {
    context_.AddMetadata("rlsys-protocol", "1");
    if (!config.token.empty()) context_.AddMetadata("authorization", "Bearer " + config.token);
    if (!session.empty()) context_.AddMetadata("rlsys-session", session);
    for (Calls* calls : lists_) {
      if (calls == nullptr) continue;
      const std::lock_guard lock(calls->mutex);
      calls->open.push_back(&context_);
      if (calls->cancelled) context_.TryCancel();
    }
  }
  ~Cancellable() {
    for (Calls* calls : lists_) {
      if (calls == nullptr) continue;
      const std::lock_guard lock(calls->mutex);
      std::erase(calls->open, &context_);
    }
  }
  Cancellable(const Cancellable&) = delete;
  Cancellable& operator=(const Cancellable&) = delete;

  grpc::ClientContext* get() { return &context_; }

 private:
  grpc::ClientContext context_;
  Calls* lists_[2];
};

}  // namespace

Connection::Connection(const Config& config, const Shapes& shapes, Outbox& outbox,
                       Announcements& announcements, Events events, Timing timing)
    : config_(config),
      shapes_(shapes),
      outbox_(outbox),
      announcements_(announcements),
      events_(std::move(events)),
      timing_(timing),
      instance_(RandomBytes()),
      calls_(std::make_unique<Calls>()) {
  texts_.problem = "no answer from the server yet";
}

Connection::~Connection() { Close(); }

void Connection::Start() {
  calls_->thread = std::thread([this] { Run(); });
}

void Connection::Close() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  closed_.notify_all();
  outbox_.Interrupt();
  calls_->Cancel();
  if (calls_->thread.joinable()) calls_->thread.join();
}

Connection::Texts Connection::texts() const {
  const std::lock_guard lock(mutex_);
  return texts_;
}

bool Connection::closing() const {
  const std::lock_guard lock(mutex_);
  return closing_;
}

void Connection::SetProblem(const std::string& problem) {
  const std::lock_guard lock(mutex_);
  texts_.problem = problem;
}

void Connection::Run() {
  Backoff backoff(std::random_device{}());
  while (true) {
    heard_ = false;
    const Outcome outcome = Attempt();
    connected_ = false;
    if (closing()) return;
    if (!GoesOn(outcome)) return;
    if (heard_) backoff.Reset();
    std::unique_lock lock(mutex_);
    if (closed_.wait_for(lock, backoff.Next(), [this] { return closing_; })) return;
  }
}

// Decides what follows from how an attempt ended; returns false if that was the last one.
bool Connection::GoesOn(const Outcome& outcome) {
  const std::string message = FirstLine(outcome.status.error_message());
  switch (outcome.status.error_code()) {
    case grpc::StatusCode::UNAUTHENTICATED:
      if (outcome.registered) break;  // the session is unknown, not the token
      [[fallthrough]];
    case grpc::StatusCode::INVALID_ARGUMENT:
    case grpc::StatusCode::FAILED_PRECONDITION:
    case grpc::StatusCode::UNIMPLEMENTED:
    case grpc::StatusCode::PERMISSION_DENIED:
      GiveUp(message);
      return false;
    case grpc::StatusCode::ALREADY_EXISTS:
      if (in_use_since_ < 0) in_use_since_ = Now();
      if (Now() - in_use_since_ >= timing_.patience) {
        GiveUp(message);
        return false;
      }
      SetProblem(message);
      return true;
    default:
      break;
  }
  in_use_since_ = -1;
  std::string problem = outcome.status.ok() ? "the server has ended the connection" : message;
  if (outcome.status.error_code() == grpc::StatusCode::UNAVAILABLE && !outcome.registered) {
    problem = Explain(message, config_.tls);
  }
  SetProblem(problem);
  announcements_.Once("connection", Cat("no connection to ", config_.address, ": ", problem,
                                        "; trying again in the background"));
  return true;
}

void Connection::GiveUp(const std::string& why) {
  SetProblem(why);
  announcements_.Once("gave up", Cat("the server at ", config_.address, " refuses this program: ",
                                     why, "; it goes on acting, and sends nothing any more"));
  // Whoever waits is woken after the reason is known and said.
  outbox_.GiveUp();
  events_.gave_up();
}

Connection::Outcome Connection::Attempt() {
  Outcome outcome;
  Session session;
  session.channel = MakeChannel(config_);
  session.stub = pb::Trainer::NewStub(session.channel);
  if (!Register(session, outcome)) return outcome;

  std::thread models([this, &session] { ReadModels(session); });
  if (config_.explore) WriteTrajectories(session);
  models.join();
  outcome.status = session.status;
  return outcome;
}

bool Connection::Register(Session& session, Outcome& outcome) {
  pb::RegisterRequest request;
  FillRegister(config_, instance_, request);
  request.set_first_sequence(outbox_.first_sequence());
  pb::RegisterResponse response;
  {
    Cancellable<Calls> context(*calls_, nullptr, config_, "");
    context.get()->set_deadline(std::chrono::system_clock::now() + kRegisterTimeout);
    outcome.status = session.stub->Register(context.get(), request, &response);
  }
  if (!outcome.status.ok()) return false;
  if (!IsPrintable(response.session())) {
    // gRPC would end the program if it had to send that.
    outcome.status = {grpc::StatusCode::INTERNAL, "the server's session is not plain text"};
    return false;
  }
  outcome.registered = true;
  in_use_since_ = -1;
  session.id = response.session();
  session.incarnation = response.incarnation();
  session.log_probabilities = response.algorithm() != "dqn";
  const pb::Limits& limits = response.limits();
  if (limits.part_bytes() > 0) {
    session.part_bytes = std::min<size_t>(kPartBytes, limits.part_bytes());
  }
  {
    const std::lock_guard lock(mutex_);
    texts_.model = response.model();
    texts_.algorithm = response.algorithm();
    texts_.settings = response.settings();
    texts_.problem.clear();
  }
  announcements_.Forget("connection");
  if (response.incarnation() != incarnation_) {
    held_.reset();
    incarnation_ = response.incarnation();
  }
  ServerLimits allowed{limits.trajectory_bytes(), limits.trajectory_steps(), std::nullopt};
  if (limits.has_max_lag()) allowed.max_lag = limits.max_lag();
  events_.limits(allowed);
  outbox_.Restart(response.acknowledged(), limits.window());
  if (closing()) outbox_.Interrupt();  // Close may have done so before the restart
  ++connections_;
  connected_ = true;
  return true;
}

void Connection::ReadModels(Session& session) {
  Backoff backoff(std::random_device{}());
  grpc::Status status;
  while (true) {
    Cancellable<Calls> context(*calls_, &session.streams, config_, session.id);
    pb::ModelsRequest request;
    request.set_version(held_ ? held_->number : 0);
    request.set_incarnation(incarnation_);
    const auto reader = session.stub->Models(context.get(), request);
    std::string damaged;
    try {
      Assembler assembler(kMostModelBytes);
      pb::Part part;
      while (reader->Read(&part)) {
        if (!assembler.Take(part.data(), part.end(), part.size())) continue;
        TakeUpdate(assembler.message());
        heard_ = true;
        backoff.Reset();
      }
    } catch (const std::exception& error) {
      damaged = error.what();
      context.get()->TryCancel();
      held_.reset();
    }
    status = reader->Finish();
    if (damaged.empty()) break;
    // Begin anew with a whole version. If that is no better, the server is not asked all the time.
    announcements_.Once("model", Cat(damaged, "; the model is asked for again"));
    std::unique_lock lock(mutex_);
    const bool over = closed_.wait_for(lock, backoff.Next(), [this, &session] {
      const std::lock_guard inner(session.mutex);
      return closing_ || session.ended;
    });
    if (over) break;
  }
  session.End(status);
  outbox_.Interrupt();
}

void Connection::TakeUpdate(const std::string& bytes) {
  const Update update = ParseUpdate(bytes);
  auto version = std::make_unique<Version>(Apply(held_.get(), update, kMostModelBytes));
  events_.version(*version);
  held_ = std::move(version);
  incarnation_ = update.incarnation;
}

void Connection::WriteTrajectories(Session& session) {
  Cancellable<Calls> context(*calls_, &session.streams, config_, session.id);
  session.trajectories = session.stub->Trajectories(context.get());
  std::thread reader([this, &session] { ReadAcknowledgements(session); });
  bool open = true;
  while (open) {
    const std::optional<Outbox::Item> item = outbox_.Next();
    if (!item) break;
    const std::string bytes = SerializeTrajectory(*item->piece, item->sequence, shapes_,
                                                  session.incarnation, session.log_probabilities);
    pb::Part part;
    for (size_t begin = 0; open && begin < bytes.size(); begin += session.part_bytes) {
      part.set_data(bytes.substr(begin, session.part_bytes));
      part.set_end(begin + session.part_bytes >= bytes.size());
      part.set_size(begin == 0 ? bytes.size() : 0);
      open = session.trajectories->Write(part);
    }
  }
  // Either the outbox was interrupted because a stream has ended or the agent closes, or this
  // stream is broken, which the reader finds out as well.
  if (closing()) context.get()->TryCancel();
  reader.join();
  session.End(session.trajectories->Finish());
  {
    // Whoever waits has either seen the end, or is waiting by now and hears this.
    const std::lock_guard lock(mutex_);
  }
  closed_.notify_all();
  session.trajectories.reset();
}

void Connection::ReadAcknowledgements(Session& session) {
  pb::Acknowledgement acknowledgement;
  while (session.trajectories->Read(&acknowledgement)) {
    heard_ = true;
    for (const pb::Refusal& refusal : acknowledgement.refusals()) {
      ++refused_;
      const std::string text = Cat("the server refused trajectory ", refusal.sequence(), " (",
                                   NameOf(refusal.reason()), "): ", refusal.message());
      {
        const std::lock_guard lock(mutex_);
        texts_.last_refusal = refusal.message();
      }
      announcements_.Once(Cat("refusal ", refusal.reason()), text);
    }
    outbox_.Acknowledge(acknowledgement.sequence(), acknowledgement.window());
  }
  outbox_.Interrupt();
}

}  // namespace rlsys::core
