// tests/unit/acme/csr_of.hpp - requests for names, as a server's CSR is read.

#pragma once

#include <string>

#include "acme/csr.hpp"
#include "tests/support/x509.hpp"

namespace hairpin::acme::tests {

/// @param names  As in openssl's subjectAltName: "DNS:a.example,DNS:b.example".
inline Csr csr_of(const hairpin::tests::KeyRef& key, const std::string& names) {
    using namespace hairpin::tests;
    return *read_csr(der_of(make_request(key, {"", names})));
}

}  // namespace hairpin::acme::tests
