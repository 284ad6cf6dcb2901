#include "admin/eab_keys.hpp"

#include "admin/tsig_keys.hpp"
#include "core/error.hpp"

namespace hairpin::admin {
namespace {

constexpr std::string_view kEabPurpose = "hairpin acme external account binding\n";
constexpr std::size_t kMostKid = 255;

}  // namespace

EabKey make_eab_key(const zones::Name& tsig_name, OctetView secret) {
    EabKey key;
    key.kid = tsig_name.lower().text_without_dot();
    key.mac_key = hmac_sha256(secret, as_octets(std::string(kEabPurpose) + key.kid));
    return key;
}

Result<EabKey> eab_key_of(const store::CredentialRow& credential, const Sealer& sealer) {
    const auto name = zones::Name::parse(credential.tsig_name);
    if (!name || credential.tsig_sealed.empty())
        return fail(Error{ErrorCode::NotFound, "credential " + std::to_string(credential.id),
                          "has no key for external account bindings"});
    const Octets secret =
        TRY(sealer.open(credential.tsig_sealed, tsig_seal_context(credential.token_hash)));
    return make_eab_key(*name, secret);
}

std::optional<std::string> tsig_name_of_kid(std::string_view kid) {
    if (kid.empty() || kid.size() > kMostKid) return std::nullopt;
    const auto name = zones::Name::parse(kid);
    if (!name) return std::nullopt;
    return name->lower().text();
}

void write_eab_key(JsonWriter& json, const EabKey& key, const std::string& base) {
    json.key("acme").begin_object();
    json.member("kid", key.kid);
    json.member("hmac_key", to_base64url(key.mac_key));
    json.key("directory");
    if (base.empty()) {
        json.null();
    } else {
        json.value(base + "/acme/directory");
    }
    json.end_object();
}

}  // namespace hairpin::admin
