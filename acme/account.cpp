#include "acme/account.hpp"

#include <algorithm>
#include <utility>

#include "core/log.hpp"

namespace hairpin::acme {
namespace {

constexpr Milliseconds kFirstFailurePause{500};
constexpr int kMostDoublings = 10;

}  // namespace

Account::Account(net::Loop& loop, Client& client, const Clock& clock, store::Committer& committer,
                 store::Database& database, const Sealer& sealer, AccountSettings settings)
    : loop_(loop),
      client_(client),
      clock_(clock),
      committer_(committer),
      database_(database),
      sealer_(sealer),
      settings_(std::move(settings)),
      row_id_(settings_.row_id) {}

void Account::ensure(Then then) {
    if (!is_rolling_) {
        if (client_.has_account()) return then(nullptr);
        if (failure_ && clock_.monotonic() < failure_stands_until_) return then(&*failure_);
    }
    waiting_.push_back(std::move(then));
    if (waiting_.size() > 1 || is_rolling_) return;  // It is under way.
    if (key_) return register_key();
    load_or_make_key();
}

void Account::forget() {
    if (key_ && !is_rolling_) client_.use_account(*key_, "");
}

Result<std::optional<store::AcmeAccountRow>> Account::read_row() {
    if (row_id_ == 0) return account_in_role(database_, settings_.directory, settings_.role);
    for (store::AcmeAccountRow& each : TRY(accounts_of(database_, settings_.directory)))
        if (each.id == row_id_) return std::optional(std::move(each));
    return std::optional<store::AcmeAccountRow>();
}

void Account::load_or_make_key() {
    const auto row = read_row();
    if (!row) return settle(judge(row.error(), "reading the account"));
    if (!*row) {
        auto made = SigningKey::generate();
        if (!made) return settle(judge(made.error(), "making the account's key"));
        key_ = std::move(*made);
        return save({}, "", [this] { register_key(); });
    }
    const auto open = [&](OctetView sealed) -> Result<SigningKey> {
        const Octets der =
            TRY(sealer_.open(sealed, store::account_key_context(settings_.directory)));
        return SigningKey::from_pkcs8(der);
    };
    auto key = open((*row)->key_sealed);
    std::optional<Error> trouble;
    if (!key) trouble = key.error();
    if (!trouble && !(*row)->next_key_sealed.empty()) {
        auto next = open((*row)->next_key_sealed);
        if (next) {
            next_ = std::move(*next);
        } else {
            trouble = next.error();
        }
    }
    if (trouble) {
        Verdict verdict = judge(*trouble, "opening the account's key");
        verdict.remedy = Remedy::PersonNeeded;
        verdict.text += " (is the master key file the one that belongs to this database?)";
        return settle(std::move(verdict));
    }
    key_ = std::move(*key);
    url_ = (*row)->url;
    row_id_ = (*row)->id;
    if (next_) return find_out(std::nullopt);
    if (url_.empty()) return find_or_register();
    client_.use_account(*key_, url_);
    settle(std::nullopt);
}

/// `work` may hold more; the account's row is added. Errors end what waits.
void Account::save(store::Work work, std::string url, std::function<void()> then) {
    const std::string context = store::account_key_context(settings_.directory);
    store::AcmeAccountRow row;
    row.id = row_id_;
    row.directory = settings_.directory;
    row.role = settings_.role;
    row.key_sealed = sealer_.seal(key_->pkcs8(), context);
    if (next_) row.next_key_sealed = sealer_.seal(next_->pkcs8(), context);
    row.url = std::move(url);
    auto id = std::make_shared<std::int64_t>(row_id_);
    work.rows = [row = std::move(row), id](store::Writer& writer, zones::Change&) -> Result<void> {
        *id = TRY(put_account(writer, row));
        return {};
    };
    auto on_loop = [weak = weak_from_this(), id,
                    then = std::move(then)](const std::optional<Error>& error) {
        const auto self = weak.lock();
        if (!self) return;
        if (!error) self->row_id_ = *id;
        if (!error) return then();
        Verdict verdict = judge(*error, "storing the account");
        if (self->is_rolling_) return self->end_rollover(std::move(verdict));
        self->settle(std::move(verdict));
    };
    committer_.submit(std::move(work), [weak = weak_from_this(), on_loop = std::move(on_loop)](
                                           Result<store::WorkReceipt, store::WorkRefusal> done) {
        std::optional<Error> error;
        if (!done) error = store::to_error(done.error());
        // Whoever owns the account keeps its loop as long.
        if (const auto self = weak.lock())
            self->loop_.post([on_loop, error = std::move(error)] { on_loop(error); });
    });
}

/// A key from an earlier run may be registered though we were not told: a binding can be used once,
/// so it is not spent on an account that is there.
void Account::find_or_register() {
    if (settings_.binding.kid.empty()) return register_key();
    client_.find_account(*key_, [weak = weak_from_this()](const CaResult<std::string>& url) {
        const auto self = weak.lock();
        if (!self) return;
        if (!url) return self->register_key();
        self->url_ = *url;
        self->save({}, *url, [account = self.get()] {
            account->client_.use_account(*account->key_, account->url_);
            account->settle(std::nullopt);
        });
    });
}

void Account::register_key() {
    client_.use_account(*key_, "");
    client_.register_account(
        settings_.contacts, settings_.binding,
        [weak = weak_from_this()](CaResult<std::string> url) {
            const auto self = weak.lock();
            if (!self) return;
            if (!url) {
                Verdict verdict = judge(url.error(), "registering with the CA");
                if (!self->settings_.binding.kid.empty() &&
                    url.error().kind == CaFailure::Kind::Refused && url.error().status < 429)
                    verdict.text +=
                        " (check [acme] eab_kid and eab_key_file; most CAs take a kid "
                        "once only)";
                return self->settle(std::move(verdict));
            }
            log::logger("acme").info("account {} at {}", *url, self->settings_.directory);
            self->url_ = *url;
            self->save({}, *url, [account = self.get()] {
                account->client_.use_account(*account->key_, account->url_);
                account->settle(std::nullopt);
            });
        });
}

void Account::examine(
    std::function<void(AccountStanding standing, const std::string& words)> then) {
    if (!key_ || is_rolling_) return then(AccountStanding::Unclear, "its key is not at hand");
    client_.find_account(*key_, [then = std::move(then)](const CaResult<std::string>& url) {
        if (url) return then(AccountStanding::Good, "");
        // RFC 8555 section 7.3.6: of a deactivated account all is refused, as "unauthorized".
        const bool is_refused = url.error().problem.type == "unauthorized";
        then(is_refused ? AccountStanding::Refused : AccountStanding::Unclear,
             judge(url.error(), "looking up our account").text);
    });
}

/// Once for each thing that is wrong. An event that cannot be stored is lost: what the store says
/// of itself is more urgent then.
void Account::tell_of_trouble() {
    const std::string text = failure_ ? failure_->text : std::string();
    if (std::exchange(told_, text) == text || text.empty()) return;
    store::Work work;
    work.rows = [directory = settings_.directory, text](store::Writer& writer, zones::Change&) {
        store::Event event{store::EventKind::AcmeAccountTrouble, "", directory, {}};
        event.data.begin_object();
        event.data.member("directory", directory);
        event.data.member("problem", text);
        event.data.end_object();
        return writer.tell(std::move(event));
    };
    committer_.submit(std::move(work), {});
}

Milliseconds Account::failure_pause() {
    if (failure_->remedy == Remedy::PersonNeeded) return settings_.failure_pause;
    const int doublings = std::min(passing_failures_++, kMostDoublings);
    return std::min(kFirstFailurePause * (1 << doublings), settings_.failure_pause);
}

void Account::settle(std::optional<Verdict> failure) {
    failure_ = std::move(failure);
    tell_of_trouble();
    if (failure_) {
        // A key that was made and could not be stored must not be registered.
        if (!client_.has_account()) key_.reset();
        const Milliseconds asked = failure_->not_before.value_or(Milliseconds(0));
        failure_stands_until_ = clock_.monotonic() + std::max(failure_pause(), asked);
    } else {
        passing_failures_ = 0;
    }
    for (Then& each : std::exchange(waiting_, {}))
        each(failure_ ? &*failure_ : nullptr);
}

}  // namespace hairpin::acme
