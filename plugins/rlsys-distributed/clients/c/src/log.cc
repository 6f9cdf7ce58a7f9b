#include "log.h"

#include <cstdio>
#include <mutex>

namespace rlsys::core {
namespace {

struct Sink {
  std::mutex mutex;
  rlsys_log_function function = nullptr;
  void* context = nullptr;
};

// Never destroyed: background threads may write while the program ends.
Sink& TheSink() {
  static Sink* const sink = new Sink;
  return *sink;
}

}  // namespace

void SetLog(rlsys_log_function function, void* context) {
  Sink& sink = TheSink();
  const std::lock_guard lock(sink.mutex);
  sink.function = function;
  sink.context = context;
}

void Log(const std::string& text) {
  Sink& sink = TheSink();
  const std::lock_guard lock(sink.mutex);
  if (sink.function != nullptr) {
    sink.function(text.c_str(), sink.context);
  } else {
    std::fprintf(stderr, "rlsys: %s\n", text.c_str());
  }
}

void LockLog() { TheSink().mutex.lock(); }
void UnlockLog() { TheSink().mutex.unlock(); }

}  // namespace rlsys::core
