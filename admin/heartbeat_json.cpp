#include "admin/heartbeat_json.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>

#include "admin/json_value.hpp"
#include "core/nearest_name.hpp"

namespace hairpin::admin {
namespace {

using simdjson::dom::element;

constexpr std::size_t kMaxDepth = 6;
constexpr std::size_t kMaxTextOctets = 128;
constexpr std::array<std::string_view, 8> kMembers{
    "private", "public", "port", "machine", "boot", "agent", "internal_name", "certificate"};
constexpr std::array<std::string_view, 7> kInternalNames{
    "ok", "filtered", "nxdomain", "servfail", "timeout", "wrong", "unknown"};

class Reading {
public:
    Reading(Heartbeat& heartbeat, std::vector<FieldError>& errors)
        : heartbeat_(heartbeat), errors_(errors) {}

    void members(simdjson::dom::object object) {
        std::array<bool, kMembers.size()> seen{};
        for (const auto field : object) {
            const auto known = std::find(kMembers.begin(), kMembers.end(), field.key);
            if (known == kMembers.end()) {
                unknown(field.key, {kMembers.begin(), kMembers.end()}, "");
                continue;
            }
            bool& is_seen = seen[static_cast<std::size_t>(known - kMembers.begin())];
            if (is_seen) refuse(field.key, "is there twice");
            is_seen = true;
            member(field.key, field.value);
        }
    }

private:
    void member(std::string_view name, element value) {
        if (name == "private") {
            heartbeat_.private_addresses = addresses(name, value, "must be a list of addresses");
        } else if (name == "public") {
            public_addresses(value);
        } else if (name == "port") {
            port(value);
        } else if (name == "machine") {
            heartbeat_.machine = text(name, value);
        } else if (name == "boot") {
            heartbeat_.boot = text(name, value);
        } else if (name == "agent") {
            heartbeat_.agent = text(name, value);
        } else if (name == "internal_name") {
            internal_name(value);
        } else {
            certificate(value);
        }
    }

    void refuse(std::string_view name, std::string detail) {
        errors_.push_back({"/" + std::string(name.substr(0, 64)), std::move(detail)});
    }
    void unknown(std::string_view name, const std::vector<std::string_view>& known,
                 const std::string& parent) {
        const std::string_view nearest = nearest_name(name, known);
        refuse(parent + std::string(name), nearest.empty() ? "is not known here"
                                                           : "is not known here; did you mean \"" +
                                                                 std::string(nearest) + "\"?");
    }

    std::optional<std::vector<std::string>> addresses(std::string_view name, element value,
                                                      const char* wanted) {
        simdjson::dom::array array;
        if (value.get(array) != simdjson::SUCCESS) return refuse(name, wanted), std::nullopt;
        std::vector<std::string> texts;
        for (const element each : array) {
            std::string_view address;
            if (each.get(address) != simdjson::SUCCESS) {
                refuse(std::string(name) + "/" + std::to_string(texts.size()), "must be a string");
                return std::nullopt;
            }
            if (texts.size() == kMaxListedAddresses) {
                refuse(name,
                       "must have at most " + std::to_string(kMaxListedAddresses) + " addresses");
                return std::nullopt;
            }
            texts.emplace_back(address.substr(0, kMaxTextOctets));
        }
        return texts;
    }

    void public_addresses(element value) {
        std::string_view word;
        if (value.get(word) == simdjson::SUCCESS && word == "auto") {
            heartbeat_.public_addresses = Auto{};
        } else if (auto list =
                       addresses("public", value, R"(must be "auto" or a list of addresses)")) {
            heartbeat_.public_addresses = *std::move(list);
        }
    }

    void port(element value) {
        std::uint64_t number = 0;
        if (value.get(number) != simdjson::SUCCESS || number < 1 || number > 65'535)
            return refuse("port", "must be a whole number from 1 to 65535");
        heartbeat_.port = static_cast<std::uint16_t>(number);
    }

    std::optional<std::string> text(std::string_view name, element value) {
        std::string_view text;
        const bool is_text = value.get(text) == simdjson::SUCCESS;
        const auto is_control = [](char letter) {
            return static_cast<unsigned char>(letter) < 0x20 || letter == 0x7F;
        };
        if (is_text && text.size() <= kMaxTextOctets &&
            std::none_of(text.begin(), text.end(), is_control))
            return std::string(text);
        refuse(name, "must be a string of at most " + std::to_string(kMaxTextOctets) +
                         " octets without control characters");
        return std::nullopt;
    }

    void internal_name(element value) {
        std::string_view word;
        const bool is_text = value.get(word) == simdjson::SUCCESS;
        if (!is_text ||
            std::find(kInternalNames.begin(), kInternalNames.end(), word) == kInternalNames.end())
            return refuse("internal_name",
                          "must be ok, filtered, nxdomain, servfail, timeout, wrong or unknown");
        heartbeat_.internal_name = std::string(word);
    }

    void certificate(element value) {
        simdjson::dom::object object;
        if (value.get(object) != simdjson::SUCCESS)
            return refuse("certificate", "must be an object");
        for (const auto field : object) {
            if (field.key != "sha256") {
                unknown(field.key, {"sha256"}, "certificate/");
                continue;
            }
            std::string_view hex;
            const bool is_text = field.value.get(hex) == simdjson::SUCCESS;
            const auto octets = is_text ? from_hex(hex) : std::nullopt;
            Sha256 digest{};
            if (!octets || octets->size() != digest.size()) {
                refuse("certificate/sha256", "must be 64 hexadecimal digits");
                continue;
            }
            if (heartbeat_.certificate) refuse("certificate/sha256", "is there twice");
            std::copy(octets->begin(), octets->end(), digest.begin());
            heartbeat_.certificate = digest;
        }
    }

    Heartbeat& heartbeat_;
    std::vector<FieldError>& errors_;
};

}  // namespace

Result<Heartbeat, Problem> parse_heartbeat(std::string_view body) {
    if (body.size() > kMaxHeartbeatOctets)
        return fail(
            Problem(ProblemType::TooLarge,
                    "a heartbeat has at most " + std::to_string(kMaxHeartbeatOctets) + " octets"));
    Heartbeat heartbeat;
    if (body.find_first_not_of(" \t\r\n") == std::string_view::npos) return heartbeat;
    simdjson::dom::parser parser(kMaxHeartbeatOctets);
    if (parser.allocate(body.size(), kMaxDepth) != simdjson::SUCCESS)
        return fail(Problem(ProblemType::Unavailable, "out of memory"));
    element root;
    if (const auto error = parser.parse(body.data(), body.size(), true).get(root))
        return fail(Problem(ProblemType::MalformedJson, simdjson::error_message(error)));
    simdjson::dom::object object;
    if (root.get(object) != simdjson::SUCCESS)
        return fail(Problem(ProblemType::InvalidRequest, "the body must be a JSON object"));
    std::vector<FieldError> errors;
    Reading(heartbeat, errors).members(object);
    if (!errors.empty()) return fail(to_problem(std::move(errors)));
    return heartbeat;
}

}  // namespace hairpin::admin
