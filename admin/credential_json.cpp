#include "admin/credential_json.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "admin/names.hpp"
#include "admin/tokens.hpp"
#include "admin/tsig_keys.hpp"
#include "store/grant_rows.hpp"
#include "zones/presentation.hpp"

namespace hairpin::admin {
namespace {

using store::CredentialKind;

constexpr std::size_t kMaxSecretOctets = 512;
constexpr std::size_t kMaxSecretCharacters = 4 * (kMaxSecretOctets + 2) / 3 + 4;
constexpr std::size_t kMaxSources = 100;
constexpr std::size_t kMaxPatterns = 100;
constexpr std::size_t kMaxLogin = 255;
constexpr std::string_view kAll = "*";

constexpr std::array kMadeKinds{CredentialKind::Tsig, CredentialKind::Token, CredentialKind::Dyndns,
                                CredentialKind::AcmeDns, CredentialKind::PowerDns};

std::optional<CredentialKind> made_kind(std::string_view text) {
    for (const CredentialKind each : kMadeKinds)
        if (store::to_string(each) == text) return each;
    return std::nullopt;
}

/// A list of texts, or "*" alone or in a list for all: then it is empty.
std::optional<std::vector<std::string>> read_list(ObjectReader& grant, std::string_view name,
                                                  std::size_t most) {
    const JsonValue* value = grant.any(name);
    if (value == nullptr) return std::vector<std::string>();
    const auto* text = std::get_if<std::string>(&value->is);
    if (text != nullptr && *text == kAll) return std::vector<std::string>();
    auto list = grant.texts(name, most);
    if (!list) return std::nullopt;
    if (list->empty()) grant.refuse(name, "names nothing; \"*\" stands for all");
    if (*list == std::vector<std::string>{std::string(kAll)}) list->clear();
    return list;
}

void read_zone(ObjectReader& body, zones::Grant& grant) {
    body.require("zone");
    const auto text = body.text("zone", 1'024);
    if (!text || *text == kAll) return;
    const auto apex = parse_apex(*text);
    if (!apex) return body.refuse("zone", apex.error());
    grant.zone = *apex;
}

void read_names(ObjectReader& body, zones::Grant& grant) {
    const auto names = read_list(body, "names", kMaxPatterns);
    for (const std::string& each : names.value_or(std::vector<std::string>())) {
        const auto pattern = zones::NamePattern::parse(each);
        if (!pattern)
            body.refuse("names", "\"" + each.substr(0, 64) +
                                     "\" is neither a name, nor \"subtree:\" and a name, nor "
                                     "server:names or server:challenges");
        else if (grant.zone && !pattern->is_of_server() && !pattern->name.is_within(*grant.zone))
            body.refuse("names", pattern->name.text() + " is not in the zone");
        else
            grant.names.push_back(*pattern);
    }
}

void read_types(ObjectReader& body, zones::Grant& grant) {
    const auto types = read_list(body, "types", kMaxPatterns);
    for (const std::string& each : types.value_or(std::vector<std::string>())) {
        const auto type = zones::type_from_text(each);
        if (!type || zones::is_meta(*type))
            body.refuse("types", "\"" + each.substr(0, 32) + "\" is not a type of records");
        else
            grant.types.push_back(*type);
    }
}

void read_operations(ObjectReader& body, zones::Grant& grant) {
    body.require("operations");
    const auto operations = body.texts("operations", 8);
    if (operations && operations->empty()) body.refuse("operations", "names no operation");
    for (const std::string& each : operations.value_or(std::vector<std::string>())) {
        if (const auto operation = zones::operation_from_text(each))
            grant.operations.add(*operation);
        else
            body.refuse("operations", "may hold \"read\", \"update\" and \"transfer\"");
    }
    const bool is_partial = !grant.names.empty() || !grant.types.empty();
    if (grant.operations.has(zones::Operation::Transfer) && is_partial)
        body.refuse("operations",
                    "what is transferred is the whole zone: with \"transfer\", \"names\" and "
                    "\"types\" must be \"*\"");
}

zones::Grant read_grant(const JsonValue& value, const std::string& pointer,
                        std::vector<FieldError>& errors) {
    zones::Grant grant;
    ObjectReader body(value, pointer, errors);
    read_zone(body, grant);
    read_names(body, grant);
    read_types(body, grant);
    read_operations(body, grant);
    if (const auto text = body.text("values")) {
        const auto rule = zones::value_rule_from_text(*text);
        if (!rule)
            body.refuse("values", "must be any, public, private, source, challenge or own-names");
        grant.values = rule.value_or(zones::ValueRule::Any);
    }
    body.finish();
    return grant;
}

void read_owner(ObjectReader& body, CredentialOwner& owner, std::vector<FieldError>& errors) {
    const JsonValue* value = body.any("owner");
    if (value == nullptr || value->is_null()) return;
    ObjectReader object(*value, "/owner", errors);
    object.require("licence");
    owner.licence = object.text("licence").value_or("");
    owner.server = object.text("server").value_or("");
    object.finish();
}

/// The one brought along; empty: a new one is made.
Octets read_tsig_secret(ObjectReader& body, const TsigAlgorithmFacts& algorithm) {
    const auto text = body.text("secret", kMaxSecretCharacters);
    if (!text) return {};
    auto secret = from_base64(*text);
    if (!secret) {
        body.refuse("secret", "is not base64 (RFC 4648 section 4)");
    } else if (secret->size() < algorithm.least_secret_octets()) {
        body.refuse("secret", "is too short: " + std::string(algorithm.name) + " wants " +
                                  std::to_string(algorithm.digest_octets) +
                                  " octets, and at least " +
                                  std::to_string(algorithm.least_secret_octets()));
    } else if (secret->size() > kMaxSecretOctets) {
        body.refuse("secret", "must have at most " + std::to_string(kMaxSecretOctets) + " octets");
    }
    return secret.value_or(Octets());
}

void read_tsig(ObjectReader& body, WantedCredential& wanted) {
    body.require("name");
    if (const auto text = body.text("name", 1'024)) {
        const auto name = parse_apex(*text);
        if (!name) body.refuse("name", name.error());
        if (name) wanted.row.tsig_name = name->text();
    }
    wanted.row.weak_allowed = body.truth("allow_weak_algorithm").value_or(false);
    wanted.row.tsig_algorithm = body.text("algorithm").value_or("hmac-sha256");
    const auto algorithm = tsig_algorithm_facts(wanted.row.tsig_algorithm);
    if (!algorithm) {
        body.refuse("algorithm", "must be one of " + tsig_algorithm_names());
    } else if (algorithm->is_weak && !wanted.row.weak_allowed) {
        body.refuse("algorithm",
                    "is not to be used any more (RFC 8945 section 6): where nothing else is "
                    "possible, say \"allow_weak_algorithm\": true");
    }
    wanted.tsig_secret =
        read_tsig_secret(body, algorithm.value_or(*tsig_algorithm_facts("hmac-sha256")));
}

void read_login(ObjectReader& body, WantedCredential& wanted) {
    const auto login = body.text("name", kMaxLogin);
    if (!login) return;
    const bool is_plain =
        !login->empty() && std::all_of(login->begin(), login->end(), [](char letter) {
            return letter > ' ' && letter < '\x7f' && letter != ':';
        });
    if (!is_plain)
        body.refuse("name", "must be visible ASCII without a colon: clients send it as a user");
    wanted.row.login = *login;
}

void read_role(ObjectReader& body, WantedCredential& wanted) {
    const bool has_allow = body.any("allow") != nullptr;
    const auto role = body.text("role");
    const auto zone = body.text("zone", 1'024);
    if (role && has_allow) body.refuse("role", "says what \"allow\" says too: give one of them");
    wanted.role = role.value_or("");
    if (!zone) return;
    const auto apex = parse_apex(*zone);
    if (!apex) body.refuse("zone", apex.error());
    if (!role || !wanted.owner.licence.empty())
        body.refuse("zone", "goes with a role that has no owner");
    if (apex) wanted.role_zone = *apex;
}

/// As it is read, without the final dot.
std::string shown_pattern(const zones::NamePattern& pattern) {
    std::string text = pattern.text();
    if (!pattern.is_of_server() && text.size() > 1 && text.back() == '.') text.pop_back();
    return text;
}

}  // namespace

std::optional<std::vector<zones::Grant>> read_allow(ObjectReader& body,
                                                    std::vector<FieldError>& errors) {
    const JsonValue* value = body.any("allow");
    if (value == nullptr) return std::nullopt;
    std::vector<zones::Grant> grants;
    const auto* array = std::get_if<JsonArray>(&value->is);
    if (array == nullptr || array->size() > store::kMaxGrants) {
        body.refuse("allow",
                    "must be a list of at most " + std::to_string(store::kMaxGrants) + " objects");
        return grants;
    }
    for (std::size_t at = 0; at < array->size(); ++at) {
        const std::string pointer = "/allow/" + std::to_string(at);
        zones::Grant grant = read_grant((*array)[at], pointer, errors);
        if (std::find(grants.begin(), grants.end(), grant) != grants.end())
            errors.push_back({pointer, "stands twice"});
        grants.push_back(std::move(grant));
    }
    return grants;
}

std::optional<std::vector<Prefix>> read_sources(ObjectReader& body) {
    const auto texts = body.texts("sources", kMaxSources);
    if (!texts) return std::nullopt;
    std::vector<Prefix> sources;
    for (const std::string& each : *texts) {
        const auto prefix = Prefix::parse(each);
        if (prefix)
            sources.push_back(*prefix);
        else
            body.refuse("sources", "\"" + each.substr(0, 64) +
                                       "\" is not an address or a prefix without host bits");
    }
    return sources;
}

WantedCredential read_wanted_credential(ObjectReader& body, std::vector<FieldError>& errors) {
    WantedCredential wanted;
    body.require("kind");
    const auto text = body.text("kind");
    const auto kind = text ? made_kind(*text) : std::nullopt;
    if (text && !kind)
        body.refuse("kind",
                    "must be \"tsig\", \"token\", \"dyndns\", \"acme-dns\" or "
                    "\"powerdns\"");
    wanted.row.kind = kind.value_or(CredentialKind::Tsig);
    if (wanted.row.kind == CredentialKind::Tsig) {
        read_tsig(body, wanted);
    } else if (wanted.row.kind == CredentialKind::Dyndns) {
        read_login(body, wanted);
    }
    read_owner(body, wanted.owner, errors);
    wanted.grants = read_allow(body, errors).value_or(std::vector<zones::Grant>());
    read_role(body, wanted);
    wanted.row.sources = read_sources(body).value_or(std::vector<Prefix>());
    wanted.row.label = body.text("label").value_or("");
    wanted.row.expires_at = body.time_or_null("expires").value_or(std::nullopt);
    wanted.row.per_minute = body.number("per_minute", 1, kMostWritesPerMinute).value_or(0);
    return wanted;
}

void make_secret(WantedCredential& wanted) {
    store::CredentialRow& row = wanted.row;
    if (row.kind == CredentialKind::Tsig) {
        const auto algorithm = tsig_algorithm_facts(row.tsig_algorithm);
        if (wanted.tsig_secret.empty())
            wanted.tsig_secret = random_octets(algorithm->digest_octets);
        wanted.secret = to_base64(wanted.tsig_secret);
        fill_random(row.token_hash);
        return;
    }
    wanted.secret = make_token(row.kind);
    row.token_hash = token_hash(wanted.secret);
    if (row.kind == CredentialKind::AcmeDns && row.login.empty()) row.login = random_uuid();
}

void write_grants(JsonWriter& json, const std::vector<zones::Grant>& grants) {
    json.key("allow").begin_array();
    for (const zones::Grant& each : grants) {
        json.begin_object();
        json.member("zone", each.zone ? shown(*each.zone) : std::string(kAll));
        std::vector<std::string> names;
        for (const zones::NamePattern& name : each.names)
            names.push_back(shown_pattern(name));
        if (names.empty()) names.emplace_back(kAll);
        json.member("names", names);
        std::vector<std::string> types;
        for (const zones::RType type : each.types)
            types.push_back(zones::type_text(type));
        if (types.empty()) types.emplace_back(kAll);
        json.member("types", types);
        json.key("operations").begin_array();
        for (const auto operation :
             {zones::Operation::Read, zones::Operation::Update, zones::Operation::Transfer})
            if (each.operations.has(operation)) json.value(zones::to_string(operation));
        json.end_array();
        json.member("values", zones::to_string(each.values));
        json.end_object();
    }
    json.end_array();
}

void write_credential(JsonWriter& json, const store::CredentialRow& row,
                      const CredentialOwner& owner, const std::vector<zones::Grant>& grants,
                      const std::string* secret) {
    json.begin_object();
    json.member("id", row.id);
    json.member("kind", store::to_string(row.kind));
    if (row.kind == CredentialKind::Tsig) {
        const auto name = zones::Name::parse(row.tsig_name);
        json.member("name", name ? shown(*name) : row.tsig_name);
        json.member("algorithm", row.tsig_algorithm);
        json.member("allow_weak_algorithm", row.weak_allowed);
    } else if (!row.login.empty()) {
        json.member("name", row.login);
    }
    if (secret != nullptr) json.member("secret", *secret);
    json.key("owner");
    if (owner.licence.empty()) {
        json.null();
    } else {
        json.begin_object().member("licence", owner.licence);
        if (!owner.server.empty()) json.member("server", owner.server);
        json.end_object();
    }
    write_grants(json, grants);
    std::vector<std::string> sources;
    for (const Prefix& each : row.sources)
        sources.push_back(each.text());
    json.member("sources", sources);
    json.key("per_minute");
    if (row.per_minute == 0) {
        json.null();
    } else {
        json.value(row.per_minute);
    }
    json.member("label", row.label);
    json.member("created", row.created_at);
    json.member("expires", row.expires_at);
    json.member("last_used", row.last_used_at);
    json.end_object();
}

}  // namespace hairpin::admin
