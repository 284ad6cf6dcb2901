// acme/caa.hpp - what CAA records say about one CA, one account and one way of validation.
//
// Reads the RDATA of an RRset and decides as that CA would. Where the RRset stands (the climb from
// a name to its parents) is preflight.hpp's; who writes such records is caa_keeper.hpp's.
//
// Standards RFC 8659 sections 4.1 to 4.4, RFC 8657 sections 3 and 4.
// Threads   Pure functions.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/octets.hpp"
#include "core/result.hpp"

namespace hairpin::acme {

/// RFC 8659 section 4.1.
struct CaaProperty {
    bool is_critical = false;
    std::string tag;  // In lower case.
    std::string value;
    friend bool operator==(const CaaProperty&, const CaaProperty&) = default;
};
/// Errors: Protocol it is not RDATA of CAA.
[[nodiscard]] Result<CaaProperty> read_caa(OctetView rdata);
/// The RDATA, not critical. `tag` of letters and digits.
[[nodiscard]] Octets caa_rdata(std::string_view tag, std::string_view value);

/// The value of an issue property (RFC 8659 section 4.2).
struct CaaIssuer {
    std::string domain;                                           // Empty: no CA may issue.
    std::vector<std::pair<std::string, std::string>> parameters;  // Tags in lower case.
};
/// Errors: Protocol a CA takes such a value as ";".
[[nodiscard]] Result<CaaIssuer> read_issuer(std::string_view value);

/// Who wants to issue, and how.
struct CaaWanted {
    std::vector<std::string> identities;  // Of the CA, as its directory says; empty: it does not.
    std::string account_url;              // Empty: not known yet.
    std::string method = "dns-01";
};

/// The value of "issue" that allows just that.
[[nodiscard]] std::string issue_value(std::string_view identity, std::string_view account_url,
                                      std::string_view method);

enum class CaaDecision : std::uint8_t { Allows, Forbids, Unclear };
struct CaaOpinion {
    CaaDecision decision = CaaDecision::Allows;
    std::string why;  // Unless it allows: "names other CAs only (letsencrypt.org)".
};
/// Of one RRset, for names that are no wildcards.
[[nodiscard]] CaaOpinion judge_caa(const std::vector<Octets>& rdatas, const CaaWanted& wanted);

}  // namespace hairpin::acme
