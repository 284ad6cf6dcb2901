#include "admin/dyndns_request.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "net/http.hpp"

namespace hairpin::admin {
namespace {

using Kind = AddressWish::Kind;

/// Which families a parameter speaks about.
enum class Scope : std::uint8_t { Both, V4, V6 };
struct AddressParameter {
    std::string_view name;
    Scope scope;
};
constexpr std::array<AddressParameter, 5> kAddressParameters = {{
    {"myip", Scope::Both},
    {"ip", Scope::Both},
    {"myipv4", Scope::V4},
    {"myipv6", Scope::V6},
    {"ipv6", Scope::V6},
}};
constexpr std::array<std::string_view, 2> kHostParameters = {"hostname", "host_id"};

std::string lower_text(std::string_view text) {
    std::string lower(text);
    for (char& letter : lower)
        if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter + 32);
    return lower;
}

std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> parts;
    while (true) {
        const std::size_t comma = text.find(',');
        std::string_view part = text.substr(0, comma);
        while (!part.empty() && part.front() == ' ')
            part.remove_prefix(1);
        while (!part.empty() && part.back() == ' ')
            part.remove_suffix(1);
        if (!part.empty()) parts.emplace_back(part);
        if (comma == std::string_view::npos) return parts;
        text.remove_prefix(comma + 1);
    }
}

/// "2001:db8:1::/56"; host bits are cleared: boxes send their own address with the length.
std::optional<AddressWish> prefix_wish(std::string_view text) {
    const std::size_t slash = text.find('/');
    const auto address = IpAddress::parse(text.substr(0, slash));
    if (!address || address->is_v4()) return std::nullopt;
    const std::string_view digits = text.substr(slash + 1);
    unsigned bits = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    if (error != std::errc() || end != digits.data() + digits.size() || bits == 0 || bits > 128)
        return std::nullopt;
    AddressWish wish;
    wish.kind = Kind::Prefix;
    wish.prefix = under_prefix(*address, bits, IpAddress::v6({}));
    wish.prefix_bits = bits;
    return wish;
}

/// What has been said of a host's two families; nullopt: nothing.
struct Said {
    std::optional<AddressWish> v4;
    std::optional<AddressWish> v6;

    [[nodiscard]] bool anything() const noexcept { return v4.has_value() || v6.has_value(); }
};

void add_address(std::optional<AddressWish>& wish, const IpAddress& address) {
    if (!wish || wish->kind != Kind::Set) wish = AddressWish{Kind::Set, {}, {}, 0};
    auto& list = wish->addresses;
    if (std::find(list.begin(), list.end(), address) == list.end()) list.push_back(address);
}

/// One element of a list. False: it is no address, or not of the family.
bool take_element(std::string_view text, Scope scope, Said& said) {
    if (text.find('/') != std::string_view::npos) {
        auto wish = prefix_wish(text);
        if (!wish || scope == Scope::V4) return false;
        said.v6 = *std::move(wish);
        return true;
    }
    const auto parsed = IpAddress::parse(text);
    if (!parsed) return false;
    const IpAddress address = parsed->unmapped();
    if (address.is_v4() ? scope == Scope::V6 : scope == Scope::V4) return false;
    add_address(address.is_v4() ? said.v4 : said.v6, address);
    return true;
}

/// All of one parameter's value.
bool take_value(std::string_view value, Scope scope, Said& said) {
    if (value == "preserve") {
        if (scope != Scope::V6) said.v4 = AddressWish{};
        if (scope != Scope::V4) said.v6 = AddressWish{};
        return true;
    }
    const auto elements = split(value);
    if (elements.empty()) {
        if (scope == Scope::V4) said.v4 = AddressWish{Kind::Remove, {}, {}, 0};
        if (scope == Scope::V6) said.v6 = AddressWish{Kind::Remove, {}, {}, 0};
        return true;
    }
    return std::all_of(elements.begin(), elements.end(), [&](const std::string& each) {
        return each == "preserve" || take_element(each, scope, said);
    });
}

/// What all hosts get, and what single hosts get instead.
struct Statements {
    Said all;
    std::map<std::string, Said> of_host;  // By the name in lower case.
};

Result<Statements, DyndnsError> read_statements(const Parameters& parameters) {
    Statements statements;
    for (const auto& [name, value] : parameters) {
        const std::size_t colon = name.find(':');
        const std::string_view word = std::string_view(name).substr(0, colon);
        const auto* known =
            std::find_if(kAddressParameters.begin(), kAddressParameters.end(),
                         [&](const AddressParameter& each) { return each.name == word; });
        if (known == kAddressParameters.end()) continue;
        Said& said = colon == std::string::npos
                         ? statements.all
                         : statements.of_host[lower_text(std::string_view(name).substr(colon + 1))];
        if (!take_value(value, known->scope, said)) return fail(DyndnsError::BadAddress);
    }
    return statements;
}

HostWish wish_of(std::string host, const Statements& statements) {
    HostWish wish;
    const auto own = statements.of_host.find(lower_text(host));
    const Said* said = own == statements.of_host.end() ? nullptr : &own->second;
    const bool is_silent = !statements.all.anything() && (said == nullptr || !said->anything());
    const auto choose = [&](std::optional<AddressWish> Said::*family) {
        if (is_silent) return AddressWish{Kind::Own, {}, {}, 0};
        if (said != nullptr && said->*family) return *(said->*family);
        return (statements.all.*family).value_or(AddressWish{});
    };
    wish.v4 = choose(&Said::v4);
    wish.v6 = choose(&Said::v6);
    wish.host = std::move(host);
    return wish;
}

std::vector<std::string> read_hosts(const Parameters& parameters, std::string_view user) {
    for (const std::string_view wanted : kHostParameters)
        for (const auto& [name, value] : parameters) {
            if (name != wanted || value == "YES") continue;
            auto hosts = split(value);
            if (!hosts.empty()) return hosts;
        }
    // A user is a host only where it looks like one: it may be the name of the login as well.
    const auto is_host = [](std::string_view text) {
        return text.find('.') != std::string_view::npos;
    };
    if (is_host(user)) return split(user);
    for (const auto& [name, value] : parameters)
        if (name == "username" && is_host(value)) return split(value);
    return {};
}

}  // namespace

std::optional<Parameters> read_parameters(std::string_view query) {
    Parameters parameters;
    while (!query.empty()) {
        const std::size_t end = std::min(query.find('&'), query.size());
        const std::string_view one = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        if (one.empty()) continue;
        if (parameters.size() == kMaxDyndnsParameters) return std::nullopt;
        const std::size_t equals = std::min(one.find('='), one.size());
        auto name = net::percent_decode(one.substr(0, equals));
        std::string spaced(one.substr(std::min(equals + 1, one.size())));
        std::replace(spaced.begin(), spaced.end(), '+', ' ');
        auto value = net::percent_decode(spaced);
        if (!name || !value) return std::nullopt;
        parameters.emplace_back(*std::move(name), *std::move(value));
    }
    return parameters;
}

Result<DyndnsRequest, DyndnsError> read_dyndns_request(const Parameters& parameters,
                                                       std::string_view user) {
    const Statements statements = TRY(read_statements(parameters));
    DyndnsRequest request;
    for (std::string& host : read_hosts(parameters, user)) {
        if (request.hosts.size() == kMaxDyndnsHosts) return fail(DyndnsError::TooManyHosts);
        request.hosts.push_back(wish_of(std::move(host), statements));
    }
    request.of_account = wish_of("", statements);
    return request;
}

IpAddress under_prefix(const IpAddress& prefix, unsigned bits, const IpAddress& old) {
    std::array<std::uint8_t, 16> octets{};
    for (unsigned at = 0; at < 16; ++at) {
        const unsigned kept = bits >= (at + 1) * 8 ? 8 : bits > at * 8 ? bits - at * 8 : 0;
        const unsigned mask = (0xff00u >> kept) & 0xffu;
        octets[at] = static_cast<std::uint8_t>((prefix.octets()[at] & mask) |
                                               (old.octets()[at] & ~mask & 0xffu));
    }
    return IpAddress::v6(octets);
}

}  // namespace hairpin::admin
