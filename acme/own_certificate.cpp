#include "acme/own_certificate.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <utility>

#include "acme/jws.hpp"
#include "acme/openssl_handles.hpp"
#include "core/handle.hpp"

namespace hairpin::acme {
namespace {

using LeafHandle = Handle<X509, X509_free>;

constexpr std::size_t kMostLookedAt = 32;  // Of our unexpired certificates.

/// Whether the first certificate of a chain is good for a host name.
bool is_good_for(const std::string& chain_pem, std::string_view name) {
    const BioHandle memory(BIO_new_mem_buf(chain_pem.data(), static_cast<int>(chain_pem.size())));
    const LeafHandle leaf(PEM_read_bio_X509(memory.get(), nullptr, no_password, nullptr));
    const bool is_good =
        leaf && X509_check_host(leaf.get(), name.data(), name.size(), 0, nullptr) == 1;
    ERR_clear_error();
    return is_good;
}

}  // namespace

OwnNames own_names_of(const store::AcmeAttemptRow& row) {
    return {row.zone_apex, row.public_name, row.other_names};
}

Result<std::optional<OwnNames>> own_names_asked(store::Queries& queries) {
    store::AcmeQueries rows(queries.database());
    if (const auto live = TRY(rows.live_attempt(store::kOurselves)))
        return std::optional(own_names_of(*live));
    const auto settled = TRY(rows.settled_attempts(store::kOurselves));
    if (settled.empty()) return std::optional<OwnNames>();
    return std::optional(own_names_of(settled.back()));
}

Result<std::optional<OwnPair>> own_pair(store::Queries& queries, const Sealer& sealer,
                                        std::string_view server_name, WallTime now) {
    store::AcmeQueries rows(queries.database());
    auto certificates = TRY(rows.current_certificates(store::kOurselves, now, kMostLookedAt));
    for (store::CertificateRow& row : certificates) {
        if (row.key_sealed.empty() || !is_good_for(row.chain, server_name)) continue;
        const Octets der = TRY(sealer.open(
            row.key_sealed, store::managed_key_context(store::kOurselves, row.key_sha256)));
        const SigningKey key = TRY(SigningKey::from_pkcs8(der));
        return std::optional(
            OwnPair{std::move(row.chain), key.pem(), row.sha256, row.not_before, row.not_after});
    }
    return std::optional<OwnPair>();
}

}  // namespace hairpin::acme
