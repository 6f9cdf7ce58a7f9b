// Messages for people.
#pragma once

#include <string>

#include "rlsys.h"

namespace rlsys::core {

// Says where messages go; nullptr: to stderr.
void SetLog(rlsys_log_function function, void* context);

// Writes one line.
void Log(const std::string& text);

// Hold and let go of the log's lock around a fork.
void LockLog();
void UnlockLog();

}  // namespace rlsys::core
