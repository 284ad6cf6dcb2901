#include "daemon/tsig_keys.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "admin/tsig_keys.hpp"
#include "core/log.hpp"
#include "zones/name.hpp"

namespace hairpin::daemon {
namespace {

// A key ends with the second in which its credential does.
dnsd::TsigTime end_of(const store::CredentialRow& row) {
    if (!row.expires_at) return dnsd::kNeverExpires;
    return static_cast<dnsd::TsigTime>(std::max<std::int64_t>(to_unix_seconds(*row.expires_at), 0));
}

bool is_over(const store::CredentialRow& row, WallTime now) {
    return row.revoked_at || (row.expires_at && *row.expires_at <= now);
}

}  // namespace

TsigKeys::TsigKeys(const Sealer& sealer, const Clock& clock)
    : sealer_(sealer), clock_(clock), published_(std::make_shared<const dnsd::KeyRing>()) {}

Result<void> TsigKeys::load(store::Queries& store) {
    dnsd::KeyRing ring;
    for (std::int64_t after = 0;;) {
        const auto page = TRY(store.credentials(store::kMaxPage, after));
        for (const store::CredentialRow& row : page)
            if (auto key = open(row)) ring.put(std::move(key));
        if (page.size() < store::kMaxPage) break;
        after = page.back().id;
    }
    ring_ = std::move(ring);
    published_.publish(std::make_shared<const dnsd::KeyRing>(ring_));
    return {};
}

std::vector<zones::Name> TsigKeys::refresh(store::Queries& store,
                                           const std::vector<std::string>& names) {
    std::vector<zones::Name> renewed;
    std::vector<std::string> wanted = std::exchange(overdue_, {});
    wanted.insert(wanted.end(), names.begin(), names.end());
    for (std::string& text : wanted) {
        const auto name = zones::Name::parse(text);
        if (!name) continue;  // The store holds no such thing.
        const auto row = store.credential_by_tsig_name(text);
        if (!row) {
            log::logger("daemon").warn("the TSIG key {} cannot be read, the old one stays: {}",
                                       text, row.error().text());
            overdue_.push_back(std::move(text));
            continue;
        }
        auto key = *row ? open(**row) : dnsd::TsigKeyRef();
        if (key) {
            const dnsd::TsigKey* known = ring_.find(*name);
            if (known == nullptr || known->id() != key->id()) renewed.push_back(*name);
            ring_.put(std::move(key));
        } else {
            ring_.erase(*name);
        }
    }
    published_.publish(std::make_shared<const dnsd::KeyRing>(ring_));
    return renewed;
}

dnsd::TsigKeyRef TsigKeys::open(const store::CredentialRow& row) const {
    if (row.tsig_sealed.empty() || is_over(row, clock_.now())) return {};
    const auto name = zones::Name::parse(row.tsig_name);
    const auto algorithm = dnsd::tsig_algorithm(row.tsig_algorithm);
    const auto secret = sealer_.open(row.tsig_sealed, admin::tsig_seal_context(row.token_hash));
    if (!name || !algorithm || !secret || secret->empty()) {
        log::logger("daemon").warn(
            "the TSIG key of credential {} is left out: {}", row.id,
            secret ? "its name or algorithm is unknown" : secret.error().cause);
        return {};
    }
    dnsd::TsigKeyOptions options;
    options.id = row.id;
    options.algorithm = *algorithm;
    options.expires = end_of(row);
    if (row.weak_allowed) options.weak = dnsd::WeakAlgorithms::Allowed;
    return dnsd::TsigKey::create(*name, *secret, options);
}

}  // namespace hairpin::daemon
