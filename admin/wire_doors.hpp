// admin/wire_doors.hpp - how the name server and the check-in desk answer: what the daemon knows,
// and the API does not.
//
// UPDATE, transfers and check-ins end in other folders. `explain` asks these very folders, by way
// of the daemon, what they would say.
//
// Threads   Any.

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "admin/edit_door.hpp"
#include "core/ip_address.hpp"
#include "store/records.hpp"
#include "zones/name.hpp"

namespace hairpin::admin {

class WireDoors {
public:
    virtual ~WireDoors() = default;

    /// The RCODE ("NOTAUTH") of whatever is signed with a key of that name; empty: it is known, and
    /// the name says nothing against it.
    [[nodiscard]] virtual std::string key_refusal(const zones::Name& key) const = 0;
    /// The RCODE of an UPDATE of that zone that is refused so; null: of one that is done.
    [[nodiscard]] virtual std::string update_answer(const zones::Name& apex,
                                                    const DoorRefusal* refusal) const = 0;

    struct Transfer {
        bool is_given = false;
        std::string rcode;
        bool needs_tls = false;  // That alone is why it is not given.
    };
    /// Of AXFR over TCP, signed with that key.
    [[nodiscard]] virtual Transfer transfer(const zones::Name& apex, const zones::Name& key,
                                            const IpAddress& from) const = 0;

    struct CheckIn {
        std::string outcome;  // "right", "moved": as the metrics have it.
        bool is_heard = false;
        bool is_challenged = false;
    };
    /// Of a server's datagram of this moment, made with one of these credentials' keys; as the
    /// first one since the desk began. Nullopt: nobody checks in here.
    [[nodiscard]] virtual std::optional<CheckIn> check_in(
        const store::ServerRow& server, const store::LicenceRow& licence,
        const std::vector<store::CredentialRow>& credentials, const std::string& machine,
        const IpAddress& from) const = 0;
};

}  // namespace hairpin::admin
