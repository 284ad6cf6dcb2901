// The account at the CA: /v1/acme/account/..

#include <memory>
#include <utility>

#include "admin/handlers.hpp"

namespace hairpin::admin {

void post_account_rollover(Api& api, std::shared_ptr<Exchange> exchange) {
    CertificateDesk* desk = api.context().certificates;
    if (desk == nullptr)
        return api.respond(*exchange,
                           Problem(ProblemType::Unavailable, "no CA is configured here"));
    desk->roll_over_account(actor_of(*exchange->call.caller, exchange->call.request.peer, "rest"),
                            [back = api.way_back(), exchange](Result<void> done) {
                                back.post([exchange, done = std::move(done)](Api& self) {
                                    if (!done)
                                        return self.respond(*exchange, Problem(done.error()));
                                    self.respond(*exchange, net::Response{204, {}, {}});
                                });
                            });
}

}  // namespace hairpin::admin
