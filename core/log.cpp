#include "core/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>

namespace hairpin::log {
namespace {

constexpr auto kPattern = "%Y-%m-%dT%H:%M:%S.%eZ %-8l %-6n %v";
constexpr std::array<std::string_view, 7> kLevels = {"trace", "debug",    "info", "warning",
                                                     "error", "critical", "off"};

std::shared_ptr<spdlog::logger> make(const std::string& folder) {
    // spdlog's registry is process-wide already; two threads may ask for the same new logger at
    // once.
    try {
        auto made = spdlog::stderr_logger_mt(folder);
        made->set_pattern(kPattern, spdlog::pattern_time_type::utc);
        return made;
    } catch (const spdlog::spdlog_ex&) {
        return spdlog::get(folder);
    }
}

}  // namespace

spdlog::logger& logger(std::string_view folder) {
    const std::string name(folder);
    if (const auto known = spdlog::get(name)) return *known;
    return *make(name);
}

Result<void> set_level(std::string_view folder, std::string_view level) {
    if (std::find(kLevels.begin(), kLevels.end(), level) == kLevels.end())
        return fail(
            Error{ErrorCode::Invalid, std::string(level),
                  "not a log level; use trace, debug, info, warning, error, critical or off"});
    const auto value = spdlog::level::from_str(std::string(level));
    if (folder != "*") {
        logger(folder).set_level(value);
        return {};
    }
    for (const auto* each : {"core", "zones", "net", "store", "dnsd", "acme", "admin", "daemon"})
        logger(each).set_level(value);
    return {};
}

}  // namespace hairpin::log
