#include "dnsd/counters.hpp"

namespace hairpin::dnsd {
namespace {

template <typename Sum, std::size_t size>
void add(std::array<Sum, size>& sums, const std::array<Sum, size>& others) noexcept {
    for (std::size_t each = 0; each < size; ++each)
        sums[each] += others[each];
}

}  // namespace

UpdateOutcome update_outcome_of(Rcode rcode) noexcept {
    switch (rcode) {
        case Rcode::NoError:
            return UpdateOutcome::Done;
        case Rcode::NxDomain:
        case Rcode::YxDomain:
        case Rcode::YxRrset:
        case Rcode::NxRrset:
            return UpdateOutcome::Prerequisite;
        case Rcode::Refused:
            return UpdateOutcome::Refused;
        case Rcode::FormErr:
        case Rcode::NotZone:
        case Rcode::BadVers:
            return UpdateOutcome::Malformed;
        case Rcode::NotAuth:
            return UpdateOutcome::NotAuth;
        case Rcode::ServFail:
        case Rcode::NotImp:
        case Rcode::BadCookie:
            return UpdateOutcome::Failed;
    }
    return UpdateOutcome::Failed;
}

void ConnectionCounters::operator+=(const ConnectionCounters& other) noexcept {
    accepted += other.accepted;
    refused += other.refused;
    timed_out += other.timed_out;
    open += other.open;
    handshakes_failed += other.handshakes_failed;
}

void Counters::operator+=(const Counters& other) noexcept {
    add(received, other.received);
    add(silent, other.silent);
    add(responses, other.responses);
    add(outcomes, other.outcomes);
    add(tsig, other.tsig);
    add(cookies, other.cookies);
    add(opcodes, other.opcodes);
    add(response_octets, other.response_octets);
    add(latency, other.latency);
    zoneless += other.zoneless;
    truncated += other.truncated;
    udp_send_failed += other.udp_send_failed;
    rate_dropped += other.rate_dropped;
    rate_slipped += other.rate_slipped;
    rate_spared += other.rate_spared;
    tcp += other.tcp;
    tls += other.tls;
    transfers_whole += other.transfers_whole;
    transfers_incremental += other.transfers_incremental;
    transfers_refused += other.transfers_refused;
    add(updates, other.updates);
    updates_repeated += other.updates_repeated;
    updates_in_flight += other.updates_in_flight;
    observed += other.observed;
    observed_dropped += other.observed_dropped;
}

}  // namespace hairpin::dnsd
