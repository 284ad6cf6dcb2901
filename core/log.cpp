#include "core/log.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <memory>

namespace hairpin::log {
namespace {

constexpr auto kPattern = "%Y-%m-%dT%H:%M:%S.%eZ %-8l %-6n %*";
constexpr std::array<std::string_view, 7> kLevels = {"trace", "debug",    "info", "warning",
                                                     "error", "critical", "off"};

/// "%*": the text of the line, its control characters as \xNN, so that no text can end a line.
class OneLine final : public spdlog::custom_flag_formatter {
public:
    void format(const spdlog::details::log_msg& line, const std::tm&,
                spdlog::memory_buf_t& to) override {
        constexpr std::string_view kDigits = "0123456789abcdef";
        for (const char letter : line.payload) {
            const auto octet = static_cast<unsigned char>(letter);
            if (octet >= 0x20 && octet != 0x7f) {
                to.push_back(letter);
                continue;
            }
            for (const char each : {'\\', 'x', kDigits[octet >> 4], kDigits[octet & 15]})
                to.push_back(each);
        }
    }
    [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
        return std::make_unique<OneLine>();
    }
};

std::unique_ptr<spdlog::formatter> line_formatter() {
    auto made = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
    made->add_flag<OneLine>('*').set_pattern(kPattern);
    return made;
}

std::shared_ptr<spdlog::logger> make(const std::string& folder) {
    // spdlog's registry is process-wide already; two threads may ask for the same new logger at
    // once.
    try {
        auto made = spdlog::stderr_logger_mt(folder);
        made->set_formatter(line_formatter());
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
    for (const auto* each :
         {"core", "zones", "net", "store", "dnsd", "observer", "acme", "admin", "daemon"})
        logger(each).set_level(value);
    return {};
}

}  // namespace hairpin::log
