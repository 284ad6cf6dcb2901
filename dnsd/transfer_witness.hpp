// dnsd/transfer_witness.hpp - who asked for a zone with a key, and whether it was given: for
// whoever keeps that.
//
// Of requests over connections alone, signed, verified and well-formed: what a stranger asks is
// counted and not told. dnsd does nothing with what comes of it.
//
// Threads   asked() on the thread that answers: it must only hand over.

#pragma once

#include <cstdint>

#include "core/ip_address.hpp"
#include "zones/name.hpp"

namespace hairpin::dnsd {

struct TransferAsked {
    std::int64_t key_id = 0;  // TsigKey::id(): the credential.
    zones::Name key_name;     // In lower case.
    zones::Name apex;
    IpAddress client;
    bool is_given = false;
};

class TransferWitness {
public:
    virtual ~TransferWitness() = default;
    virtual void asked(const TransferAsked& request) = 0;
};

}  // namespace hairpin::dnsd
