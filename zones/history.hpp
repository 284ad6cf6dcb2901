// zones/history.hpp - who knows how a zone came from one serial to another.
//
// An interface only, so that dnsd can send incremental transfers without knowing that a database
// exists: it asks and goes on serving; the answer comes later, from another thread. store/history
// implements it over the journal.
//
// Standards RFC 1995.
// Threads   ask() from any thread. See ask() for where the answer comes.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "core/result.hpp"
#include "zones/edit.hpp"
#include "zones/name.hpp"

namespace hairpin::zones {

struct HistoryRequest {
    Name apex;
    std::uint32_t from = 0;       // The serial that somebody has.
    std::uint32_t to = 0;         // The serial of the snapshot that is sent; not `from`.
    std::size_t most_octets = 0;  // More in memory than this is not worth it: TooLarge.
};

/// Why there is no difference. All of them mean: send the whole zone.
enum class NoHistory : std::uint8_t {
    Gone,         // Pruned, never there, or the zone was dropped and made anew in between.
    TooLarge,     // Over HistoryRequest::most_octets.
    Busy,         // Too many ask.
    Unavailable,  // The store cannot be read, or it is being stopped.
};

class HistorySource {
public:
    /// All steps between the two serials as one difference (zones/condensed.hpp).
    using Answer = Result<ZoneDifference, NoHistory>;
    using Done = std::function<void(Answer)>;

    virtual ~HistorySource() = default;
    /// `done` is called exactly once: on a thread of the source, or (Busy, Unavailable) on the
    /// caller's inside this call. It must be quick and never wait.
    virtual void ask(const HistoryRequest& request, Done done) = 0;
};

/// A secondary was heard to hold a serial: it asked for what is after it, or was sent all of it.
struct Held {
    Name apex;
    std::string follower;  // Its address, and its key's name: "192.0.2.53 key upd."
    std::uint32_t serial = 0;
};

/// Who wants to know, so that the history from there on is kept.
class FollowerSink {
public:
    virtual ~FollowerSink() = default;
    /// From any thread; only hands over.
    virtual void holds(Held held) = 0;
};

}  // namespace hairpin::zones
