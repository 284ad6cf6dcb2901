#include "dnsd/counters.hpp"

namespace hairpin::dnsd {
namespace {

template <typename Sum, std::size_t size>
void add(std::array<Sum, size>& sums, const std::array<Sum, size>& others) noexcept {
    for (std::size_t each = 0; each < size; ++each)
        sums[each] += others[each];
}

}  // namespace

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
    tcp_accepted += other.tcp_accepted;
    tcp_refused += other.tcp_refused;
    tcp_timed_out += other.tcp_timed_out;
    tcp_open += other.tcp_open;
    transfers_whole += other.transfers_whole;
    transfers_incremental += other.transfers_incremental;
    transfers_refused += other.transfers_refused;
}

}  // namespace hairpin::dnsd
