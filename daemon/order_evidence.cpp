#include "daemon/order_evidence.hpp"

#include "dnsd/code_names.hpp"

namespace hairpin::daemon {

std::vector<Endpoint> endpoints_of(const std::vector<dnsd::NotifyReport>& reports) {
    std::vector<Endpoint> endpoints;
    for (const dnsd::NotifyReport& each : reports)
        endpoints.push_back(each.secondary.address);
    return endpoints;
}

std::vector<acme::SeenQuery> seen_queries(const std::vector<observer::ChallengeQuery>& queries) {
    std::vector<acme::SeenQuery> seen;
    for (const observer::ChallengeQuery& each : queries)
        seen.push_back({each.at, each.client, each.server,
                        std::string(dnsd::transport_name(each.transport)), each.owner, each.type,
                        each.rcode, each.records});
    return seen;
}

}  // namespace hairpin::daemon
