#include "daemon/acme_options.hpp"

#include "daemon/resolvers.hpp"

namespace hairpin::daemon {

acme::Options acme_options(const Config& config, const std::vector<Endpoint>& listeners) {
    acme::Options options;
    options.directory = config.acme_directory;
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
    options.internal_prefix = config.internal_prefix;
    options.coupling = config.acme_coupling;
    options.coupling.resolvers = resolvers_of(config);
    return options;
}

}  // namespace hairpin::daemon
