// What an order asks for besides its names, and which of its chains is taken: see engine.hpp.

#include <utility>

#include "acme/chain_choice.hpp"
#include "acme/engine.hpp"
#include "acme/wishes.hpp"
#include "core/log.hpp"

namespace hairpin::acme {

Result<OrderWishes> Engine::wishes_of(const Job& job) {
    OrderWishes wishes;
    if (TRY(claim(job.attempt, *job.issuer, *job.seat))) wishes.replaces = job.attempt.replaces;
    wishes.profile = TRY(profile_of_attempt(job));
    return wishes;
}

Result<std::string> Engine::profile_of_attempt(const Job& job) {
    const Directory* directory = job.seat->client->directory();
    if (job.attempt.without_profile || directory == nullptr) return std::string();
    const auto server = TRY((*reader_)->server(job.attempt.server_id));
    const std::string name = server ? server->licence : std::string();
    const auto licence = TRY((*reader_)->licence(name));
    const std::string own = licence ? licence->certificate_profile : std::string();
    const std::string& usual = job.issuer->options().profile;
    const std::string_view wanted =
        own.empty() ? profile_of(options_.licence_profiles, name, usual) : std::string_view(own);
    // Only the first CA is known to have what is configured for all.
    const bool is_own = job.issuer == issuers_.front().get() || wanted == usual;
    ProfileChoice choice = choose_profile(wanted, directory->profiles);
    if (is_own && !choice.warning.empty() && choice.warning != profile_warning_)
        log::logger("acme").warn("the CA has no profile {}", profile_warning_ = choice.warning);
    return std::move(choice.name);
}

void Engine::place_order(const JobRef& job) {
    if (job->may_have_ordered) return reserve_again(job);
    with_account(job, [this, job] {
        Client& client = *job->seat->client;
        client.ensure_directory([this, job, &client](const CaResult<void>& there) {
            if (!good(job, there, "reading the CA's directory")) return;
            const auto wishes = wishes_of(*job);
            if (!wishes) return give_up(job, judge(wishes.error(), "placing the order"));
            job->may_have_ordered = true;
            client.place_order(names_of(job->attempt), *wishes,
                               [this, job, wishes = *wishes](const CaResult<SeenOrder>& placed) {
                                   order_placed(job, wishes, placed);
                               });
        });
    });
}

void Engine::order_placed(const JobRef& job, const OrderWishes& wishes,
                          const CaResult<SeenOrder>& placed) {
    const auto less = placed ? std::nullopt : less_after(placed.error(), wishes);
    if (less) {
        const Problem& problem = placed.error().problem;
        if (less->profile) {
            log::logger("acme").warn("{}: ordered without the profile {}, the CA refused it: {}",
                                     job->attempt.public_name, wishes.profile, problem.detail);
            job->seat->client->directory_is_old();
        } else {
            log::logger("acme").info("{}: ordered without naming its predecessor: {}",
                                     job->attempt.public_name, problem.detail);
        }
        give_tokens_back(job);
        return advance(job, *less, std::exchange(job->settlement, {}));
    }
    if (!placed) return order_refused(job, placed.error());
    note_trouble({});
    if (placed->order.status == OrderStatus::Invalid)
        return give_up(job, {Remedy::TryAgain,
                             "unexpected-state",
                             "the CA gave an order that is invalid already",
                             {}});
    job->seen = *placed;
    advance(job, OrderPlaced{{placed->url, placed->order.finalize},
                             placed->order.expires,
                             job->seat->client->account_url()});
}

/// @param others  Chains that were not looked at yet.
void Engine::choose_chain(const JobRef& job, const std::string& default_pem, const std::string& pem,
                          std::vector<std::string> others) {
    const std::string& wanted = job->issuer->options().preferred_chain;
    if (wanted.empty() || root_of_chain(pem) == wanted) return take_chain(job, pem);
    if (others.empty()) {
        log::logger("acme").warn(
            "{}: the CA has no chain to \"{}\", so its own choice is taken, to \"{}\"",
            job->attempt.public_name, wanted, root_of_chain(default_pem));
        return take_chain(job, default_pem);
    }
    const std::string url = std::move(others.front());
    others.erase(others.begin());
    job->seat->client->download(
        url, [this, job, default_pem, others = std::move(others)](const CaResult<Downloaded>& got) {
            // One that is not to be had is passed over: there is a chain already.
            choose_chain(job, default_pem, got ? got->pem : std::string(), others);
        });
}

void Engine::take_chain(const JobRef& job, const std::string& pem) {
    if (pem.empty() || pem.size() > kMaxChainOctets)
        return give_up(
            job, judge(Error{ErrorCode::Limit, "certificate from the CA", "is empty or too large"},
                       "fetching the certificate"));
    advance(job, ChainFetched{pem});
}

}  // namespace hairpin::acme
