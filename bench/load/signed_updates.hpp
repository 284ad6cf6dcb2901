// bench/load/signed_updates.hpp - TSIG-signed UPDATEs that replace an A record of one zone.
//
// Standards RFC 2136; RFC 8945.
// Threads   One.

#pragma once

#include <array>
#include <cstdint>
#include <random>
#include <string_view>

#include "core/octets.hpp"
#include "dnsd/key_ring.hpp"
#include "dnsd/tsig.hpp"
#include "zones/name.hpp"

namespace hairpin::bench {

class SignedUpdates {
public:
    SignedUpdates(const zones::Name& zone, dnsd::TsigKeyRef key);

    struct Signed {
        Octets message;
        dnsd::TsigVerifier verifier;  // Of its answer.
    };
    /// Deletes the RRset A of `label` in the zone and adds one with this address; a random ID.
    [[nodiscard]] Signed replace(std::string_view label,
                                 const std::array<std::uint8_t, 4>& address);

private:
    zones::Name zone_;
    dnsd::TsigKeyRef key_;
    std::mt19937 ids_{7};
};

/// Whether an answer is NOERROR and signed as it should be.
[[nodiscard]] bool is_done(OctetView answer, dnsd::TsigVerifier& verifier);

}  // namespace hairpin::bench
