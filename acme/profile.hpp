// acme/profile.hpp - which certificate profile an order asks for.
//
// A CA may offer profiles (names with a description, in its directory): they decide about lifetime,
// common name and reuse of authorizations. A profile that the CA does not offer is not asked for:
// it would refuse the order, and a certificate of its own choice is better than none.
//
// Standards draft-ietf-acme-profiles (directory member meta.profiles, order member "profile").
// Threads   Pure functions.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hairpin::acme {

/// What is asked for where nothing is configured: the one profile that still has a common name.
inline constexpr std::string_view kDefaultProfile = "classic";

/// A licence with a profile of its own.
struct LicenceProfile {
    std::string licence;
    std::string profile;
    friend bool operator==(const LicenceProfile&, const LicenceProfile&) = default;
};

struct ProfileChoice {
    std::string name;  // To be asked for; empty: the CA chooses.
    /// For a person, behind "the CA has no profile"; empty: all is as configured.
    std::string warning;
};

/// 1..64 letters, digits, "-", "_" and ".".
[[nodiscard]] bool is_profile_name(std::string_view text) noexcept;
/// "LICENCE=PROFILE"; empty where it is not that.
[[nodiscard]] std::optional<LicenceProfile> read_licence_profile(std::string_view text);
/// The profile of a licence: its own, or `otherwise`.
[[nodiscard]] std::string_view profile_of(const std::vector<LicenceProfile>& own,
                                          std::string_view licence, std::string_view otherwise);
/// @param offered  The names in the CA's directory; empty: it has no profiles. Then the default one
///                 is silently not asked for, and any other is warned about.
[[nodiscard]] ProfileChoice choose_profile(std::string_view wanted,
                                           const std::vector<std::string>& offered);
/// Whether certificates of the profile have a common name: all but Let's Encrypt's newer ones.
[[nodiscard]] bool has_common_name(std::string_view profile) noexcept;

}  // namespace hairpin::acme
