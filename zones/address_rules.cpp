#include "zones/address_rules.hpp"

#include <algorithm>

#include "zones/special_ranges.hpp"

namespace hairpin::zones {
namespace {

bool starts_with_ignoring_case(std::string_view text, std::string_view start) noexcept {
    return text.size() >= start.size() &&
           equal_ignoring_case(as_octets(text.substr(0, start.size())), as_octets(start));
}

// 1..9 digits without a leading zero.
bool is_server_number(std::string_view text) noexcept {
    return !text.empty() && text.size() <= 9 && text.front() != '0' &&
           std::all_of(text.begin(), text.end(),
                       [](char letter) { return letter >= '0' && letter <= '9'; });
}

// The IPv4 address that a translated or tunnelled IPv6 address carries.
std::optional<IpAddress> embedded_v4(const IpAddress& address) noexcept {
    if (address.is_v4()) return std::nullopt;
    const RangeRow* range = special_row(address);
    if (range == nullptr) return std::nullopt;
    if (range->prefix == "2002::/16") return IpAddress::from_octets(address.octets().subspan(2, 4));
    if (range->kind == RangeKind::Embedded && range->length == 96)
        return IpAddress::from_octets(address.octets().subspan(12, 4));
    return std::nullopt;
}

std::string what_it_is(const IpAddress& address, const RangeRow& range) {
    return address.text() + " lies in " + std::string(range.prefix) + ", " +
           std::string(range.reason);
}

std::string_view advice_for_public(RangeKind kind) noexcept {
    switch (kind) {
        case RangeKind::Private:
            return "the internet cannot reach it, so it belongs into the internal name; a public "
                   "name "
                   "takes the public address of the box";
        case RangeKind::Carrier:
            return "the internet cannot reach it; ask the provider for a public IPv4 address, or "
                   "report a public IPv6 address";
        case RangeKind::Own:
            return "it means another machine to everybody else; report the public address of the "
                   "box";
        case RangeKind::Embedded:
            return "report the IPv4 address itself, if it is public, or a native IPv6 address";
        case RangeKind::Reserved:
            return "no server on the internet has such an address; report the public address of "
                   "the "
                   "box (for a lab, the option names.public_also opens the range)";
    }
    return "report the public address of the box";
}

}  // namespace

std::optional<SpecialRange> special_range(const IpAddress& address) noexcept {
    const RangeRow* range = special_row(address);
    if (range == nullptr) return std::nullopt;
    return SpecialRange{range->prefix, range->reason};
}

bool is_private(const IpAddress& address) noexcept {
    const RangeRow* range = special_row(address);
    return range != nullptr && range->kind == RangeKind::Private;
}

std::optional<TwinRole> AddressRules::role_of(const Name& owner, const Name& apex) const {
    if (!owner.is_within(apex) || owner.labels() != apex.labels() + 1) return std::nullopt;
    std::string_view label = as_text(owner.first_label());
    TwinRole role = TwinRole::Public;
    if (!starts_with_ignoring_case(label, server_label) ||
        !is_server_number(label.substr(server_label.size()))) {
        if (!starts_with_ignoring_case(label, internal_prefix)) return std::nullopt;
        label.remove_prefix(internal_prefix.size());
        role = TwinRole::Internal;
    }
    if (!starts_with_ignoring_case(label, server_label) ||
        !is_server_number(label.substr(server_label.size())))
        return std::nullopt;
    return role;
}

std::optional<std::string> AddressRules::refusal(TwinRole role, const IpAddress& address) const {
    const RangeRow* range = special_row(address);
    if (role == TwinRole::Internal) {
        if (range != nullptr && range->kind == RangeKind::Private) return std::nullopt;
        const std::string what = range == nullptr
                                     ? address.text() + " is a public address"
                                     : what_it_is(address, *range) + ", and is not private";
        return what +
               ": an internal name takes the server's address on its own network, from 10.0.0.0/8, "
               "172.16.0.0/12, 192.168.0.0/16 (RFC 1918) or fc00::/7 (RFC 4193)";
    }
    const bool opened =
        std::any_of(public_also.begin(), public_also.end(),
                    [&address](const Prefix& prefix) { return prefix.contains(address); });
    if (range != nullptr && !opened)
        return what_it_is(address, *range) + ": " + std::string(advice_for_public(range->kind));
    // An opened translation prefix does not open what lies behind it.
    if (const auto carried = embedded_v4(address)) {
        if (auto refused = refusal(role, *carried)) return address.text() + " carries " + *refused;
    }
    return std::nullopt;
}

std::optional<std::string> AddressRules::refusal(TwinRole role, const RRset& rrset) const {
    if (rrset.type() != RType::A && rrset.type() != RType::AAAA) return std::nullopt;
    for (const OctetView rdata : rrset.rdatas()) {
        const auto address = IpAddress::from_octets(rdata);
        if (!address) return "an address has 4 or 16 octets, not " + std::to_string(rdata.size());
        if (auto refused = refusal(role, *address)) return refused;
    }
    return std::nullopt;
}

}  // namespace hairpin::zones
