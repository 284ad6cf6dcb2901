// dnsd/hmac.hpp - a keyed hash over octets that come in pieces.
//
// OpenSSL's EVP_MAC behind a Handle. What is hashed, and in which order, is dnsd/tsig.cpp's.
//
// Standards RFC 2104 (HMAC); RFC 8945 section 5.2.2.1 (a shortened MAC is its first octets).
// Threads   One for each object.
// Cost      OpenSSL allocates: about a microsecond for a message.

#pragma once

#include <openssl/evp.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/handle.hpp"
#include "core/octets.hpp"
#include "dnsd/tsig_algorithm.hpp"

namespace hairpin::dnsd {

/// A message authentication code, whole or shortened; empty: there is none.
class Mac {
public:
    Mac() noexcept = default;
    /// The first kMaxMacOctets at most.
    explicit Mac(OctetView octets) noexcept;
    [[nodiscard]] OctetView view() const noexcept { return {octets_.data(), size_}; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

private:
    std::array<std::uint8_t, kMaxMacOctets> octets_;  // Only the first size_ octets mean anything.
    std::uint8_t size_ = 0;
};

class Hmac {
public:
    /// `secret` is not needed afterwards.
    Hmac(TsigAlgorithm algorithm, OctetView secret) noexcept;

    void add(OctetView octets) noexcept;
    /// The whole MAC; call once, last. Empty where OpenSSL refuses the algorithm (MD5 in FIPS
    /// mode): nothing equals it.
    [[nodiscard]] Mac finish() noexcept;

private:
    Handle<EVP_MAC_CTX, EVP_MAC_CTX_free> context_;  // Null once anything has failed.
};

}  // namespace hairpin::dnsd
