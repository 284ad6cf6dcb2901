// acme/account.hpp - the account at the CA: made once, sealed in the store, registered, kept.
//
// The key is durable before the CA hears of it, so that a crash in between registers the same key
// again and gets the same account (RFC 8555 section 7.3.1). A failure to register is remembered
// for a while: a hundred attempts that need the account ask the CA once.
//
// A new key is durable before the CA hears of it, too. While the CA changes the account's key
// nothing is signed; when its answer is lost, both keys are asked about until it is clear which one
// the account has (rollover.cpp). The account's URL stays the same, and with it CAA records.
//
// Standards RFC 8555 sections 7.3, 7.3.4 (external account binding) and 7.3.5 (key rollover).
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
#include "store/committer.hpp"
#include "store/issuer_rows.hpp"

namespace hairpin::acme {

struct AccountSettings {
    std::string directory;
    std::vector<std::string> contacts;
    AccountBinding binding;
    // So long a failure stands without asking again; one that passes, such as a CA that is not
    // reached while this machine starts, at first only half a second, then twice that, ..
    Milliseconds failure_pause{60'000};
    store::AccountRole role = store::AccountRole::Active;  // While it has no row.
    std::int64_t row_id = 0;                               // Of its row; 0: it has none yet.
};

/// What the CA says of an account that was registered once.
enum class AccountStanding : std::uint8_t {
    Good,
    Refused,  // Deactivated or revoked: for good.
    Unclear,  // It gave no answer, or another one.
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
    /// Gives the account a new key. `then` as in ensure(): after success the new key signs.
    /// One at a time: a second call fails at once.
    /// @param is_quiet  Whether no challenge is being met: its value is made of the account's key
    ///                  (RFC 8555 section 8.1), and a CA would find it wrong. Waited for, not for
    ///                  ever.
    void roll_over(zones::Actor actor, std::function<bool()> is_quiet, Then then);
    /// Asks the CA for the account of our key. `words`: the CA's, where it is not Good.
    void examine(std::function<void(AccountStanding standing, const std::string& words)> then);
    /// Its URL; empty: it is not known (yet).
    [[nodiscard]] const std::string& url() const noexcept { return url_; }
    /// Why it cannot be used now; empty: it can, or was not asked for yet.
    [[nodiscard]] std::string problem() const { return failure_ ? failure_->text : std::string(); }

private:
    [[nodiscard]] Result<std::optional<store::AcmeAccountRow>> read_row();
    void load_or_make_key();
    void save(store::Work work, std::string url, std::function<void()> then);
    void register_key();
    void find_or_register();

    // rollover.cpp
    void wait_for_quiet();
    void begin_rollover();
    void wait_for_silence();
    void look_again();
    void change_key();
    void find_out(std::optional<Verdict> failure);
    void find_out_about_old(std::optional<Verdict> failure);
    void keep_old_key(std::optional<Verdict> failure);
    void take_next_key();
    void end_rollover(std::optional<Verdict> failure);
    void settle(std::optional<Verdict> failure);
    [[nodiscard]] Milliseconds failure_pause();
    void tell_of_trouble();

    net::Loop& loop_;
    Client& client_;
    const Clock& clock_;
    store::Committer& committer_;
    store::Database& database_;
    const Sealer& sealer_;
    const AccountSettings settings_;
    std::int64_t row_id_;
    std::optional<SigningKey> key_;
    std::string url_;                 // Of the account, once it is known.
    std::optional<SigningKey> next_;  // What the account's key is being changed to.
    bool is_rolling_ = false;
    Then rolled_over_;
    std::function<bool()> is_quiet_;
    zones::Actor rolled_by_;
    net::Timer silence_timer_;
    MonotonicTime silence_by_{};
    std::vector<Then> waiting_;
    std::optional<Verdict> failure_;
    std::string told_;  // What was told of last.
    MonotonicTime failure_stands_until_{};
    int passing_failures_ = 0;  // In a row.
};

}  // namespace hairpin::acme
