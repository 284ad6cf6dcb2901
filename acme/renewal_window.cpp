#include "acme/renewal_window.hpp"

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "acme/messages.hpp"
#include "acme/openssl_handles.hpp"
#include "core/assert.hpp"
#include "core/handle.hpp"
#include "core/octets.hpp"

namespace hairpin::acme {
namespace {

using LeafHandle = Handle<X509, X509_free>;

constexpr std::int64_t kGuards = 10;      // The first and the last of so many parts of a lifetime.
constexpr std::int64_t kAboutUsual = 25;  // So near to the usual renewal is one of so many parts.
constexpr std::int64_t kUsedOfWindow = 70;   // Percent.
constexpr std::int64_t kJitterOfPause = 20;  // One of so many parts.
constexpr std::size_t kMostKeyIdOctets = 64;

Error wrong_info(std::string_view cause) {
    ERR_clear_error();
    return Error{ErrorCode::Protocol, "renewal information", std::string(cause)};
}

OctetView octets_of(const ASN1_STRING* text) {
    return {ASN1_STRING_get0_data(text), static_cast<std::size_t>(ASN1_STRING_length(text))};
}

/// The content octets of a serial number's DER: with a zero octet where the first bit is set.
Octets serial_octets(const X509* leaf) {
    const ASN1_INTEGER* serial = X509_get0_serialNumber(leaf);
    unsigned char* raw = nullptr;
    const int size = i2d_ASN1_INTEGER(serial, &raw);
    HAIRPIN_ASSERT(size > 2);
    const OctetsHandle der(raw);
    // Tag and length: at most 20 octets of content (RFC 5280 section 4.1.2.2), so one each.
    return {raw + 2, raw + size};
}

/// `span` times draw / 2^32, without overflow for any span of 400 days.
Milliseconds part_of(Milliseconds span, std::uint32_t draw) {
    return Milliseconds((span.count() >> 8) * static_cast<std::int64_t>(draw >> 8) >> 16);
}

}  // namespace

Result<std::string> cert_id(std::string_view pem) {
    ERR_clear_error();
    const BioHandle bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    HAIRPIN_ASSERT(bio != nullptr);
    const LeafHandle leaf{PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr)};
    if (!leaf) return fail(wrong_info("the certificate cannot be read"));
    const ASN1_OCTET_STRING* key = X509_get0_authority_key_id(leaf.get());
    if (key == nullptr || ASN1_STRING_length(key) == 0 || octets_of(key).size() > kMostKeyIdOctets)
        return fail(wrong_info("the certificate names no key of its issuer"));
    if (ASN1_STRING_length(X509_get0_serialNumber(leaf.get())) > 20)
        return fail(wrong_info("the certificate's serial number is too long"));
    return to_base64url(octets_of(key)) + "." + to_base64url(serial_octets(leaf.get()));
}

Result<RenewalSuggestion> read_renewal_info(std::string_view json) {
    const auto root = nlohmann::json::parse(json, nullptr, /*allow_exceptions=*/false);
    const auto text = [](const nlohmann::json& object, const char* name) {
        if (!object.is_object()) return std::string();
        const auto found = object.find(name);
        if (found == object.end() || !found->is_string()) return std::string();
        return found->get<std::string>();
    };
    if (!root.is_object() || !root.contains("suggestedWindow"))
        return fail(wrong_info("there is no suggestedWindow"));
    const auto& window = root["suggestedWindow"];
    const auto start = from_rfc3339(text(window, "start"));
    const auto end = from_rfc3339(text(window, "end"));
    if (!start || !end) return fail(wrong_info("start or end of the window is not a time"));
    if (*end <= *start) return fail(wrong_info("the window ends before it begins"));
    RenewalSuggestion info{{*start, *end}, text(root, "explanationURL")};
    if (!is_usable_url(info.explanation_url)) info.explanation_url.clear();
    return info;
}

WallTime usual_renewal(const RenewalFacts& facts) {
    return std::max(renewal_time(facts.not_before, facts.not_after, facts.server_id),
                    facts.issued_at + (facts.not_after - facts.issued_at) / kGuards);
}

RenewalPlan plan_renewal(const RenewalFacts& facts, const RenewalSuggestion& info,
                         const std::optional<RenewalWindow>& before, WallTime renew_at,
                         std::optional<Milliseconds> retry_after, WallTime now,
                         std::uint32_t draw) {
    const RenewalWindow& window = info.window;
    const Milliseconds pause = std::clamp(retry_after.value_or(kUsualRenewalCheck),
                                          kShortestRenewalCheck, kLongestRenewalCheck);
    RenewalPlan plan;
    plan.check_at = now + pause + part_of(pause / kJitterOfPause, draw * 2654435761U);
    plan.is_overdue = window.end <= now;
    const Milliseconds life = facts.not_after - facts.not_before;
    const WallTime latest = facts.not_after - life / kGuards;
    if (plan.is_overdue) {
        plan.renew_at = now;
    } else if (window.start >= latest) {
        plan.renew_at = usual_renewal(facts);
    } else if (before == window) {
        plan.renew_at = renew_at;
    } else {
        // A window may be longer than a lifetime: what counts is the part before `latest`.
        const WallTime start = std::max(window.start, facts.not_before);
        const Milliseconds used = (std::min(window.end, facts.not_after) - start);
        plan.renew_at = start + part_of(used * kUsedOfWindow / 100, draw);
        if (info.explanation_url.empty())
            plan.renew_at = std::max(plan.renew_at, facts.issued_at + life / kGuards);
        plan.renew_at = std::max(std::min(plan.renew_at, latest), now);
    }
    return plan;
}

bool is_called_back(const RenewalFacts& facts, const store::RenewalRow& row, WallTime now) {
    const auto window = window_of(row);
    if (!window || window->end > now) return false;
    if (!row.explanation_url.empty()) return true;
    // The usual time has a jitter, and a CA's own window for it lies about there.
    const Milliseconds life = facts.not_after - facts.not_before;
    return window->end < usual_renewal(facts) - life / kAboutUsual;
}

Milliseconds renewal_check_pause(std::int64_t failures, bool is_passing,
                                 std::optional<Milliseconds> retry_after) {
    Milliseconds pause = kUsualRenewalCheck;
    if (is_passing && failures <= 3) {
        pause = kShortestRenewalCheck;
        for (std::int64_t each = 1; each < failures; ++each)
            pause *= 10;
    }
    return std::clamp(std::max(pause, retry_after.value_or(pause)), kShortestRenewalCheck,
                      kLongestRenewalCheck);
}

std::optional<RenewalWindow> window_of(const store::RenewalRow& row) {
    if (!row.window_start || !row.window_end) return std::nullopt;
    return RenewalWindow{*row.window_start, *row.window_end};
}

WallTime next_look(WallTime renew_at, const std::optional<store::RenewalRow>& row) {
    if (!row || !row->check_at) return renew_at;
    return std::min(renew_at, *row->check_at);
}

}  // namespace hairpin::acme
