// Any text is a configuration or a list of errors with their places; never a crash, never silence.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "daemon/config.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto config = hairpin::daemon::parse_config(text, "/etc/hairpin/hairpin.toml");
    if (config) {
        // What was accepted is whole, and is itself again.
        if (config->dns_listen.empty() || config->http_listen.empty() ||
            config->nameservers.empty())
            std::abort();
        if (!hairpin::daemon::needs_restart(*config, *config).empty()) std::abort();
        return 0;
    }
    if (config.error().empty()) std::abort();
    for (const auto& error : config.error())
        if (error.reason.empty()) std::abort();
    return 0;
}
