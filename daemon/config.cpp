#include "daemon/config.hpp"

// toml++ 3.3 asserts on some malformed table headers ("[.a]"), which must not end a server that
// reloads. Header-only, so that the assertion can be made an exception, which parse_config() turns
// into an error.
#include <stdexcept>
namespace hairpin::daemon::detail {
inline void toml_is_malformed() {
    throw std::logic_error("malformed TOML");
}
}  // namespace hairpin::daemon::detail
#define TOML_HEADER_ONLY 1
#define TOML_ASSERT(expression) \
    ((expression) ? static_cast<void>(0) : ::hairpin::daemon::detail::toml_is_malformed())

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "acme/issuer_presets.hpp"
#include "acme/messages.hpp"
#include "core/log.hpp"
#include "daemon/options.hpp"

namespace hairpin::daemon {
namespace {

constexpr std::int64_t kVersion = 1;
constexpr std::size_t kMaxConfigOctets = 1 << 20;

using Errors = std::vector<ConfigError>;

std::optional<OptionValue> value_of(const toml::node& node, OptionKind kind) {
    switch (kind) {
        case OptionKind::Text:
            if (const auto* text = node.as_string()) return text->get();
            return std::nullopt;
        case OptionKind::Number:
            if (const auto* number = node.as_integer()) return number->get();
            return std::nullopt;
        case OptionKind::List: {
            const toml::array* array = node.as_array();
            if (array == nullptr) return std::nullopt;
            std::vector<std::string> texts;
            for (const toml::node& each : *array) {
                const auto* text = each.as_string();
                if (text == nullptr) return std::nullopt;
                texts.push_back(text->get());
            }
            return texts;
        }
    }
    return std::nullopt;
}

std::string_view wanted(OptionKind kind) {
    switch (kind) {
        case OptionKind::Text:
            return "must be a text in quotes";
        case OptionKind::Number:
            return "must be a whole number";
        case OptionKind::List:
            return "must be a list of texts in quotes";
    }
    return "";
}

// The defaults of the table, read once.
const std::vector<OptionValue>& standards() {
    static const std::vector<OptionValue> read = [] {
        std::vector<OptionValue> values;
        for (const Option& option : options()) {
            const toml::table table = toml::parse(fmt::format("x = {}", option.standard));
            values.push_back(value_of(*table.get("x"), option.kind).value());
        }
        return values;
    }();
    return read;
}

// The line of the first octet outside of ASCII that does not stand in a comment; 0 where there is
// none. toml++ 3.3 runs into undefined behaviour on some letters in bare keys, and nothing we are
// told needs more than ASCII.
std::size_t first_line_beyond_ascii(std::string_view text) {
    std::size_t number = 0;
    while (!text.empty()) {
        ++number;
        std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        const std::size_t hash = line.find('#');
        const bool is_comment = hash != std::string_view::npos &&
                                line.substr(0, hash).find_first_of("\"'") == std::string_view::npos;
        if (is_comment) line = line.substr(0, hash);
        if (std::any_of(line.begin(), line.end(),
                        [](char letter) { return static_cast<unsigned char>(letter) >= 0x80; }))
            return number;
    }
    return 0;
}

/// Walks the parsed file once and fills a Config, collecting every fault.
class Filling {
public:
    explicit Filling(const std::string& file) { config_.file = file; }

    void table(const toml::table& table, const std::string& prefix) {
        for (const auto& [key, node] : table) {
            const std::string full = prefix + std::string(key.str());
            if (prefix.empty() && full == "version") {
                version(node);
            } else if (const toml::table* inner = node.as_table()) {
                inner_table(*inner, full, node);
            } else {
                option(full, node);
            }
        }
    }

    Result<Config, Errors> finish(const toml::table& root) {
        if (!root.contains("version")) fault(0, "version = 1 is missing");
        for (const Option& option : options()) {
            if (seen_.contains(option.key)) continue;
            if (option.presence == Presence::Required) {
                fault(0, fmt::format("{} is missing: {}", option.key, option.sentence));
            } else {
                set_standard(option);
            }
        }
        check_together();
        if (!errors_.empty()) return fail(std::move(errors_));
        return std::move(config_);
    }

private:
    void fault(std::size_t line, std::string reason) {
        errors_.push_back({config_.file, line, std::move(reason)});
    }
    static std::size_t line_of(const toml::node& node) { return node.source().begin.line; }

    void version(const toml::node& node) {
        const auto* number = node.as_integer();
        if (number == nullptr || number->get() != kVersion)
            fault(line_of(node),
                  fmt::format("version: this hairpind reads version = {}", kVersion));
    }

    void inner_table(const toml::table& inner, const std::string& full, const toml::node& node) {
        const bool known =
            std::any_of(options().begin(), options().end(),
                        [&](const Option& option) { return option.key.starts_with(full + "."); });
        if (!known) return unknown(full, node);
        table(inner, full + ".");
    }

    void unknown(const std::string& key, const toml::node& node) {
        const std::string near = nearest_key(key);
        fault(line_of(node), fmt::format("unknown key {}{}", key,
                                         near.empty() ? "" : "; did you mean " + near + "?"));
    }

    void option(const std::string& key, const toml::node& node) {
        const auto row = std::find_if(options().begin(), options().end(),
                                      [&](const Option& each) { return each.key == key; });
        if (row == options().end()) return unknown(key, node);
        seen_.insert(row->key);
        const auto value = value_of(node, row->kind);
        if (!value) return fault(line_of(node), fmt::format("{}: {}", key, wanted(row->kind)));
        if (const auto wrong = row->set(config_, *value))
            fault(line_of(node), fmt::format("{}: {}", key, *wrong));
    }

    void set_standard(const Option& option) {
        const auto row = static_cast<std::size_t>(&option - options().data());
        if (const auto wrong = option.set(config_, standards()[row]))
            fault(0, fmt::format("{}: {}", option.key, *wrong));
    }

    // The kernel would share such an endpoint between the two, connection by connection.
    void check_dns_listeners() {
        for (const auto* listeners :
             {&config_.dns_tls_listen, &config_.dns_https_listen, &config_.http_fallback_listen})
            for (const auto* others :
                 {&config_.dns_listen, &config_.dns_tls_listen, &config_.dns_https_listen,
                  &config_.http_listen, &config_.http_fallback_listen})
                for (const Endpoint& each : *listeners)
                    if (listeners != others && each.port != 0 &&
                        std::find(others->begin(), others->end(), each) != others->end())
                        fault(0, fmt::format("{} is listened on for two purposes", each.text()));
        for (const Endpoint& each : config_.checkin_listen)
            if (each.port != 0 && std::ranges::count(config_.dns_listen, each) != 0)
                fault(0, fmt::format("{} is listened on for two purposes", each.text()));
        if (config_.transfer_needs_tls && config_.dns_tls_listen.empty())
            fault(0, "dns.transfer.transport: tls needs dns.tls_listen");
    }

    void check_issuers() {
        if (config_.acme_standby_eab_kid.empty() != config_.acme_standby_eab_key_file.empty())
            fault(0,
                  "acme.standby_eab_kid and acme.standby_eab_key_file go together: give both or "
                  "neither");
        if (config_.acme_directory.empty() && !config_.acme_fallbacks.empty())
            fault(0, "acme.fallbacks: there is no first CA: give acme.directory");
        for (const IssuerConfig& each : config_.acme_fallbacks)
            if (each.options.directory == config_.acme_directory ||
                each.options.name == usual_name(config_.acme_directory))
                fault(0,
                      fmt::format("acme.fallbacks: {} is the first CA already", each.options.name));
        const auto* preset = acme::issuer_preset_of(config_.acme_directory);
        if (config_.acme_staging.empty() && preset != nullptr)
            config_.acme_staging = preset->staging;
        if (config_.acme_staging == "off") config_.acme_staging.clear();
        if (!config_.acme_staging.empty() && !acme::is_usable_url(config_.acme_staging))
            fault(0, "acme.staging: must be an https:// URL, off, or empty");
        if (!config_.acme_canary_name.empty() && !zones::Name::parse(config_.acme_canary_name))
            fault(0, "acme.canary_name: is not a DNS name");
    }

    // What no single option can say.
    void check_together() {
        if (config_.http_certificate.empty() != config_.http_key.empty())
            fault(0, "http.certificate and http.key go together: give both or neither");
        if (config_.acme_eab_kid.empty() != config_.acme_eab_key_file.empty())
            fault(0, "acme.eab_kid and acme.eab_key_file go together: give both or neither");
        check_issuers();
        check_dns_listeners();
        const observer::QueryLogOptions& log = config_.observing.query_log;
        if (log.path.empty() != (log.sample == 0))
            fault(0, "query_log.path and query_log.sample go together: give both or neither");
        const auto folder = std::filesystem::path(config_.file).parent_path();
        for (std::string* path :
             {&config_.data_dir, &config_.http_certificate, &config_.http_key,
              &config_.acme_ca_file, &config_.webhooks_ca_file, &config_.acme_eab_key_file,
              &config_.acme_standby_eab_key_file, &config_.dns_cookie_secret_file,
              &config_.observing.dnstap.socket, &config_.observing.query_log.path})
            if (!path->empty()) *path = (folder / *path).lexically_normal().string();
        for (IssuerConfig& each : config_.acme_fallbacks)
            for (std::string* path :
                 {&each.options.ca_file, &each.eab_key_file, &each.standby_eab_key_file})
                if (!path->empty()) *path = (folder / *path).lexically_normal().string();
        for (ElsewhereConfig& each : config_.acme_elsewhere)
            each.key_file = (folder / each.key_file).lexically_normal().string();
        for (std::string& path : config_.acme_refused_keys)
            path = (folder / path).lexically_normal().string();
        static const std::set<std::string_view> levels = {"trace", "debug",    "info", "warning",
                                                          "error", "critical", "off"};
        if (!levels.contains(config_.log_level))
            fault(0, "log.level: \"" + config_.log_level + "\" is not a level");
        for (const std::string& each : config_.log_folders) {
            const std::size_t equals = each.find('=');
            if (equals == std::string::npos || equals == 0 ||
                !levels.contains(std::string_view(each).substr(equals + 1)))
                fault(0, fmt::format("log.folders: \"{}\" is not PART=LEVEL", each));
        }
    }

    Config config_;
    Errors errors_;
    std::set<std::string_view> seen_;
};

Errors one_error(const std::string& file, std::size_t line, std::string reason) {
    return {{file, line, std::move(reason)}};
}

}  // namespace

std::string ConfigError::text() const {
    if (line == 0) return fmt::format("{}: {}", file, reason);
    return fmt::format("{}:{}: {}", file, line, reason);
}

std::string Config::database_path() const {
    return (std::filesystem::path(data_dir) / store_path).lexically_normal().string();
}

Result<Config, Errors> parse_config(std::string_view text, const std::string& file) {
    if (text.size() > kMaxConfigOctets) return fail(one_error(file, 0, "the file is over 1 MiB"));
    if (const std::size_t line = first_line_beyond_ascii(text); line != 0)
        return fail(one_error(file, line, "only ASCII is read outside of comments"));
    // toml++ throws on bad syntax (Debian builds it so); the throw ends here.
    try {
        const toml::table root = toml::parse(text, std::string_view(file));
        Filling filling(file);
        filling.table(root, "");
        return filling.finish(root);
    } catch (const toml::parse_error& error) {
        return fail(one_error(file, error.source().begin.line, std::string(error.description())));
    } catch (const std::logic_error& error) {
        return fail(one_error(file, 0, error.what()));
    }
}

Result<Config, Errors> read_config(const std::string& file) {
    std::ifstream stream(file, std::ios::binary);
    if (!stream)
        return fail(one_error(file, 0, "cannot be read: " + system_error("", errno).cause));
    std::string text;
    text.resize(kMaxConfigOctets + 1);
    stream.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(stream.gcount()));
    return parse_config(text, std::filesystem::absolute(file).lexically_normal().string());
}

std::vector<std::string> needs_restart(const Config& running, const Config& next) {
    std::vector<std::string> keys;
    for (const Option& option : options())
        if (option.on_reload == OnReload::NeedsRestart && option.show(running) != option.show(next))
            keys.emplace_back(option.key);
    return keys;
}

std::string sample_config() {
    std::string sample =
        "# Hairpin's configuration. Every option stands here; those with a # in front show their "
        "default.\n"
        "# Times are in seconds, sizes in octets. `hairpind check --config FILE` reads it and says "
        "what is wrong.\n\n"
        "version = 1\n";
    std::string_view section;
    for (const Option& option : options()) {
        const std::size_t dot = option.key.rfind('.');
        const std::string_view here =
            dot == std::string_view::npos ? std::string_view() : option.key.substr(0, dot);
        if (here != section) {
            section = here;
            sample += fmt::format("\n[{}]\n", section);
        }
        const std::string_view key = option.key.substr(dot == std::string_view::npos ? 0 : dot + 1);
        sample +=
            fmt::format("\n# {}\n{}{} = {}\n", option.sentence,
                        option.presence == Presence::Required ? "" : "# ", key, option.standard);
    }
    return sample;
}

}  // namespace hairpin::daemon
