// acme/gate.hpp - the budget of the engine's CA, in memory and in the store, and who waits for it.
//
// Holds the two together: what is decided in memory (take(), give_back(), ..) is written by the
// rows that come with it, in the transaction of the step that it belongs to. Rows count from what
// the store has, so that they may commit in any order among others.
//
//   admitted            tokens of account, domain and exact set are taken      reservation()
//   newOrder refused,
//   or never sent       they are given back                                    return_of()
//   newOrder sent, no
//   answer, crash       they are kept, and taken once more for the next try    reservation()
//   the CA's check of
//   a name failed       tokens of its failures are taken                       failure_of()
//   certificate stored  the row of failures is void                            success_of()
//   429                 the bucket is closed until the CA's date, or the class parked
//
// So a token may be missing that the CA did not count (after a crash), never the other way round.
//
// Threads   One, but for the rows: the commit thread.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "acme/attempt.hpp"
#include "acme/budget.hpp"
#include "acme/public_suffixes.hpp"
#include "acme/queue_view.hpp"
#include "acme/rate_limit.hpp"
#include "acme/waiting_line.hpp"
#include "core/clock.hpp"
#include "core/result.hpp"
#include "store/writer.hpp"

namespace hairpin::acme {

/// After so many failures in a row a name is dead: it waits behind the others. Not where the last
/// one was the CA's: after an outage all would be.
inline constexpr std::int64_t kDeadAfter = 3;

/// What to do in the transaction of a step.
using BudgetRows = std::function<Result<void>(store::Writer& writer)>;

/// An operator's word on a limit; empty: the preset holds again.
struct LimitChange {
    Limit limit = Limit::OrdersPerAccount;
    std::string key;  // Empty: every key.
    std::optional<Allowance> allowance;
    std::string issuer = {};  // Whose; empty: the first CA's.
};

class Gate {
public:
    /// @param preset  In place of that of the directory: for tests.
    /// Errors: Unavailable no Public Suffix List; those of the store.
    [[nodiscard]] static Result<Gate> open(store::Database& database, std::string directory,
                                           const std::optional<Allowances>& preset, WallTime now);

    [[nodiscard]] OrderKeys keys_of(const Attempt& attempt) const;

    /// Puts a wanted attempt into the line, as of that class. `due`: see Waiting.
    void put(const Attempt& attempt, WorkClass work, WallTime due, WallTime now);
    void leave(std::int64_t attempt_id) { line_.erase(attempt_id); }
    /// Until when limits hold such an order, if it were the first in the line; empty: they do not.
    [[nodiscard]] std::optional<WallTime> held_until(const OrderKeys& keys, WorkClass work,
                                                     WallTime now) const;
    /// Who waits here, in no order.
    [[nodiscard]] std::vector<std::int64_t> members() const;
    /// The next that may order, with its tokens taken in memory.
    [[nodiscard]] std::optional<Waiting> take(WallTime now) { return line_.take(budget_, now); }
    /// It did not go after all.
    void undo(const Waiting& waiting) { budget_.give_back(charges_of(waiting.keys)); }
    /// When take() may give somebody.
    [[nodiscard]] std::optional<WallTime> next_at(WallTime now) const {
        return line_.next_at(budget_, now);
    }

    /// Of take(): the same in the store.
    [[nodiscard]] BudgetRows reservation(const OrderKeys& keys, WallTime now) const;
    /// Once more, in memory and in the store.
    [[nodiscard]] BudgetRows reserve_again(const OrderKeys& keys, WallTime now);
    [[nodiscard]] BudgetRows return_of(const OrderKeys& keys);
    [[nodiscard]] BudgetRows failure_of(const OrderKeys& keys, WallTime now);
    [[nodiscard]] BudgetRows success_of(const OrderKeys& keys);
    /// Closes the bucket that the CA meant, or parks the class.
    [[nodiscard]] BudgetRows reached(const ReachedLimit& limit, WorkClass work, std::string words);

    void change(const LimitChange& change, WallTime now);
    /// Forgets buckets that have been full for long.
    void tidy(WallTime now);
    [[nodiscard]] QueueView view(WallTime now) const;
    [[nodiscard]] std::size_t waiting() const noexcept { return line_.size(); }

private:
    Gate(PublicSuffixes suffixes, std::string directory, std::string preset, Budget budget)
        : suffixes_(std::move(suffixes)),
          directory_(std::move(directory)),
          preset_(std::move(preset)),
          budget_(std::move(budget)) {}

    /// A charge with what its bucket is like now: what rows need.
    struct Rated {
        Charge charge;
        Rate rate;
    };
    [[nodiscard]] std::vector<Rated> rated(const std::vector<Charge>& charges) const;
    [[nodiscard]] BudgetRows taking(std::vector<Rated> charges, WallTime now) const;

    PublicSuffixes suffixes_;
    std::string directory_;
    std::string preset_;
    Budget budget_;
    WaitingLine line_;
};

[[nodiscard]] WorkClass class_of(const Attempt& attempt) noexcept;

/// The budget as the store has it. Errors: those of the store; Corrupt a limit that makes no sense.
[[nodiscard]] Result<Budget> load_budget(store::Database& database, const std::string& directory,
                                         const Allowances& preset, WallTime now);
/// Writes an operator's word, and the buckets that it is about, rescaled. Errors: Invalid it makes
/// no sense; NotFound nothing was set that could be taken back.
[[nodiscard]] Result<void> write_limit(store::Writer& writer, const std::string& directory,
                                       const Allowances& preset, const LimitChange& change);

}  // namespace hairpin::acme
