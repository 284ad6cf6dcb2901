#include "bench/load/questions.hpp"

#include <cerrno>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <string_view>

namespace hairpin::bench {
namespace {

constexpr std::size_t kHeaderOctets = 12;

const std::map<std::string, std::uint16_t, std::less<>> kTypes = {
    {"A", 1}, {"NS", 2}, {"SOA", 6}, {"TXT", 16}, {"AAAA", 28}};

void put16(Octets& into, unsigned value) {
    into.push_back(static_cast<std::uint8_t>(value >> 8));
    into.push_back(static_cast<std::uint8_t>(value & 0xFF));
}

bool put_name(Octets& into, std::string_view name) {
    while (!name.empty() && name != ".") {
        const std::size_t dot = name.find('.');
        const std::string_view label = name.substr(0, dot);
        if (label.empty() || label.size() > 63) return false;
        into.push_back(static_cast<std::uint8_t>(label.size()));
        into.insert(into.end(), label.begin(), label.end());
        name = dot == std::string_view::npos ? "" : name.substr(dot + 1);
    }
    into.push_back(0);
    return true;
}

/// The RDATA of the OPT record, with its length.
void put_options(Octets& into, OctetView cookie) {
    constexpr unsigned kCookie = 10;
    constexpr std::size_t kOptionHeaderOctets = 4;
    if (cookie.empty()) return put16(into, 0);
    put16(into, static_cast<unsigned>(kOptionHeaderOctets + cookie.size()));
    put16(into, kCookie);
    put16(into, static_cast<unsigned>(cookie.size()));
    into.insert(into.end(), cookie.begin(), cookie.end());
}

std::optional<Octets> message_for(std::string_view owner, std::uint16_t type, OctetView cookie) {
    constexpr unsigned kOpt = 41;
    constexpr unsigned kInternet = 1;
    constexpr unsigned kUdpPayload = 1232;
    Octets message = {0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1};
    if (!put_name(message, owner)) return std::nullopt;
    put16(message, type);
    put16(message, kInternet);
    message.push_back(0);
    put16(message, kOpt);
    put16(message, kUdpPayload);
    message.insert(message.end(), {0, 0, 0, 0});
    put_options(message, cookie);
    return message;
}

}  // namespace

Result<Questions> Questions::read(const std::string& file, OctetView cookie) {
    const std::size_t opt_octets = 11 + (cookie.empty() ? 0 : 4 + cookie.size());
    std::ifstream stream(file);
    if (!stream) return fail(system_error(file, errno));
    Questions all;
    std::string line;
    while (std::getline(stream, line)) {
        std::istringstream words(line);
        std::string owner;
        std::string type;
        unsigned rcode = 0;
        unsigned least_answers = 0;
        words >> owner >> type >> rcode >> least_answers;
        const auto number = kTypes.find(type);
        auto message = words && number != kTypes.end() ? message_for(owner, number->second, cookie)
                                                       : std::nullopt;
        if (!message) return fail(Error{ErrorCode::Invalid, file, "not a question: " + line});
        all.messages_.push_back(std::move(*message));
        all.questions_.push_back({{},
                                  all.messages_.back().size() - kHeaderOctets - opt_octets,
                                  static_cast<std::uint8_t>(rcode),
                                  static_cast<std::uint16_t>(least_answers)});
    }
    if (all.questions_.empty()) return fail(Error{ErrorCode::Invalid, file, "has no questions"});
    for (std::size_t index = 0; index < all.questions_.size(); ++index)
        all.questions_[index].message = all.messages_[index];
    return all;
}

}  // namespace hairpin::bench
