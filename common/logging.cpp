#include "common/logging.h"

#include <ctime>
#include <memory>

#include <spdlog/formatter.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "common/json.h"
#include "common/visible_text.h"

namespace tutti {
namespace {

// Bytes that are no UTF-8 are replaced: whatever a record holds, its line is JSON.
class JsonFormatter final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& record, spdlog::memory_buf_t& line) override {
    const auto since = record.time.time_since_epoch();
    const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
    const std::time_t seconds = millis / 1000;
    std::tm utc{};
    ::gmtime_r(&seconds, &utc);
    const auto level = spdlog::level::to_string_view(record.level);
    const OrderedJson json{
        {"time", fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900,
                             utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                             millis % 1000)},
        {"level", std::string(level.data(), level.size())},
        {"program", std::string(record.logger_name.data(), record.logger_name.size())},
        {"message", std::string(record.payload.data(), record.payload.size())}};
    const std::string text = json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
    line.append(text.data(), text.data() + text.size());
    line.push_back('\n');
  }
  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<JsonFormatter>();
  }
};

// A record's message, which may hold text of others, for eyes: a `tutti local` shows its daemons'
// records on its terminal.
class VisibleMessage final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& record, const std::tm&,
              spdlog::memory_buf_t& line) override {
    const std::string text = Visible({record.payload.data(), record.payload.size()});
    line.append(text.data(), text.data() + text.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return spdlog::details::make_unique<VisibleMessage>();
  }
};

Result<spdlog::level::level_enum> ParseLevel(const std::string& level) {
  const auto parsed = spdlog::level::from_str(level);
  if (parsed != spdlog::level::off || level == "off") return parsed;
  return InvalidArgument("log level: expected trace, debug, info, warn, error or off; got \"" +
                         level + "\"");
}

}  // namespace

Status InitLogging(const std::string& program, const LogOptions& options) {
  TUTTI_ASSIGN_OR_RETURN(const auto level, ParseLevel(options.level));
  std::shared_ptr<spdlog::logger> logger;
  if (options.format == "json") {
    logger = spdlog::stderr_logger_mt(program);
    logger->set_formatter(std::make_unique<JsonFormatter>());
  } else if (options.format == "text") {
    logger = spdlog::stderr_color_mt(program);
    auto formatter = std::make_unique<spdlog::pattern_formatter>();
    formatter->add_flag<VisibleMessage>('v').set_pattern("%Y-%m-%dT%H:%M:%S.%e %^%l%$ %n: %v");
    logger->set_formatter(std::move(formatter));
  } else {
    return InvalidArgument("log format: expected text or json; got \"" + options.format + "\"");
  }
  logger->set_level(level);
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
  return {};
}

Status SetLogLevel(const std::string& level) {
  TUTTI_ASSIGN_OR_RETURN(const auto parsed, ParseLevel(level));
  spdlog::set_level(parsed);
  return {};
}

}  // namespace tutti
