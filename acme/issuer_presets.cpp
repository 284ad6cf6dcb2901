#include "acme/issuer_presets.hpp"

#include <array>
#include <vector>

#include "core/nearest_name.hpp"

namespace hairpin::acme {
namespace {

// As of November 2026, by the CAs' own pages. Google's staging directory wants a binding of its
// own, so it is no preset.
constexpr std::array kIssuerPresets = {
    IssuerPreset{"letsencrypt", "Let's Encrypt", "https://acme-v02.api.letsencrypt.org/directory",
                 "https://acme-staging-v02.api.letsencrypt.org/directory", "letsencrypt.org",
                 Binding::None},
    IssuerPreset{"google", "Google Trust Services", "https://dv.acme-v02.api.pki.goog/directory",
                 "", "pki.goog", Binding::OneUse},
    IssuerPreset{"zerossl", "ZeroSSL", "https://acme.zerossl.com/v2/DV90", "", "sectigo.com",
                 Binding::Reusable},
};

}  // namespace

std::span<const IssuerPreset> issuer_presets() noexcept {
    return kIssuerPresets;
}

const IssuerPreset* issuer_preset(std::string_view name) noexcept {
    for (const IssuerPreset& each : kIssuerPresets)
        if (each.name == name) return &each;
    return nullptr;
}

const IssuerPreset* issuer_preset_of(std::string_view directory) noexcept {
    for (const IssuerPreset& each : kIssuerPresets)
        if (each.directory == directory) return &each;
    return nullptr;
}

std::string nearest_preset(std::string_view name) {
    std::vector<std::string_view> known;
    for (const IssuerPreset& each : kIssuerPresets)
        known.push_back(each.name);
    constexpr std::size_t kMaxLetters = 100;
    return std::string(nearest_name(name.substr(0, kMaxLetters), known));
}

std::string preset_names() {
    std::string names;
    for (const IssuerPreset& each : kIssuerPresets)
        names += (names.empty() ? "" : ", ") + std::string(each.name);
    return names;
}

}  // namespace hairpin::acme
