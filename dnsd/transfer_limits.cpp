#include "dnsd/transfer_limits.hpp"

#include "dnsd/counted_address.hpp"

namespace hairpin::dnsd {

std::optional<TransferSlots::Slot> TransferSlots::take(const IpAddress& address) {
    const IpAddress client = counted_address(address);
    const bool taken = state_.with([&](State& state) {
        const auto known = state.by_client.find(client);
        const std::size_t of_client = known == state.by_client.end() ? 0 : known->second;
        if (state.all >= at_once_ || of_client >= per_client_) return false;
        ++state.all;
        ++state.by_client[client];
        return true;
    });
    if (!taken) return std::nullopt;
    return Slot(*this, client);
}

void TransferSlots::give_back(const IpAddress& client) noexcept {
    state_.with([&](State& state) {
        --state.all;
        const auto known = state.by_client.find(client);
        if (--known->second == 0) state.by_client.erase(known);
    });
}

}  // namespace hairpin::dnsd
