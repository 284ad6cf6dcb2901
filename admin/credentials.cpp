// Keys that operators make: POST, GET, DELETE /v1/credentials.. Of the kinds of the contract this
// version has one, TSIG, and of the operations "transfer".

#include <algorithm>
#include <charconv>
#include <memory>
#include <utility>

#include "admin/conditions.hpp"
#include "admin/handlers.hpp"
#include "admin/names.hpp"
#include "admin/paging.hpp"
#include "admin/tsig_keys.hpp"
#include "store/transfer_rows.hpp"

namespace hairpin::admin {
namespace {

constexpr std::int64_t kMaxTsigCredentials = 10'000;
constexpr std::size_t kMaxGrants = 100;
constexpr std::size_t kMaxSecretOctets = 512;
constexpr std::size_t kMaxSecretCharacters = 4 * (kMaxSecretOctets + 2) / 3 + 4;
constexpr std::string_view kEveryZone = "*";

/// What a body asks for.
struct WantedKey {
    store::CredentialRow row;
    Octets secret;
    std::vector<store::GrantedZone> zones;
};

void write_allow(JsonWriter& json, const std::vector<store::GrantedZone>& zones) {
    json.key("allow").begin_array();
    for (const store::GrantedZone& each : zones) {
        json.begin_object();
        json.member("zone", each ? shown(*each) : std::string(kEveryZone));
        json.key("operations").begin_array().value("transfer").end_array();
        json.end_object();
    }
    json.end_array();
}

/// `secret` null: it is not shown.
void write_credential(JsonWriter& json, const store::CredentialRow& row,
                      const std::vector<store::GrantedZone>& zones, const Octets* secret) {
    const auto name = zones::Name::parse(row.tsig_name);
    json.begin_object();
    json.member("id", row.id);
    json.member("kind", store::to_string(row.kind));
    json.member("name", name ? shown(*name) : row.tsig_name);
    json.member("algorithm", row.tsig_algorithm);
    if (secret != nullptr) json.member("secret", to_base64(*secret));
    json.member("allow_weak_algorithm", row.weak_allowed);
    write_allow(json, zones);
    json.member("label", row.label);
    json.member("created", row.created_at);
    json.member("expires", row.expires_at);
    json.end_object();
}

/// Of what is shown without the secret: grants end with their zones.
std::string credential_etag(const store::CredentialRow& row,
                            const std::vector<store::GrantedZone>& zones) {
    JsonWriter json;
    write_credential(json, row, zones, nullptr);
    return content_etag(sha256(as_octets(json.take())));
}

/// By its id, or by the name of its key.
Result<store::CredentialRow, Problem> find_credential(store::Queries& queries,
                                                      const std::string& wanted) {
    std::int64_t id = 0;
    const auto [end, error] = std::from_chars(wanted.data(), wanted.data() + wanted.size(), id);
    std::optional<store::CredentialRow> row;
    if (error == std::errc() && end == wanted.data() + wanted.size())
        row = TRY(queries.credential(id));
    else if (const auto name = parse_apex(wanted))
        row = TRY(queries.credential_by_tsig_name(name->text()));
    if (!row || row->kind != store::CredentialKind::Tsig)
        return fail(not_found("credential \"" + wanted + "\""));
    return *std::move(row);
}

/// Only what is in the contract and not built gets here: all else is an error of the body.
std::optional<Problem> refuse_unbuilt(ObjectReader& body, const std::optional<std::string>& kind) {
    for (const char* later : {"token", "dyndns", "acme-dns", "powerdns"})
        if (kind == later)
            return Problem(ProblemType::NotInThisVersion,
                           "credentials of the kind \"" + *kind +
                               "\" cannot be made in this version of Hairpin");
    if (body.any("sources") != nullptr)
        return Problem(ProblemType::NotInThisVersion,
                       "\"sources\" cannot be set in this version of Hairpin");
    return std::nullopt;
}

/// The text of `name`, or everything: a transfer is of whole zones.
void read_everything(ObjectReader& grant, std::string_view name, bool is_everything) {
    if (grant.any(name) != nullptr && !is_everything)
        grant.refuse(name, "must be \"*\": what is transferred is the whole zone");
}

std::optional<store::GrantedZone> read_grant(const JsonValue& value, const std::string& pointer,
                                             std::vector<FieldError>& errors) {
    ObjectReader grant(value, pointer, errors);
    grant.require("zone");
    grant.require("operations");
    std::optional<store::GrantedZone> zone;
    if (const auto text = grant.text("zone", 1'024)) {
        const auto apex = parse_apex(*text);
        if (*text == kEveryZone)
            zone.emplace();
        else if (apex)
            zone.emplace(*apex);
        else
            grant.refuse("zone", apex.error());
    }
    const auto operations = grant.texts("operations", 8);
    if (operations && operations->empty()) grant.refuse("operations", "names no operation");
    for (const std::string& each : operations.value_or(std::vector<std::string>()))
        if (each != "transfer")
            grant.refuse("operations", "may only hold \"transfer\" in this version of Hairpin");
    if (grant.any("names") != nullptr)
        read_everything(grant, "names", grant.text("names") == kEveryZone);
    if (grant.any("types") != nullptr)
        read_everything(grant, "types", grant.texts("types", 8) == std::vector<std::string>{"*"});
    grant.finish();
    return zone;
}

std::vector<store::GrantedZone> read_grants(ObjectReader& body, std::vector<FieldError>& errors) {
    std::vector<store::GrantedZone> zones;
    const JsonValue* value = body.any("allow");
    if (value == nullptr) return zones;
    const auto* array = std::get_if<JsonArray>(&value->is);
    if (array == nullptr || array->size() > kMaxGrants) {
        body.refuse("allow",
                    "must be a list of at most " + std::to_string(kMaxGrants) + " objects");
        return zones;
    }
    for (std::size_t at = 0; at < array->size(); ++at) {
        const std::string pointer = "/allow/" + std::to_string(at);
        const auto zone = read_grant((*array)[at], pointer, errors);
        if (!zone) continue;
        if (std::find(zones.begin(), zones.end(), *zone) != zones.end())
            errors.push_back({pointer + "/zone", "stands twice"});
        zones.push_back(*zone);
    }
    return zones;
}

/// The one brought along, or a new one of the digest's size (RFC 8945 section 8).
Octets read_secret(ObjectReader& body, const TsigAlgorithmFacts& algorithm) {
    const auto text = body.text("secret", kMaxSecretCharacters);
    if (!text) return random_octets(algorithm.digest_octets);
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

void read_key(ObjectReader& body, WantedKey& key) {
    body.require("name");
    if (const auto text = body.text("name", 1'024)) {
        const auto name = parse_apex(*text);
        if (!name) body.refuse("name", name.error());
        if (name) key.row.tsig_name = name->text();
    }
    key.row.weak_allowed = body.truth("allow_weak_algorithm").value_or(false);
    key.row.tsig_algorithm = body.text("algorithm").value_or("hmac-sha256");
    const auto algorithm = tsig_algorithm_facts(key.row.tsig_algorithm);
    if (!algorithm) {
        body.refuse("algorithm", "must be one of " + tsig_algorithm_names());
    } else if (algorithm->is_weak && !key.row.weak_allowed) {
        body.refuse("algorithm",
                    "is not to be used any more (RFC 8945 section 6): where nothing else is "
                    "possible, say \"allow_weak_algorithm\": true");
    }
    key.secret = read_secret(body, algorithm.value_or(*tsig_algorithm_facts("hmac-sha256")));
    key.row.label = body.text("label").value_or("");
    key.row.expires_at = body.time_or_null("expires").value_or(std::nullopt);
}

/// On the commit thread.
Result<void, Problem> insert_key(store::Writer& writer, WantedKey& key) {
    if (TRY(writer.read().credential_by_tsig_name(key.row.tsig_name)))
        return fail(
            Problem(ProblemType::Conflict, "a TSIG key " + key.row.tsig_name + " exists already"));
    if (TRY(writer.read().count_tsig_credentials()) >= kMaxTsigCredentials)
        return fail(Problem(ProblemType::TooLarge,
                            "there are " + std::to_string(kMaxTsigCredentials) + " keys already"));
    for (const store::GrantedZone& each : key.zones)
        if (each && writer.zones().find(*each) == nullptr)
            return fail(invalid_field(
                "/allow", "names zone " + each->text() + ", and there is no such zone"));
    key.row.created_at = writer.now();
    key.row.id = TRY(writer.insert_credential(key.row));
    for (const store::GrantedZone& each : key.zones)
        TRY(store::insert_grant(writer, key.row.id, each));
    return {};
}

}  // namespace

Result<Write, Problem> post_credential(Api& api, const Call& call) {
    const JsonValue value = TRY(json_body(call));
    std::vector<FieldError> errors;
    ObjectReader body(value, "", errors);
    body.require("kind");
    const auto kind = body.text("kind");
    if (auto later = refuse_unbuilt(body, kind)) return fail(*std::move(later));
    if (kind && kind != "tsig") body.refuse("kind", "must be \"tsig\"");
    auto key = std::make_shared<WantedKey>();
    read_key(body, *key);
    key->zones = read_grants(body, errors);
    body.finish();
    if (!errors.empty()) return fail(to_problem(std::move(errors)));
    key->row.kind = store::CredentialKind::Tsig;
    fill_random(key->row.token_hash);
    key->row.tsig_sealed =
        api.context().sealer.seal(key->secret, tsig_seal_context(key->row.token_hash));

    Write write;
    write.audit = {"credential.create", key->row.tsig_name};
    write.rows = [key](store::Writer& writer, zones::Change&) { return insert_key(writer, *key); };
    write.answer = [key](const store::WorkReceipt&) {
        JsonWriter json;
        write_credential(json, key->row, key->zones, &key->secret);
        net::Response response = json_response(201, json);
        response.headers.push_back({"etag", credential_etag(key->row, key->zones)});
        response.headers.push_back({"location", "/v1/credentials/" + std::to_string(key->row.id)});
        return response;
    };
    return write;
}

Result<net::Response, Problem> list_credentials(Api& api, const Call& call) {
    const Page page = TRY(Page::of(call.request));
    const std::int64_t after = TRY(page.after_number());
    const auto rows = TRY(api.queries().tsig_credentials(page.wanted(), after));
    const std::size_t count = std::min(rows.size(), page.limit);
    store::TransferQueries transfers(api.queries().database());
    JsonWriter json;
    json.begin_object().key("credentials").begin_array();
    for (std::size_t at = 0; at < count; ++at)
        write_credential(json, rows[at], TRY(transfers.zones_of_credential(rows[at].id)), nullptr);
    json.end_array();
    write_next(json, rows.size() > count, count == 0 ? "" : std::to_string(rows[count - 1].id));
    json.end_object();
    return json_response(200, json);
}

Result<net::Response, Problem> get_credential(Api& api, const Call& call) {
    const auto row = TRY(find_credential(api.queries(), call.arguments[0]));
    store::TransferQueries transfers(api.queries().database());
    const auto zones = TRY(transfers.zones_of_credential(row.id));
    const std::string etag = credential_etag(row, zones);
    if (none_match_names(call.request, etag)) return net::Response{304, {{"etag", etag}}, {}};
    JsonWriter json;
    write_credential(json, row, zones, nullptr);
    net::Response response = json_response(200, json);
    response.headers.push_back({"etag", etag});
    return response;
}

Result<Write, Problem> delete_credential(Api&, const Call& call) {
    Write write;
    write.audit = {"credential.delete", call.arguments[0]};
    write.rows = [wanted = call.arguments[0], conditions = WriteConditions::of(call.request)](
                     store::Writer& writer, zones::Change&) -> Result<void, Problem> {
        const auto row = TRY(find_credential(writer.read(), wanted));
        store::TransferQueries transfers(writer.database());
        const auto zones = TRY(transfers.zones_of_credential(row.id));
        TRY(conditions.check(credential_etag(row, zones)));
        TRY(store::erase_tsig_credential(writer, row.id));
        return {};
    };
    write.answer = [](const store::WorkReceipt&) { return no_content(); };
    return write;
}

}  // namespace hairpin::admin
