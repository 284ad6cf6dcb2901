// admin/httpreq_json.hpp - the bodies of lego's httpreq provider.
//
//   {"fqdn":"_acme-challenge.nur1.z.","value":".."}           what is to stand there
//   {"domain":"nur1.z","token":"..","keyAuth":".."}           mode RAW: what it is made of
//
// Standards RFC 8555 section 8.4 (the value, and the label in front of the domain).
// Threads   Pure.

#pragma once

#include <string>
#include <string_view>

#include "admin/problem.hpp"
#include "core/result.hpp"
#include "zones/name.hpp"

namespace hairpin::admin {

struct HttpReq {
    zones::Name owner;
    std::string value;
};
/// Errors: MalformedJson, TooLarge; InvalidRequest, for each member that is wrong.
[[nodiscard]] Result<HttpReq, Problem> read_httpreq(std::string_view body);

}  // namespace hairpin::admin
