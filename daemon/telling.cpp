#include "daemon/telling.hpp"

#include <utility>

#include "store/acme_rows.hpp"
#include "store/reader.hpp"

namespace hairpin::daemon {

void Telling::hear(store::CommitterOptions& options) {
    options.on_events = [this](std::int64_t) { bell_.ring(hooks::Ring::Events); };
    options.on_webhooks = [this] { bell_.ring(hooks::Ring::Hooks); };
}

Result<void> Telling::start(const Config& config, admin::ApiContext& context, net::Loop& main,
                            acme::Certificates* certificates) {
    hooks::TellerOptions options;
    options.database_path = config.database_path();
    options.also_allowed = config.webhooks_allow_private;
    options.ca_file = config.webhooks_ca_file;
    options.user_agent = "hairpin/" HAIRPIN_VERSION;
    teller_ = TRY(
        hooks::Teller::start(std::move(options), context.clock, context.committer, context.sealer));
    teller_news_ = bell_.subscribe([teller = teller_.get()](hooks::Ring ring) {
        if (ring == hooks::Ring::Events) teller->wake();
        if (ring == hooks::Ring::Hooks) teller->look_at_hooks();
    });
    teller_->look_at_hooks();  // What was not told before the last end.
    context.bell = &bell_;
    context.teller = teller_.get();
    if (certificates == nullptr) return {};
    alarms_ =
        admin::AlarmSweep::start(context, main, TRY(store::Reader::open(config.database_path())));
    alarm_news_ = certificates->subscribe([this, &main](std::int64_t server_id) {
        if (server_id == store::kOurselves) return;
        main.post([this, server_id] {
            if (alarms_) alarms_->look_at(server_id);
        });
    });
    return {};
}

void Telling::stop() {
    alarm_news_ = {};
    alarms_.reset();
    teller_news_.reset();
    if (teller_) teller_->stop();
}

}  // namespace hairpin::daemon
