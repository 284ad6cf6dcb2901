#include "hooks/target.hpp"

#include <algorithm>

#include "zones/address_rules.hpp"

namespace hairpin::hooks {
namespace {

constexpr std::string_view kScheme = "https://";

bool is_printable_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char each) { return each > 0x20 && each < 0x7f && each != '\\'; });
}

}  // namespace

Result<void, std::string> check_url(std::string_view url) {
    if (url.size() > kMaxUrlOctets)
        return fail("must have at most " + std::to_string(kMaxUrlOctets) + " octets");
    if (!url.starts_with(kScheme)) return fail(std::string("must begin with https://"));
    if (!is_printable_ascii(url))
        return fail(std::string("must be printable ASCII without blanks and backslashes"));
    if (url.find('#') != url.npos) return fail(std::string("must have no fragment (#)"));
    const auto rest = url.substr(kScheme.size());
    const auto authority = rest.substr(0, rest.find_first_of("/?"));
    if (authority.find('@') != authority.npos)
        return fail(std::string("must hold no user and password: the signature says who we are"));
    if (authority.empty() || authority.front() == ':') return fail(std::string("names no host"));
    return {};
}

bool may_be_told(const IpAddress& address, const std::vector<Prefix>& also) {
    const IpAddress plain = address.unmapped();
    const bool is_open = std::any_of(also.begin(), also.end(),
                                     [&](const Prefix& each) { return each.contains(plain); });
    return is_open || !zones::special_range(plain);
}

}  // namespace hairpin::hooks
