#include "acme/account.hpp"

#include <algorithm>
#include <utility>

#include "core/log.hpp"

namespace hairpin::acme {

Account::Account(net::Loop& loop, Client& client, const Clock& clock, store::Committer& committer,
                 store::Database& database, const Sealer& sealer, AccountSettings settings)
    : loop_(loop),
      client_(client),
      clock_(clock),
      committer_(committer),
      queries_(database),
      sealer_(sealer),
      settings_(std::move(settings)) {}

void Account::ensure(Then then) {
    if (client_.has_account()) return then(nullptr);
    if (failure_ && clock_.monotonic() < failure_stands_until_) return then(&*failure_);
    waiting_.push_back(std::move(then));
    if (waiting_.size() > 1) return;  // It is under way.
    if (key_) return register_key();
    load_or_make_key();
}

void Account::forget() {
    if (key_) client_.use_account(*key_, "");
}

void Account::load_or_make_key() {
    const auto row = queries_.account(settings_.directory);
    if (!row) return settle(judge(row.error(), "reading the account"));
    if (!*row) {
        auto made = SigningKey::generate();
        if (!made) return settle(judge(made.error(), "making the account's key"));
        key_ = std::move(*made);
        return save("", [this] { register_key(); });
    }
    const auto der =
        sealer_.open((*row)->key_sealed, store::account_key_context(settings_.directory));
    auto key = der ? SigningKey::from_pkcs8(*der) : fail(der.error());
    if (!key) {
        Verdict verdict = judge(key.error(), "opening the account's key");
        verdict.remedy = Remedy::PersonNeeded;
        verdict.text += " (is the master key file the one that belongs to this database?)";
        return settle(std::move(verdict));
    }
    key_ = std::move(*key);
    if ((*row)->url.empty()) return register_key();
    client_.use_account(*key_, (*row)->url);
    settle(std::nullopt);
}

void Account::save(std::string url, std::function<void()> then) {
    store::AcmeAccountRow row;
    row.directory = settings_.directory;
    row.key_sealed = sealer_.seal(key_->pkcs8(), store::account_key_context(settings_.directory));
    row.url = std::move(url);
    store::Work work;
    work.rows = [row = std::move(row)](store::Writer& writer, zones::Change&) {
        return put_account(writer, row);
    };
    auto on_loop = [weak = weak_from_this(),
                    then = std::move(then)](const std::optional<Error>& error) {
        const auto self = weak.lock();
        if (!self) return;
        if (!error) return then();
        self->settle(judge(*error, "storing the account"));
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

void Account::register_key() {
    client_.use_account(*key_, "");
    client_.register_account(
        settings_.contacts, [weak = weak_from_this()](CaResult<std::string> url) {
            const auto self = weak.lock();
            if (!self) return;
            if (!url) return self->settle(judge(url.error(), "registering with the CA"));
            log::logger("acme").info("account {} at {}", *url, self->settings_.directory);
            self->save(*url, [account = self.get(), where = *url] {
                account->client_.use_account(*account->key_, where);
                account->settle(std::nullopt);
            });
        });
}

void Account::settle(std::optional<Verdict> failure) {
    failure_ = std::move(failure);
    if (failure_) {
        // A key that was made and could not be stored must not be registered.
        if (!client_.has_account()) key_.reset();
        const Milliseconds asked = failure_->not_before.value_or(Milliseconds(0));
        failure_stands_until_ = clock_.monotonic() + std::max(settings_.failure_pause, asked);
    }
    for (Then& each : std::exchange(waiting_, {}))
        each(failure_ ? &*failure_ : nullptr);
}

}  // namespace hairpin::acme
