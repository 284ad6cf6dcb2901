// acme/revocation.hpp - certificates that are taken back: noted in one commit, then done at the CA.
//
// What is asked for is durable before it is answered, and the CA is asked until it has done it, or
// says that it never will, or the certificate has expired. From the first commit on the
// certificate is nobody's any more: it is neither handed out nor renewed.
//
// The account that ordered it asks. Where the CA does not take that account any more, the
// certificate's own key does, if it was made here and is here still: it stays, sealed, until then.
//
// Standards RFC 8555 section 7.6, RFC 5280 section 5.3.1 (reasons).
// Threads   The functions: the commit thread. Revoker: the thread "acme"; look_soon() from any.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "acme/attempt.hpp"
#include "acme/certificates.hpp"
#include "acme/issuer.hpp"
#include "core/clock.hpp"
#include "core/result.hpp"
#include "net/loop.hpp"
#include "store/committer.hpp"
#include "store/reader.hpp"
#include "store/revocation_rows.hpp"

namespace hairpin::acme {

/// Notes one certificate of a server; its key's SHA-256. Errors: NotFound it is none of the
/// server's; Conflict it was noted before; those of the store.
[[nodiscard]] Result<Sha256> note_revocation(store::Writer& writer, std::int64_t server_id,
                                             const Sha256& sha256, RevocationReason reason);
/// Notes all that a server has: it, or its licence, is withdrawn. How many.
[[nodiscard]] Result<std::size_t> note_withdrawal(store::Writer& writer, std::int64_t server_id);

class Revoker : public std::enable_shared_from_this<Revoker> {
public:
    /// All references outlive this.
    /// @param seat_of  The account that ordered a certificate; null: its CA is not configured.
    Revoker(net::Loop& loop, std::function<Seat*(const store::RevocationRow&)> seat_of,
            const Clock& clock, store::Committer& committer, store::Reader& reader,
            const Sealer& sealer);

    /// On the loop's thread: looks now, and then every half minute.
    void start();
    /// On the loop's thread.
    void stop() { timer_.reset(); }
    /// From any thread.
    void look_soon();

private:
    void look();
    void next();
    void revoke(Seat& seat, const store::RevocationRow& row, const std::optional<SigningKey>& key);
    [[nodiscard]] std::optional<SigningKey> key_of(const store::RevocationRow& row) const;
    void done(store::RevocationRow row);
    void refused(store::RevocationRow row, const Verdict& verdict);
    void settle(store::RevocationRow row);

    net::Loop& loop_;
    const std::function<Seat*(const store::RevocationRow&)> seat_of_;
    const Clock& clock_;
    store::Committer& committer_;
    store::Reader& reader_;
    const Sealer& sealer_;
    net::Timer timer_;
    std::vector<store::RevocationRow> waiting_;  // The next at the back.
    bool is_busy_ = false;
};

}  // namespace hairpin::acme
