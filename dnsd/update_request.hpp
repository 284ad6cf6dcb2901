// dnsd/update_request.hpp - a signed UPDATE as whoever decides and makes it durable gets it, and
// what comes back.
//
// A plain value: the message is read (dnsd/update_message.hpp) and its signature verified; whether
// its key may do that, and whether the zone allows it, is for the sink to say. dnsd knows no other
// way to change anything.
//
// Standards RFC 2136 sections 2 and 3; RFC 3007 section 3 (authority by key).
// Threads   Values. UpdateSink::submit may be called from any thread.

#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "core/ip_address.hpp"
#include "dnsd/codes.hpp"
#include "dnsd/counters.hpp"
#include "zones/change.hpp"
#include "zones/name.hpp"

namespace hairpin::dnsd {

struct UpdateRequest {
    /// Apex, prerequisites, edits in the message's order; conflicts are ignored (RFC 2136 section
    /// 3.4.2). With `prescan` the edits in front of the one that is wrong.
    zones::ZoneChange change;
    /// What the update section's form comes to (RFC 2136 section 3.4.1), where that is an error.
    /// Nothing is changed then: it is answered once permission is given and the prerequisites hold.
    std::optional<Rcode> prescan;
    std::int64_t key_id = 0;  // TsigKey::id(): the credential.
    zones::Name key_name;     // In lower case.
    IpAddress client;
    Transport transport = Transport::Udp;
};

/// What is answered. NoError: the change is durable and published, or there was nothing to change.
struct UpdateVerdict {
    Rcode rcode = Rcode::ServFail;
    std::string cause = {};  // A sentence for the log; never sent.
};

class UpdateSink {
public:
    using Done = std::function<void(const UpdateVerdict&)>;
    virtual ~UpdateSink() = default;
    /// Takes a request and calls `done` exactly once, on any thread, perhaps before it returns:
    /// `done` only hands the verdict on. Does not wait for anything itself.
    virtual void submit(UpdateRequest request, Done done) = 0;
};

/// The word of RFC 2136 for a refused change; policy is REFUSED, what may be tried again SERVFAIL.
[[nodiscard]] Rcode rcode_of(zones::RefusalCode code) noexcept;

}  // namespace hairpin::dnsd
