// hooks/event_bell.hpp - wakes who follows events, when there are new ones.
//
// It carries no event: who is woken reads the store from where it was. So a ring that comes twice,
// or late, is no harm, and a slow reader holds up nobody.
//
// Threads   All of it from any thread. Callbacks run on the thread that rings, without a lock held,
//           and must only hand over; one may still run when its subscription is dropped.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>

namespace hairpin::hooks {

enum class Ring : std::uint8_t {
    Events,  // There are new ones.
    Hooks,   // A web-hook was made, changed or removed.
    End,     // Hairpin stops: who waits is to be sent home.
};

class EventBell {
public:
    EventBell();
    ~EventBell();
    EventBell(const EventBell&) = delete;
    EventBell& operator=(const EventBell&) = delete;

    void ring(Ring ring) const;
    /// Until the result is dropped.
    [[nodiscard]] std::shared_ptr<void> subscribe(std::function<void(Ring)> callback);

private:
    struct Subscribers;
    std::shared_ptr<Subscribers> subscribers_;
};

}  // namespace hairpin::hooks
