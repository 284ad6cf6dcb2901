#include "daemon/acme_rows.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "daemon/issuer_text.hpp"
#include "daemon/option_rows.hpp"
#include "daemon/option_values.hpp"

namespace hairpin::daemon {
namespace {

Fault set_fallbacks(Config& config, const OptionValue& value) {
    config.acme_fallbacks.clear();
    for (const std::string& each : list(value)) {
        auto issuer = read_issuer(each);
        if (!issuer) return fmt::format("\"{}\": {}", each, issuer.error());
        const bool is_known = std::any_of(
            config.acme_fallbacks.begin(), config.acme_fallbacks.end(), [&](const auto& known) {
                return known.options.name == issuer->options.name ||
                       known.options.directory == issuer->options.directory;
            });
        if (is_known) return fmt::format("\"{}\" stands twice", issuer->options.name);
        config.acme_fallbacks.push_back(*std::move(issuer));
    }
    if (config.acme_fallbacks.size() > kMaxFallbacks)
        return fmt::format("must be at most {} CAs", kMaxFallbacks);
    return std::nullopt;
}

std::string shown_fallbacks(const Config& config) {
    std::string all;
    for (const IssuerConfig& each : config.acme_fallbacks)
        all += text_of(each) + "\n";
    return all;
}

const std::array kAcmeRows = {
    Option{"acme.directory", OptionKind::Text, Presence::Optional, OnReload::NeedsRestart, "\"\"",
           "The CA's ACME directory: letsencrypt, google, zerossl or its https:// URL; empty: no "
           "certificates.",
           [](Config& c, const OptionValue& v) -> Fault { return set_directory(c, v); },
           [](const Config& c) { return c.acme_directory; }},
    Option{"acme.contact", OptionKind::List, Presence::Optional, OnReload::NeedsRestart, "[]",
           "mailto: addresses for the CA.",
           [](Config& c, const OptionValue& v) -> Fault { return set_contact(c, v); },
           [](const Config& c) { return fmt::format("{}", fmt::join(c.acme_contact, " ")); }},
    text_row<&Config::acme_ca_file>("acme.ca_file",
                                    "PEM trust for the CA's own HTTPS; empty: the system's."),
    Option{
        "acme.refused_keys", OptionKind::List, Presence::Optional, OnReload::NeedsRestart, "[]",
        "Files with keys that no certificate is ordered for: SHA-256 of public keys, or lists of "
        "openssl-blacklist.",
        [](Config& c, const OptionValue& v) -> Fault {
            c.acme_refused_keys = list(v);
            return {};
        },
        [](const Config& c) { return fmt::format("{}", fmt::join(c.acme_refused_keys, " ")); }},
    text_row<&Config::acme_eab_kid>(
        "acme.eab_kid",
        "Key id of an account at the CA's web site, where the CA binds ours to it (EAB)."),
    text_row<&Config::acme_eab_key_file>(
        "acme.eab_key_file",
        "A file with the MAC key to eab_kid, base64url as the CA shows it; not readable by all."),
    Option{
        "acme.profile", OptionKind::Text, Presence::Optional, OnReload::NeedsRestart, "\"classic\"",
        "The certificate profile asked for where the CA has it: at Let's Encrypt classic (with a "
        "common name; 90 days, 64 from 2027-02-10, 45 from 2028-02-16), tlsserver (45 days) or "
        "shortlived (160 hours).",
        [](Config& c, const OptionValue& v) -> Fault { return set_profile(c, v); },
        [](const Config& c) { return c.acme_profile; }},
    Option{"acme.licence_profiles", OptionKind::List, Presence::Optional, OnReload::NeedsRestart,
           "[]", "Licences with another profile, such as \"demo=shortlived\".",
           [](Config& c, const OptionValue& v) -> Fault { return set_licence_profiles(c, v); },
           [](const Config& c) { return joined(c.acme_licence_profiles); }},
    text_row<&Config::acme_preferred_chain>(
        "acme.preferred_chain",
        "Common name of the root that the chain is to lead to, such as \"ISRG Root X1\"; empty: "
        "the CA's own choice."),
    Option{"acme.fallbacks", OptionKind::List, Presence::Optional, OnReload::NeedsRestart, "[]",
           "CAs that are used when the first one does not work, in their order: letsencrypt, "
           "google, zerossl or the https:// URL of a directory, then what is its own, such as "
           "\"google; eab_kid=KID; eab_key_file=google.key\" (also name, profile, ca_file, "
           "preferred_chain, staging, standby_eab_kid, standby_eab_key_file).",
           set_fallbacks, shown_fallbacks},
    text_row<&Config::acme_staging>(
        "acme.staging",
        "The CA's directory for trials, where an order goes next after the CA's check of it "
        "failed; empty: the one of a known CA, off: none."),
    switch_row<&Config::acme_key_escrow>(
        "acme.key_escrow", "\"off\"",
        "on: a managed key may be fetched as long as its certificate is the server's; off: it is "
        "erased once the server serves the certificate, and an hour after it was fetched."),
    switch_row<&Config::acme_standby>(
        "acme.standby", "\"on\"",
        "on: each CA gives us a second account, in reserve; off: one only."),
    text_row<&Config::acme_standby_eab_kid>("acme.standby_eab_kid",
                                            "As eab_kid, of the account in reserve."),
    text_row<&Config::acme_standby_eab_key_file>("acme.standby_eab_key_file",
                                                 "As eab_key_file, of the account in reserve."),
    switch_row<&Config::acme_canaries>(
        "acme.canaries", "\"on\"",
        "on: the CAs of fallbacks are tried once a week with a certificate that nobody gets; off: "
        "they are not."),
    text_row<&Config::acme_canary_name>(
        "acme.canary_name",
        "The name that it is ordered for, in a zone of ours; empty: acme-canary below names.base."),
};

}  // namespace

std::span<const Option> acme_rows() noexcept {
    return kAcmeRows;
}

}  // namespace hairpin::daemon
