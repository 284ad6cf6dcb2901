// acme/account.hpp - the account at the CA: made once, sealed in the store, registered, kept.
//
// The key is durable before the CA hears of it, so that a crash in between registers the same key
// again and gets the same account (RFC 8555 section 7.3.1). A failure to register is remembered
// for a while: a hundred attempts that need the account ask the CA once.
//
// Standards RFC 8555 section 7.3.
// Threads   The loop's thread.

#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "acme/client.hpp"
#include "acme/verdict.hpp"
#include "core/clock.hpp"
#include "core/crypto.hpp"
#include "net/loop.hpp"
#include "store/acme_rows.hpp"
#include "store/committer.hpp"

namespace hairpin::acme {

struct AccountSettings {
    std::string directory;
    std::vector<std::string> contacts;
    Milliseconds failure_pause{60'000};  // So long a failure stands without asking again.
};

class Account : public std::enable_shared_from_this<Account> {
public:
    /// Null: the client can sign for an account now. Else why not. May be called at once.
    using Then = std::function<void(const Verdict* failure)>;

    /// All references outlive this.
    Account(net::Loop& loop, Client& client, const Clock& clock, store::Committer& committer,
            store::Database& database, const Sealer& sealer, AccountSettings settings);

    void ensure(Then then);
    /// The CA does not know the account any more: the next ensure() registers its key again.
    void forget();

private:
    void load_or_make_key();
    void save(std::string url, std::function<void()> then);
    void register_key();
    void settle(std::optional<Verdict> failure);

    net::Loop& loop_;
    Client& client_;
    const Clock& clock_;
    store::Committer& committer_;
    store::AcmeQueries queries_;
    const Sealer& sealer_;
    const AccountSettings settings_;
    std::optional<SigningKey> key_;
    std::vector<Then> waiting_;
    std::optional<Verdict> failure_;
    MonotonicTime failure_stands_until_{};
};

}  // namespace hairpin::acme
