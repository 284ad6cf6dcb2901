// dnsd/transfer_limits.hpp - how many transfers run at once, and how fast a peer has to take one.
//
// There is no limit on a transfer's whole time: a large zone over a slow line takes hours and is
// welcome, while a peer that has stopped reading goes within a window.
//
// Standards RFC 5936 sections 2.2 and 4.1.
// Threads   TransferLimits: a value. TransferSlots: any thread; one for all workers.

#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "core/clock.hpp"
#include "core/guarded.hpp"
#include "core/ip_address.hpp"

namespace hairpin::dnsd {

struct TransferLimits {
    /// Of all workers together. Over it: SERVFAIL, for it is no refusal; secondaries ask again.
    std::size_t at_once = 128;
    /// Of those, by one IPv4 address or one IPv6 /64.
    std::size_t per_client = 50;
    /// Messages are filled up to this; one record that is larger makes a larger message.
    std::size_t message_octets = 16'384;
    /// In each such time ..
    Milliseconds window{10'000};
    /// .. the peer acknowledges at least this many octets (at TCP's level), or it is let go.
    std::size_t octets_per_window = 10'240;
    /// A difference over this many octets in memory is not sent; the whole zone is.
    std::size_t difference_octets = 8u << 20;
    /// How long the journal may be read before the whole zone is sent instead.
    Milliseconds history{10'000};
};

/// Counts what runs. It outlives its slots.
class TransferSlots {
public:
    explicit TransferSlots(const TransferLimits& limits)
        : at_once_(limits.at_once), per_client_(limits.per_client) {}

    /// The right to run one transfer, given back when it is destroyed.
    class Slot {
    public:
        Slot(Slot&& other) noexcept
            : slots_(std::exchange(other.slots_, nullptr)), client_(other.client_) {}
        Slot& operator=(Slot&& other) noexcept {
            std::swap(slots_, other.slots_);
            std::swap(client_, other.client_);
            return *this;
        }
        ~Slot() {
            if (slots_ != nullptr) slots_->give_back(client_);
        }

    private:
        friend class TransferSlots;
        Slot(TransferSlots& slots, const IpAddress& client) : slots_(&slots), client_(client) {}
        TransferSlots* slots_;
        IpAddress client_;
    };

    /// @return nullopt over one of the limits.
    [[nodiscard]] std::optional<Slot> take(const IpAddress& address);
    [[nodiscard]] std::size_t running() const {
        return state_.with([](const State& state) { return state.all; });
    }

private:
    struct State {
        std::size_t all = 0;
        std::map<IpAddress, std::size_t> by_client;  // Never 0.
    };
    void give_back(const IpAddress& client) noexcept;

    const std::size_t at_once_;
    const std::size_t per_client_;
    Guarded<State> state_;
};

}  // namespace hairpin::dnsd
