#include "acme/messages.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "acme/profile.hpp"

namespace hairpin::acme {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kErrorPrefix = "urn:ietf:params:acme:error:";
constexpr std::size_t kMaxSubproblems = 100;
constexpr std::size_t kMaxChallenges = 50;
constexpr std::size_t kMaxToken = 256;
constexpr std::size_t kMaxIssuerName = 253;

Error wrong(std::string_view object, std::string_view cause) {
    return Error{ErrorCode::Protocol, "the CA's " + std::string(object), std::string(cause)};
}

Json parse_json(std::string_view text) {
    return Json::parse(text, nullptr, /*allow_exceptions=*/false);
}

const Json* member(const Json& object, const char* name) {
    if (!object.is_object()) return nullptr;
    const auto found = object.find(name);
    return found == object.end() ? nullptr : &*found;
}

std::string_view text_of(const Json* value) {
    const auto* text = value == nullptr ? nullptr : value->get_ptr<const std::string*>();
    return text == nullptr ? std::string_view() : std::string_view(*text);
}
std::string_view text(const Json& object, const char* name) {
    return text_of(member(object, name));
}

Result<std::string> url(const Json& object, const char* name, std::string_view what) {
    const std::string_view value = text(object, name);
    if (!is_usable_url(value))
        return fail(wrong(what, "has no https URL as \"" + std::string(name) + "\""));
    return std::string(value);
}

template <typename Status, std::size_t size>
Result<Status> status(const Json& object, std::string_view what,
                      const std::array<std::pair<std::string_view, Status>, size>& known) {
    const std::string_view word = text(object, "status");
    for (const auto& [name, value] : known)
        if (name == word) return value;
    return fail(wrong(what, "has an unknown status \"" + printable(word, 30) + "\""));
}

constexpr std::array kOrderStatus = {
    std::pair{std::string_view("pending"), OrderStatus::Pending},
    std::pair{std::string_view("ready"), OrderStatus::Ready},
    std::pair{std::string_view("processing"), OrderStatus::Processing},
    std::pair{std::string_view("valid"), OrderStatus::Valid},
    std::pair{std::string_view("invalid"), OrderStatus::Invalid},
};
constexpr std::array kAuthorizationStatus = {
    std::pair{std::string_view("pending"), AuthorizationStatus::Pending},
    std::pair{std::string_view("valid"), AuthorizationStatus::Valid},
    std::pair{std::string_view("invalid"), AuthorizationStatus::Invalid},
    std::pair{std::string_view("deactivated"), AuthorizationStatus::Deactivated},
    std::pair{std::string_view("expired"), AuthorizationStatus::Expired},
    std::pair{std::string_view("revoked"), AuthorizationStatus::Revoked},
};
constexpr std::array kChallengeStatus = {
    std::pair{std::string_view("pending"), ChallengeStatus::Pending},
    std::pair{std::string_view("processing"), ChallengeStatus::Processing},
    std::pair{std::string_view("valid"), ChallengeStatus::Valid},
    std::pair{std::string_view("invalid"), ChallengeStatus::Invalid},
};

std::string short_type(std::string_view type) {
    if (type.substr(0, kErrorPrefix.size()) == kErrorPrefix)
        type.remove_prefix(kErrorPrefix.size());
    return printable(type, 100);
}

/// The first https link in a text; empty: none.
std::string link_in(std::string_view words) {
    const auto begin = words.find("https://");
    if (begin == words.npos) return {};
    words.remove_prefix(begin);
    std::string_view link = words.substr(0, words.find_first_of(" \t\n\"<>()"));
    while (!link.empty() && (link.back() == '.' || link.back() == ',' || link.back() == ';'))
        link.remove_suffix(1);
    return is_usable_url(link) ? std::string(link) : std::string();
}

std::optional<Problem> problem_of(const Json* json) {
    if (json == nullptr || !json->is_object()) return std::nullopt;
    // A document without a type is of "about:blank" (RFC 7807 section 3.1): detail is all it has.
    if (member(*json, "type") == nullptr && member(*json, "detail") == nullptr) return std::nullopt;
    Problem problem{short_type(text(*json, "type")), printable(text(*json, "detail")), {}, {}};
    if (const auto page = text(*json, "instance"); is_usable_url(page)) problem.instance = page;
    // Let's Encrypt has the page for paused names in the words.
    if (problem.instance.empty()) problem.instance = link_in(text(*json, "detail"));
    const Json* parts = member(*json, "subproblems");
    if (parts == nullptr || !parts->is_array()) return problem;
    for (const Json& part : *parts) {
        if (problem.subproblems.size() == kMaxSubproblems) break;
        if (!part.is_object()) continue;
        const Json* identifier = member(part, "identifier");
        problem.subproblems.push_back(
            {short_type(text(part, "type")), printable(text(part, "detail")),
             identifier == nullptr ? "" : printable(text(*identifier, "value"), 255)});
    }
    return problem;
}

/// The names of meta.profiles that an order could ask for.
std::vector<std::string> profile_names(const Json* profiles) {
    std::vector<std::string> names;
    if (profiles == nullptr || !profiles->is_object()) return names;
    for (const auto& [name, words] : profiles->items())
        if (is_profile_name(name) && names.size() < kMaxProfiles) names.push_back(name);
    return names;
}

std::string lower_case(std::string_view text) {
    std::string lower(text);
    std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return lower;
}

/// meta.caaIdentities: names that CAA records call the CA by.
std::vector<std::string> caa_identities(const Json* identities) {
    std::vector<std::string> names;
    if (identities == nullptr || !identities->is_array()) return names;
    for (const Json& each : *identities) {
        const std::string_view name = text_of(&each);
        const bool is_usable = !name.empty() && name.size() <= kMaxIssuerName &&
                               std::all_of(name.begin(), name.end(), [](char c) {
                                   return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                          (c >= '0' && c <= '9') || c == '-' || c == '.';
                               });
        if (is_usable && names.size() < kMaxCaaIdentities) names.push_back(lower_case(name));
    }
    return names;
}

bool is_base64url(std::string_view text) noexcept {
    return std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_';
    });
}

/// One challenge as far as we can use it; empty: of another type, or unusable.
std::optional<Challenge> dns01_of(const Json& json) {
    if (text(json, "type") != "dns-01") return std::nullopt;
    const std::string_view token = text(json, "token");
    const std::string_view where = text(json, "url");
    if (token.empty() || token.size() > kMaxToken || !is_base64url(token) || !is_usable_url(where))
        return std::nullopt;
    const auto known = status(json, "challenge", kChallengeStatus);
    if (!known) return std::nullopt;
    return Challenge{*known, std::string(where), std::string(token),
                     problem_of(member(json, "error"))};
}

/// As dns01_of(). A list of issuers that is empty, too long or of other than names makes the
/// challenge malformed.
std::optional<PersistChallenge> persist_of(const Json& json) {
    if (text(json, "type") != "dns-persist-01") return std::nullopt;
    const std::string_view where = text(json, "url");
    const Json* issuers = member(json, "issuerDomainNames");
    if (issuers == nullptr) issuers = member(json, "issuer-domain-names");  // draft-01
    const auto known = status(json, "challenge", kChallengeStatus);
    if (!known || !is_usable_url(where) || issuers == nullptr || !issuers->is_array() ||
        issuers->size() > kMaxIssuerNames)
        return std::nullopt;
    PersistChallenge challenge{*known, std::string(where), caa_identities(issuers)};
    if (challenge.issuers.empty() || challenge.issuers.size() != issuers->size())
        return std::nullopt;
    return challenge;
}

}  // namespace

Result<Directory> read_directory(std::string_view json) {
    const Json root = parse_json(json);
    if (!root.is_object()) return fail(wrong("directory", "is not a JSON object"));
    Directory directory;
    directory.new_nonce = TRY(url(root, "newNonce", "directory"));
    directory.new_account = TRY(url(root, "newAccount", "directory"));
    directory.new_order = TRY(url(root, "newOrder", "directory"));
    const auto offered = [&](const char* name) {
        const std::string_view where = text(root, name);
        return is_usable_url(where) ? std::string(where) : std::string();
    };
    directory.key_change = offered("keyChange");
    directory.revoke_cert = offered("revokeCert");
    directory.renewal_info = offered("renewalInfo");
    if (const Json* meta = member(root, "meta")) {
        directory.profiles = profile_names(member(*meta, "profiles"));
        directory.caa_identities = caa_identities(member(*meta, "caaIdentities"));
        const std::string_view prefix = text(*meta, "accountHashPrefix");
        if (is_usable_url(prefix) && prefix.find(';') == prefix.npos)
            directory.account_hash_prefix = prefix;
        const std::string_view terms = text(*meta, "termsOfService");
        if (is_usable_url(terms)) directory.terms_of_service = terms;
        const Json* required = member(*meta, "externalAccountRequired");
        const auto* flag = required == nullptr ? nullptr : required->get_ptr<const bool*>();
        directory.external_account_required = flag != nullptr && *flag;
    }
    return directory;
}

Result<Order> read_order(std::string_view json) {
    const Json root = parse_json(json);
    if (!root.is_object()) return fail(wrong("order", "is not a JSON object"));
    Order order;
    order.status = TRY(status(root, "order", kOrderStatus));
    order.expires = from_rfc3339(text(root, "expires"));
    order.finalize = TRY(url(root, "finalize", "order"));
    order.error = problem_of(member(root, "error"));
    if (order.status == OrderStatus::Valid)
        order.certificate = TRY(url(root, "certificate", "valid order"));
    const Json* authorizations = member(root, "authorizations");
    if (authorizations == nullptr || !authorizations->is_array() ||
        authorizations->size() > kMaxAuthorizations)
        return fail(wrong("order", "has no usable list of authorizations"));
    for (const Json& each : *authorizations) {
        const std::string_view where = text_of(&each);
        if (!is_usable_url(where))
            return fail(wrong("order", "has an authorization that is not an https URL"));
        order.authorizations.emplace_back(where);
    }
    return order;
}

Result<Authorization> read_authorization(std::string_view json) {
    const Json root = parse_json(json);
    if (!root.is_object()) return fail(wrong("authorization", "is not a JSON object"));
    Authorization authorization;
    authorization.status = TRY(status(root, "authorization", kAuthorizationStatus));
    const Json* identifier = member(root, "identifier");
    if (identifier == nullptr || text(*identifier, "type") != "dns")
        return fail(wrong("authorization", "has no identifier of type dns"));
    authorization.name = lower_case(text(*identifier, "value"));
    const Json* challenges = member(root, "challenges");
    if (challenges == nullptr || !challenges->is_array()) return authorization;
    std::size_t looked_at = 0;
    for (const Json& each : *challenges) {
        if (++looked_at > kMaxChallenges) break;
        if (!each.is_object()) continue;
        if (auto error = problem_of(member(each, "error"))) authorization.error = std::move(error);
        if (auto dns01 = dns01_of(each)) authorization.dns01 = std::move(dns01);
        if (auto persist = persist_of(each)) authorization.persist = std::move(persist);
    }
    return authorization;
}

bool is_valid_account(std::string_view json) {
    const Json root = parse_json(json);
    const std::string_view word = text(root, "status");
    return word != "deactivated" && word != "revoked";
}

std::optional<Problem> read_problem(std::string_view json) {
    const Json root = parse_json(json);
    return problem_of(&root);
}

std::string protected_header(const Signer& signer, std::string_view nonce, std::string_view url) {
    Json header = {{"alg", "ES256"}, {"nonce", nonce}, {"url", url}};
    if (signer.jwk.empty()) {
        header["kid"] = signer.account_url;
    } else {
        header["jwk"] = parse_json(signer.jwk);
    }
    return header.dump(-1, ' ', true, Json::error_handler_t::replace);
}

std::string new_order_payload(const std::vector<std::string>& names, const OrderWishes& wishes) {
    Json identifiers = Json::array();
    for (const std::string& name : names)
        identifiers.push_back({{"type", "dns"}, {"value", name}});
    Json payload = {{"identifiers", std::move(identifiers)}};
    if (!wishes.replaces.empty()) payload["replaces"] = wishes.replaces;
    if (!wishes.profile.empty()) payload["profile"] = wishes.profile;
    return payload.dump(-1, ' ', true, Json::error_handler_t::replace);
}

std::string finalize_payload(OctetView csr_der) {
    return R"({"csr":")" + to_base64url(csr_der) + R"("})";
}

std::string deactivate_payload() {
    return R"({"status":"deactivated"})";
}

std::string revoke_payload(OctetView certificate_der, int reason) {
    return R"({"certificate":")" + to_base64url(certificate_der) + R"(","reason":)" +
           std::to_string(reason) + "}";
}

bool is_usable_url(std::string_view text) noexcept {
    constexpr std::string_view kScheme = "https://";
    return text.size() > kScheme.size() && text.size() <= kMaxUrl &&
           text.substr(0, kScheme.size()) == kScheme &&
           std::all_of(text.begin(), text.end(),
                       [](char c) { return c > ' ' && c < 0x7f && c != '"' && c != '\\'; });
}

bool is_nonce(std::string_view text) noexcept {
    return !text.empty() && text.size() <= 256 && is_base64url(text);
}

std::string printable(std::string_view text, std::size_t limit) {
    std::string clean(text.substr(0, limit));
    std::replace_if(
        clean.begin(), clean.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
    return clean;
}

}  // namespace hairpin::acme
