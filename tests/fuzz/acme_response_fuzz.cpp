// Everything that a CA can send us: JSON of each kind, times, nonces, chains, and answers of our
// own listeners. What is read holds its bounds, and what reaches a person is printable.
//
// Input: one octet that chooses the reader, then the text.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "acme/account_messages.hpp"
#include "acme/chain.hpp"
#include "acme/chain_choice.hpp"
#include "acme/jws.hpp"
#include "acme/listener_check.hpp"
#include "acme/messages.hpp"
#include "acme/rate_limit.hpp"
#include "acme/renewal_window.hpp"
#include "acme/verdict.hpp"
#include "core/octets.hpp"
#include "zones/name.hpp"

namespace {

using namespace hairpin;

void require(bool condition, const char* what) {
    if (condition) return;
    std::fprintf(stderr, "broken: %s\n", what);
    std::abort();
}

bool is_printable(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

void check_error(const Error& error) {
    require(error.code == ErrorCode::Protocol || error.code == ErrorCode::Limit, "kind of error");
    require(is_printable(error.text()), "an error is not printable");
    require(error.text().size() < 1000, "an error is long");
}

void check_problem(const acme::Problem& problem) {
    require(is_printable(problem.type) && is_printable(problem.detail), "a problem's words");
    require(problem.detail.size() <= acme::kMaxDetail, "a problem's length");
    require(problem.instance.empty() || acme::is_usable_url(problem.instance), "instance");
    const acme::Verdict verdict = acme::judge(problem, "the order");
    require(is_printable(verdict.text), "a verdict is not printable");
    require(verdict.text.size() < 4096, "a verdict is long");
}

void read_order(std::string_view text) {
    const auto order = acme::read_order(text);
    if (!order) return check_error(order.error());
    require(acme::is_usable_url(order->finalize), "finalize");
    require(order->status != acme::OrderStatus::Valid || acme::is_usable_url(order->certificate),
            "a valid order without a certificate");
    require(order->authorizations.size() <= acme::kMaxAuthorizations, "authorizations");
    for (const auto& url : order->authorizations)
        require(acme::is_usable_url(url), "authorization URL");
    if (order->error) check_problem(*order->error);
}

void read_authorization(std::string_view text) {
    const auto authorization = acme::read_authorization(text);
    if (!authorization) return check_error(authorization.error());
    if (authorization->error) check_problem(*authorization->error);
    if (!authorization->dns01) return;
    require(acme::is_nonce(authorization->dns01->token), "token");
    require(acme::is_usable_url(authorization->dns01->url), "challenge URL");
    require(acme::dns01_value(authorization->dns01->token, "thumbprint").size() == 43, "TXT value");
}

void read_times(std::string_view text) {
    const WallTime now = from_unix_milliseconds(1'795'000'000'000);
    const auto pause = acme::read_retry_after(text, now);
    require(!pause || (pause->count() >= 0 && *pause <= Seconds(400LL * 24 * 3600)), "Retry-After");
    if (const auto at = from_rfc3339(text))
        require(from_rfc3339(to_rfc3339(*at)) == at, "a time does not read back");
}

/// Whatever the window, the plan is for a time at which the certificate is neither young nor nearly
/// over, or for now.
void read_window(std::string_view text) {
    const auto info = acme::read_renewal_info(text);
    if (!info) return check_error(info.error());
    require(info->window.start < info->window.end, "an empty window");
    require(info->explanation_url.empty() || acme::is_usable_url(info->explanation_url), "page");
    const WallTime now = from_unix_milliseconds(1'795'000'000'000);
    constexpr Seconds kDay{24 * 3600};
    const acme::RenewalFacts facts{now - kDay * 30, now + kDay * 60, now - kDay * 30, 7};
    const auto draw = static_cast<std::uint32_t>(text.size() * 2654435761U);
    const auto plan = acme::plan_renewal(facts, *info, std::nullopt, now, {}, now, draw);
    require(plan.renew_at >= now && plan.renew_at <= facts.not_after - kDay * 9, "renewal");
    require(plan.check_at > now && plan.check_at <= now + kDay * 2, "next question");
}

void read_links(std::string_view text) {
    const auto links = acme::alternate_links({{"link", std::string(text)}});
    require(links.size() <= acme::kMaxAlternates, "alternates");
    for (const std::string& link : links)
        require(acme::is_usable_url(link), "an alternate's URL");
    require(is_printable(acme::root_of_chain(text)), "a root's name");
    if (const auto key = acme::read_mac_key(text)) require(key->size() >= 16, "MAC key");
    if (const auto id = acme::cert_id(text)) require(id->find('.') != id->npos, "identifier");
}

void read_limit(std::string_view text) {
    const WallTime now = from_unix_milliseconds(1'795'000'000'000);
    acme::CaFailure failure;
    failure.kind = acme::CaFailure::Kind::Refused;
    failure.status = 429;
    failure.problem.detail = acme::printable(text);
    failure.retry_after = acme::read_retry_after(text, now);
    const acme::OrderKeys order{"example.net", "nur1.example.net", "i-nur1.example.net", false};
    const auto reached = acme::read_reached_limit(failure, order, now);
    require(
        reached.until >= now + acme::kShortestLimit && reached.until <= now + acme::kLongestLimit,
        "the date of a limit");
    if (!reached.bucket) return;
    auto known = acme::charges_of(order);
    const auto failures = acme::failure_charges_of(order);
    known.insert(known.end(), failures.begin(), failures.end());
    require(std::find(known.begin(), known.end(), *reached.bucket) != known.end(),
            "a bucket that is not the order's");
}

void read_chain(std::string_view text) {
    const acme::ChainExpectation expectation{
        {"nur1.example.net", "i-nur1.example.net"}, {}, from_unix_milliseconds(1'795'000'000'000)};
    const auto facts = acme::check_chain(text, expectation);
    require(!facts, "a chain for a key that nobody has");
    check_error(facts.error());
}

void read_txt_answer(OctetView message) {
    const acme::TxtQuestion question{*zones::Name::parse("_acme-challenge.nur1.example.net."), "v"};
    std::string why;
    const auto good = acme::read_txt_answer(message, 0x1234, question, why);
    require(!good || *good == why.empty(), "a refusal without words");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const OctetView octets(data + 1, size - 1);
    const std::string_view text = as_text(octets);
    switch (data[0] % 10) {
        case 0:
            if (const auto directory = acme::read_directory(text)) {
                require(acme::is_usable_url(directory->new_order), "newOrder");
            } else {
                check_error(directory.error());
            }
            break;
        case 1:
            read_order(text);
            break;
        case 2:
            read_authorization(text);
            break;
        case 3:
            if (const auto problem = acme::read_problem(text)) check_problem(*problem);
            static_cast<void>(acme::is_valid_account(text));
            break;
        case 4:
            read_times(text);
            read_limit(text);
            break;
        case 5:
            read_chain(text);
            break;
        case 6:
            read_txt_answer(octets);
            break;
        case 7:
            require(is_printable(acme::printable(text, 100)), "printable");
            break;
        case 8:
            read_window(text);
            break;
        default:
            read_links(text);
            break;
    }
    return 0;
}
