// A new key for the account: see account.hpp.
//
//   ensure -> quiet -> next key stored -> silence -> keyChange --> yes -----------> next key taken
//                                                             |-> no, or no answer
//                                                             v
//   (at the start, where a next key is stored) -> whose is the account? --> next key taken
//                                                                       |-> old key kept
//                                                                       +-> no answer: asked again
//                                                                           by the next ensure()

#include <utility>

#include "acme/account.hpp"
#include "core/log.hpp"

namespace hairpin::acme {
namespace {

// Challenges and requests of the old key are waited for, but not for ever.
constexpr Milliseconds kLookForSilence{50};
constexpr Milliseconds kLongestWait{60'000};

bool is_unknown_account(const CaFailure& failure) {
    return failure.problem.type == "accountDoesNotExist";
}

}  // namespace

void Account::roll_over(zones::Actor actor, std::function<bool()> is_quiet, Then then) {
    if (rolled_over_) {
        const Verdict busy{Remedy::TryAgain, "busy", "a rollover is under way already", {}};
        return then(&busy);
    }
    rolled_over_ = std::move(then);
    is_quiet_ = std::move(is_quiet);
    ensure([this, actor = std::move(actor)](const Verdict* failure) {
        if (failure == nullptr) {
            silence_by_ = clock_.monotonic() + kLongestWait;
            rolled_by_ = actor;
            return wait_for_quiet();
        }
        const Verdict why = *failure;
        std::exchange(rolled_over_, {})(&why);
    });
}

/// Orders go on meanwhile, so that they come to an end.
void Account::wait_for_quiet() {
    if (is_quiet_() || clock_.monotonic() >= silence_by_) return begin_rollover();
    look_again();
}

void Account::look_again() {
    if (silence_timer_) return silence_timer_.again(kLookForSilence);
    silence_timer_ = loop_.add_timer(kLookForSilence, Milliseconds(0), [this] {
        is_rolling_ ? wait_for_silence() : wait_for_quiet();
    });
}

void Account::begin_rollover() {
    is_rolling_ = true;
    auto made = SigningKey::generate();
    if (!made) return end_rollover(judge(made.error(), "making the account's next key"));
    next_ = std::move(*made);
    store::Work work;
    work.change.actor = rolled_by_;
    work.change.reason = "a new key for the account at the CA";
    work.audit = {"acme.rollover", url_};
    silence_by_ = clock_.monotonic() + kLongestWait;
    save(std::move(work), url_, [this] { wait_for_silence(); });
}

void Account::wait_for_silence() {
    if (client_.is_idle() || clock_.monotonic() >= silence_by_) {
        if (silence_timer_) silence_timer_.pause();
        return change_key();
    }
    look_again();
}

void Account::change_key() {
    client_.change_key(*next_, [weak = weak_from_this()](const CaResult<void>& changed) {
        const auto self = weak.lock();
        if (!self) return;
        if (changed) return self->take_next_key();
        self->find_out(judge(changed.error(), "changing the account's key"));
    });
}

/// @param failure  Of the change, which may have been made all the same.
void Account::find_out(std::optional<Verdict> failure) {
    client_.find_account(*next_, [weak = weak_from_this(), failure = std::move(failure)](
                                     const CaResult<std::string>& url) mutable {
        const auto self = weak.lock();
        if (!self) return;
        if (url) return self->take_next_key();
        if (is_unknown_account(url.error())) return self->find_out_about_old(std::move(failure));
        self->end_rollover(judge(url.error(), "finding out which key the account has"));
    });
}

void Account::find_out_about_old(std::optional<Verdict> failure) {
    client_.find_account(*key_, [weak = weak_from_this(), failure = std::move(failure)](
                                    const CaResult<std::string>& url) mutable {
        const auto self = weak.lock();
        if (!self) return;
        // Known to neither: the old one is registered again by the next order.
        if (url || is_unknown_account(url.error())) return self->keep_old_key(std::move(failure));
        self->end_rollover(judge(url.error(), "finding out which key the account has"));
    });
}

void Account::keep_old_key(std::optional<Verdict> failure) {
    next_.reset();
    client_.use_account(*key_, url_);
    save({}, url_, [this, failure = std::move(failure)] { end_rollover(failure); });
}

void Account::take_next_key() {
    // It is the account's key by now. Where this cannot be stored, the next start finds it out.
    key_ = std::exchange(next_, std::nullopt);
    client_.use_account(*key_, url_);
    save({}, url_, [this] {
        log::logger("acme").info("account {} has a new key", url_);
        end_rollover(std::nullopt);
    });
}

/// With `next_` still there it is not known which key the account has: the next ensure() finds out.
void Account::end_rollover(std::optional<Verdict> failure) {
    is_rolling_ = false;
    if (failure && next_) {
        client_.use_account(*key_, "");
        key_.reset();
        next_.reset();
    }
    const Then tell = std::exchange(rolled_over_, {});
    if (tell) tell(failure ? &*failure : nullptr);
    // What waits does not share the failure of a change that was not made.
    settle(key_ ? std::nullopt : std::move(failure));
}

}  // namespace hairpin::acme
