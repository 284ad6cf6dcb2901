#include "acme/dns_persist.hpp"

#include <algorithm>
#include <charconv>
#include <set>

#include "acme/caa.hpp"
#include "acme/txt_values.hpp"
#include "core/crypto.hpp"

namespace hairpin::acme {
namespace {

constexpr std::size_t kMostValues = 200;  // At one name; more are left alone.

/// The character strings of a TXT record, joined; nullopt: its RDATA is broken.
std::optional<std::string> joined_strings(OctetView rdata) {
    std::string text;
    while (!rdata.empty()) {
        const std::size_t octets = rdata[0];
        if (octets >= rdata.size()) return std::nullopt;
        text += as_text(rdata.subspan(1, octets));
        rdata = rdata.subspan(1 + octets);
    }
    return text;
}

std::vector<std::string> values_at(const zones::ZoneTable& table, const zones::Name& owner) {
    std::vector<std::string> values;
    const zones::Zone* zone = table.closest_enclosing(owner);
    const zones::RRset* set = zone == nullptr ? nullptr : zone->find(owner, zones::RType::TXT);
    if (set == nullptr) return values;
    for (const OctetView rdata : set->rdatas()) {
        if (values.size() == kMostValues) break;
        if (auto text = joined_strings(rdata)) values.push_back(*std::move(text));
    }
    return values;
}

std::optional<WallTime> time_of(std::string_view seconds) {
    std::int64_t value = 0;
    const auto [end, error] =
        std::from_chars(seconds.data(), seconds.data() + seconds.size(), value);
    constexpr std::int64_t kMost = 100'000'000'000;  // Some three thousand years.
    if (error != std::errc() || end != seconds.data() + seconds.size() || value < 0 ||
        value > kMost)
        return std::nullopt;
    return WallTime(Seconds(value));
}

bool is_replaced_by(const PersistRecord& old, const PersistRecord& now_there, WallTime now) {
    if (old.issuer != now_there.issuer) return false;
    return old.account_uri == now_there.account_uri || (old.until && *old.until <= now);
}

}  // namespace

std::optional<zones::Name> persist_name(std::string_view name) {
    const auto owner = zones::Name::parse(name);
    if (!owner) return std::nullopt;
    return zones::Name::child("_validation-persist", *owner);
}

std::optional<std::string> persist_account_uri(DnsPersist draft, std::string_view name,
                                               const PersistAccount& account) {
    if (draft == DnsPersist::Off || account.url.empty()) return std::nullopt;
    if (draft == DnsPersist::Draft01) return account.url;
    if (account.hash_prefix.empty() || name.size() > 255) return std::nullopt;
    // draft-02 section 4.1: H(length_of_domain || domain_name || key || account_URL)
    std::string hashed(1, static_cast<char>(name.size()));
    hashed += name;
    hashed += account.thumbprint;
    hashed += account.url;
    return account.hash_prefix + "sha-256/" + to_base64url(sha256(as_octets(hashed)));
}

std::string persist_value(const std::string& issuer, const std::string& account_uri,
                          WallTime until) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(until.time_since_epoch());
    return issuer + "; accounturi=" + account_uri +
           "; persistUntil=" + std::to_string(seconds.count());
}

std::optional<PersistRecord> read_persist(std::string_view value) {
    const auto read = read_issuer(value);
    if (!read || read->domain.empty()) return std::nullopt;
    PersistRecord record;
    record.issuer = read->domain;
    std::set<std::string> tags;
    for (const auto& [tag, text] : read->parameters) {
        if (!tags.insert(tag).second) return std::nullopt;
        if (tag == "accounturi") record.account_uri = text;
        if (tag == "policy") record.is_wide = true;
        if (tag != "persistuntil") continue;
        record.until = time_of(text);
        if (!record.until) return std::nullopt;
    }
    if (record.account_uri.empty()) return std::nullopt;
    return record;
}

std::string choose_persist_value(const zones::ZoneTable& table, const zones::Name& owner,
                                 const std::string& issuer, const std::string& account_uri,
                                 WallTime now) {
    for (const std::string& each : values_at(table, owner)) {
        const auto record = read_persist(each);
        if (record && record->issuer == issuer && record->account_uri == account_uri &&
            !record->is_wide && record->until && *record->until - now >= kPersistEnough &&
            *record->until - now <= kPersistFor)
            return each;
    }
    return persist_value(issuer, account_uri, now + kPersistFor);
}

void remove_old_persist_values(const zones::ZoneTable& table, std::span<const Pending> values,
                               WallTime now, std::vector<zones::ZoneChange>& changes) {
    for (const Pending& each : values) {
        const auto owner = txt_owner(each);
        const auto ours = read_persist(each.txt_value);
        if (!each.stays || !owner || !ours) continue;
        std::vector<Octets> old;
        for (const std::string& there : values_at(table, *owner)) {
            const auto record = read_persist(there);
            if (there != each.txt_value && record && is_replaced_by(*record, *ours, now))
                old.push_back(txt_rdata(there));
        }
        if (old.empty()) continue;
        for (zones::ZoneChange& change : changes)
            if (owner->is_within(change.apex) &&
                std::any_of(change.edits.begin(), change.edits.end(),
                            [&](const zones::Edit& edit) { return edit.owner == *owner; })) {
                change.edits.push_back(
                    {zones::EditKind::DeleteRecords, *owner, zones::RType::TXT, 0, std::move(old)});
                break;
            }
    }
}

}  // namespace hairpin::acme
