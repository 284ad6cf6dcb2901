#include "admin/httpreq_json.hpp"

#include <utility>

#include "admin/acme_dns_json.hpp"
#include "admin/edit_plan.hpp"
#include "admin/json_value.hpp"
#include "core/crypto.hpp"
#include "core/octets.hpp"

namespace hairpin::admin {
namespace {

constexpr JsonLimits kHttpReqLimits{8'192, 4, 64};
constexpr std::size_t kMaxNameText = 1'024;
constexpr std::size_t kMaxKeyAuth = 2'048;

/// RFC 8555 section 8.4: the digest of the key authorization, in base64url without padding.
std::string value_of(std::string_view key_authorization) {
    return to_base64url(sha256(as_octets(key_authorization)));
}

void read_challenge_owner(ObjectReader& body, std::string_view name, HttpReq& wanted) {
    body.require(name);
    const auto text = body.text(name, kMaxNameText);
    if (!text) return;
    const bool is_domain = name == "domain";
    // Of a wildcard the label is in front of the name without the asterisk (RFC 8555
    // section 7.1.3).
    const std::string_view bare =
        is_domain && text->starts_with("*.") ? std::string_view(*text).substr(2) : *text;
    const auto owner =
        zones::Name::parse(is_domain ? "_acme-challenge." + std::string(bare) : std::string(bare));
    if (!owner) return body.refuse(name, "is not a name");
    if (!is_challenge_name(*owner) || owner->labels() < 2)
        return body.refuse(name, "must begin with _acme-challenge");
    wanted.owner = owner->lower();
}

}  // namespace

Result<HttpReq, Problem> read_httpreq(std::string_view body) {
    const JsonValue value = TRY(parse_json(body, kHttpReqLimits));
    std::vector<FieldError> errors;
    ObjectReader reader(value, "", errors);
    HttpReq wanted;
    if (const auto key = reader.text("keyAuth", kMaxKeyAuth)) {
        static_cast<void>(reader.any("token"));  // Within the key authorization already.
        read_challenge_owner(reader, "domain", wanted);
        wanted.value = value_of(*key);
    } else {
        read_challenge_owner(reader, "fqdn", wanted);
        reader.require("value");
        wanted.value = reader.text("value").value_or("");
        if (errors.empty() && !is_challenge_value(wanted.value))
            reader.refuse("value", "must be 43 characters of base64url");
    }
    if (!errors.empty()) return fail(to_problem(std::move(errors)));
    return wanted;
}

}  // namespace hairpin::admin
