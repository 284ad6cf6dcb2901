// dnsd/notify_schedule.hpp - which NOTIFY goes to whom, and when.
//
// One entry for each zone and secondary. A changed zone is told of at once, but not more often than
// every `min_interval`: what changes meanwhile is told in one NOTIFY with the newest serial. What
// is not answered is sent again with doubling pauses, and after `attempts` it rests until the zone
// changes again: the secondary's own refresh is the guarantee, a NOTIFY only makes it quick.
// It sends nothing itself (dnsd/notifier.hpp does) and has no clock.
//
//            changed            taken                 answered
//   Resting ---------> Waiting -------> InFlight ----------------> Resting
//                         ^                |  changed meanwhile, or no answer in time
//                         +----------------+  (given up after `attempts`: Resting)
//
// Standards RFC 1996 sections 3.6 (back-off, giving up) and 4.
// Threads   One.

#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/clock.hpp"
#include "core/ip_address.hpp"
#include "dnsd/codes.hpp"
#include "zones/name.hpp"

namespace hairpin::dnsd {

struct NotifyPolicy {
    Milliseconds min_interval{300};   // Between two NOTIFYs of one zone to one secondary.
    Milliseconds first_retry{1'000};  // Doubled with each try.
    Milliseconds longest_retry{60'000};
    unsigned attempts = 7;  // Over about two minutes.
};

enum class NotifyState : std::uint8_t { Resting, Waiting, InFlight };

/// What came of the last NOTIFY of a zone to a secondary.
enum class NotifyResult : std::uint8_t {
    None,          // None was sent yet, or its answer is still waited for.
    Acknowledged,  // NOERROR.
    Refused,       // Any other RCODE.
    NoAnswer,      // Given up.
    Failed,        // The kernel would not send it.
};
[[nodiscard]] std::string_view to_string(NotifyState state) noexcept;
[[nodiscard]] std::string_view to_string(NotifyResult result) noexcept;

struct NotifyStanding {
    NotifyState state = NotifyState::Resting;
    MonotonicTime at{};  // Waiting: when it may go. InFlight: when it goes again.
    MonotonicTime sent_at{};
    unsigned tries = 0;        // Of the NOTIFY that is in flight.
    bool is_outdated = false;  // InFlight: the zone changed after it was sent.
    bool was_sent = false;     // At any time.
    NotifyResult result = NotifyResult::None;
    Rcode rcode = Rcode::NoError;    // Of the last answer.
    std::uint32_t acknowledged = 0;  // The serial that was; 0: none.
    std::uint32_t serial_in_flight = 0;
};

class NotifySchedule {
public:
    /// Apex in lower-case wire form, and where the secondary is.
    struct Target {
        std::string apex;
        Endpoint secondary;
        friend auto operator<=>(const Target&, const Target&) = default;
    };
    [[nodiscard]] static Target target(const zones::Name& apex, const Endpoint& secondary);

    explicit NotifySchedule(const NotifyPolicy& policy) noexcept : policy_(policy) {}

    /// The zone has changed: the secondary is to be told.
    void changed(const Target& target, MonotonicTime now);
    /// Something that kept the secondary from being told is over, or may be: it is told now, and a
    /// NOTIFY in flight starts anew.
    void wake(const Target& target, MonotonicTime now);
    /// The zone is gone, or this is no secondary of it any more.
    void forget(const Target& target);

    /// When take_due() has something; nullopt: never, as it is now.
    [[nodiscard]] std::optional<MonotonicTime> next() const noexcept;
    struct Due {
        std::vector<Target> targets;   // To be sent to now.
        std::vector<Target> given_up;  // Not answered, the last repetition included.
    };
    /// At most `most` targets. Each is in flight from here on; the caller says with what serial, or
    /// that it could not be sent.
    [[nodiscard]] Due take_due(MonotonicTime now, std::size_t most);
    void sent(const Target& target, std::uint32_t serial);
    void not_sent(const Target& target, MonotonicTime now);
    /// An answer to the NOTIFY in flight. One that comes late or twice changes nothing.
    void answered(const Target& target, Rcode rcode, MonotonicTime now);

    [[nodiscard]] const NotifyStanding* find(const Target& target) const;
    /// Of one zone, and all: whom to look at when secondaries come and go.
    [[nodiscard]] std::vector<Target> targets_of(const zones::Name& apex) const;
    [[nodiscard]] std::vector<Target> targets() const;
    [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

private:
    using Entries = std::map<Target, NotifyStanding>;
    void move_to(Entries::iterator entry, NotifyState state, MonotonicTime at);
    void rest(Entries::iterator entry, NotifyResult result, MonotonicTime now);
    [[nodiscard]] Milliseconds pause_after(unsigned tries) const noexcept;

    const NotifyPolicy policy_;
    Entries entries_;
    std::set<std::pair<MonotonicTime, Target>> queue_;  // Of those not resting.
};

}  // namespace hairpin::dnsd
