// The library never prints: messages go to the callback that the program installed.
#pragma once

#include <functional>
#include <string_view>

namespace adze {

enum class LogLevel { debug, info, warning };

using LogSink = std::function<void(LogLevel, std::string_view)>;

/// Installs the sink for the whole process (an empty sink discards). Call before starting threads.
void set_log_sink(LogSink sink);
void log_message(LogLevel level, std::string_view message);

}  // namespace adze
