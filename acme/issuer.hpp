// acme/issuer.hpp - one CA as the engine has it: how it is asked, our accounts there, its budget,
// and whether it works.
//
// An Issuer is what belongs together and to one CA: the HTTP client with its trust, an account that
// orders and one in reserve (each with an RFC 8555 client of its own, so that what one of them
// began is finished in its name), the gate of its limits, its breaker. Which Issuer gets an order
// is issuer_choice.hpp's; what is done there, the engine's.
//
// Its staging directory is an Issuer too: other accounts, other limits. What is ordered there is
// never finished (attempt.hpp's rehearsal).
//
//   active  --- the CA refuses it, or an operator says so ---> refused, or standby
//   standby ------------------------------------------------> active, and another is made
//
// Threads   The loop's thread.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "acme/account.hpp"
#include "acme/breaker.hpp"
#include "acme/certificates.hpp"
#include "acme/client.hpp"
#include "acme/gate.hpp"
#include "acme/issuer_view.hpp"
#include "core/clock.hpp"
#include "core/result.hpp"
#include "net/http_client.hpp"
#include "net/loop.hpp"
#include "store/committer.hpp"
#include "store/issuer_rows.hpp"
#include "store/reader.hpp"

namespace hairpin::acme {

/// The CAs of the options in their order: the first one, then the others.
[[nodiscard]] std::vector<IssuerOptions> issuers_of(const Options& options);

/// What every Issuer needs of the world. All references outlive it.
struct IssuerWorld {
    net::Loop& loop;
    const Clock& clock;
    store::Committer& committer;
    store::Database& database;
    const Sealer& sealer;
    Counters& counters;
    const Options& options;
};

/// An account at the CA, and the client that signs for it.
struct Seat {
    store::AccountRole role = store::AccountRole::Active;
    std::string known_url;  // As the store had it at the start; empty: none yet.
    std::string refusal;    // Of a refused one: the CA's words.
    std::unique_ptr<Client> client;
    std::shared_ptr<Account> account;

    [[nodiscard]] const std::string& url() const noexcept {
        return account->url().empty() ? known_url : account->url();
    }
    [[nodiscard]] bool is_registered() const noexcept { return !url().empty(); }
};

enum class IssuerKind : std::uint8_t { Production, Staging };

class Issuer : public std::enable_shared_from_this<Issuer> {
public:
    /// @param breaker_changed  Called when its breaker is in another state, inside of whatever
    ///                         noticed it: it must only hand over.
    /// Errors: those of HttpClient::create, of Gate::open and of the store.
    [[nodiscard]] static Result<std::shared_ptr<Issuer>> create(
        const IssuerWorld& world, IssuerOptions options, IssuerKind kind,
        std::function<void(Issuer&)> breaker_changed);
    Issuer(const Issuer&) = delete;
    Issuer& operator=(const Issuer&) = delete;
    ~Issuer() = default;

    [[nodiscard]] const IssuerOptions& options() const noexcept { return options_; }
    [[nodiscard]] const std::string& name() const noexcept { return options_.name; }
    [[nodiscard]] const std::string& directory() const noexcept { return options_.directory; }
    [[nodiscard]] IssuerKind kind() const noexcept { return kind_; }
    /// Null: it has none.
    [[nodiscard]] Issuer* staging() const noexcept { return staging_.get(); }
    /// Itself or its staging directory; null: neither.
    [[nodiscard]] Issuer* at(std::string_view directory) noexcept;

    [[nodiscard]] Seat& active() noexcept { return *active_; }
    /// Null: there is none.
    [[nodiscard]] Seat* standby() noexcept { return standby_.get(); }
    /// Whose orders are at this URL; the active one where nobody knows.
    [[nodiscard]] Seat& seat_of(std::string_view account_url) noexcept;
    [[nodiscard]] Gate& gate() noexcept { return *gate_; }
    [[nodiscard]] const Breaker& breaker() const noexcept { return breaker_; }
    [[nodiscard]] bool is_well() const noexcept {
        return breaker_.state() == Breaker::State::Closed;
    }

    /// Whether that it does not work is to be said now.
    [[nodiscard]] bool is_news() { return breaker_.is_news(world_.clock.monotonic()); }

    /// Registers what is not registered yet, so that it is there when it is needed; and asks the CA
    /// whether it works, where that is doubtful.
    void attend();
    /// Puts the account in reserve into the place of the active one, which becomes `left`. `then`
    /// gets why not. `problem`: why, of one that becomes refused.
    void switch_accounts(store::AccountRole left, const std::string& problem, zones::Actor actor,
                         std::function<void(Result<void>)> then);

    void count_order() noexcept { ++orders_; }
    void count_issued() noexcept { ++issued_; }
    void count_failed() noexcept { ++failed_; }
    /// All but the canaries, which the store has.
    [[nodiscard]] IssuerView view() const;

private:
    Issuer(const IssuerWorld& world, IssuerOptions options, IssuerKind kind)
        : world_(world),
          options_(std::move(options)),
          kind_(kind),
          breaker_(world.options.breaker) {}
    [[nodiscard]] Result<void> open(std::function<void(Issuer&)> breaker_changed);
    [[nodiscard]] std::unique_ptr<Seat> make_seat(store::AccountRole role,
                                                  const store::AcmeAccountRow* row);
    void ensure_standby();
    void take_standby(store::AccountRole left, const std::string& problem);

    const IssuerWorld world_;
    const IssuerOptions options_;
    const IssuerKind kind_;
    Breaker breaker_;
    std::function<void(Issuer&)> breaker_changed_;
    std::unique_ptr<net::HttpClient> http_;
    std::optional<Gate> gate_;
    std::unique_ptr<Seat> active_;
    std::unique_ptr<Seat> standby_;
    std::vector<std::unique_ptr<Seat>> refused_;
    std::shared_ptr<Issuer> staging_;
    std::string told_;  // The failure to register that was logged last.
    std::string told_of_standby_;
    bool is_switching_ = false;
    std::uint64_t orders_ = 0;
    std::uint64_t issued_ = 0;
    std::uint64_t failed_ = 0;
};

}  // namespace hairpin::acme
