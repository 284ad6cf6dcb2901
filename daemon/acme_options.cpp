#include "daemon/acme_options.hpp"

#include "daemon/eab_file.hpp"
#include "daemon/resolvers.hpp"

namespace hairpin::daemon {

acme::Options acme_options(const Config& config, const std::vector<Endpoint>& listeners) {
    acme::Options options;
    options.name = usual_name(config.acme_directory);
    options.directory = config.acme_directory;
    options.staging = config.acme_staging;
    options.standby_accounts = config.acme_standby;
    options.standby_eab_kid = config.acme_standby_eab_kid;
    for (const IssuerConfig& each : config.acme_fallbacks)
        options.fallbacks.push_back(each.options);
    options.contacts = config.acme_contact;
    options.ca_file = config.acme_ca_file;
    options.refused_keys = config.acme_refused_keys;
    options.eab_kid = config.acme_eab_kid;
    options.profile = config.acme_profile;
    options.licence_profiles = config.acme_licence_profiles;
    options.preferred_chain = config.acme_preferred_chain;
    options.user_agent = "hairpin/" HAIRPIN_VERSION;
    options.database_path = config.database_path();
    options.listeners = listeners;
    options.key_escrow = config.acme_key_escrow ? acme::KeyEscrow::On : acme::KeyEscrow::Off;
    options.internal_prefix = config.internal_prefix;
    options.coupling = config.acme_coupling;
    options.coupling.resolvers = resolvers_of(config);
    for (const ElsewhereConfig& each : config.acme_elsewhere)
        options.coupling.elsewhere.push_back(each.zone);
    return options;
}

Result<void> load_acme_secrets(const Config& config, acme::Options& options) {
    TRY(load_eab_keys(config, options));
    return load_elsewhere_keys(config.acme_elsewhere, options.coupling.elsewhere);
}

std::function<Result<acme::OwnNames>()> canary_names(const Config& config,
                                                     const Published<zones::ZoneTable>& zones) {
    if (!config.acme_canaries || config.acme_fallbacks.empty()) return {};
    const std::string text = config.acme_canary_name.empty()
                                 ? "acme-canary." + config.base.text_without_dot()
                                 : config.acme_canary_name;
    return [&zones, text]() -> Result<acme::OwnNames> {
        const auto name = zones::Name::parse(text);
        const auto snapshot = zones.snapshot();
        const zones::Zone* zone = name ? snapshot->closest_enclosing(*name) : nullptr;
        if (zone == nullptr)
            return fail(Error{ErrorCode::NotFound, text,
                              "is in no zone here, so no certificate can be tried with it: make "
                              "its zone, or set [acme] canary_name or canaries = \"off\""});
        return acme::OwnNames{zone->apex(), name->lower().text_without_dot(), {}};
    };
}

}  // namespace hairpin::daemon
