#include "acme/profile.hpp"

#include <algorithm>

namespace hairpin::acme {

bool is_profile_name(std::string_view text) noexcept {
    return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_' || c == '.';
    });
}

std::optional<LicenceProfile> read_licence_profile(std::string_view text) {
    const auto equals = text.find('=');
    if (equals == text.npos || equals == 0 || !is_profile_name(text.substr(equals + 1)))
        return std::nullopt;
    return LicenceProfile{std::string(text.substr(0, equals)),
                          std::string(text.substr(equals + 1))};
}

std::string_view profile_of(const std::vector<LicenceProfile>& own, std::string_view licence,
                            std::string_view otherwise) {
    const auto found = std::find_if(own.begin(), own.end(),
                                    [&](const auto& each) { return each.licence == licence; });
    return found == own.end() ? otherwise : std::string_view(found->profile);
}

ProfileChoice choose_profile(std::string_view wanted, const std::vector<std::string>& offered) {
    if (std::find(offered.begin(), offered.end(), wanted) != offered.end())
        return {std::string(wanted), ""};
    if (wanted.empty() || (offered.empty() && wanted == kDefaultProfile)) return {};
    std::string list;
    for (const std::string& each : offered)
        list += (list.empty() ? "" : ", ") + each;
    return {"", "\"" + std::string(wanted) + "\" (it has " + (list.empty() ? "none" : list) +
                    "), so none is asked for and it chooses: change [acme] profile"};
}

bool has_common_name(std::string_view profile) noexcept {
    return profile != "tlsserver" && profile != "shortlived";
}

}  // namespace hairpin::acme
