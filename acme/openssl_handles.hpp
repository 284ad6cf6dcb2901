// acme/openssl_handles.hpp - owners of what OpenSSL hands out, for the readers of CSRs and chains.
//
// Inside of acme/ only.
//
// Threads   Types and pure functions.

#pragma once

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/x509v3.h>

#include "core/handle.hpp"

namespace hairpin::acme {

inline void free_names(GENERAL_NAMES* names) {
    GENERAL_NAMES_free(names);
}
inline void free_octets(unsigned char* octets) {
    OPENSSL_free(octets);
}

using BioHandle = Handle<BIO, BIO_free_all>;
using NamesHandle = Handle<GENERAL_NAMES, free_names>;
using OctetsHandle = Handle<unsigned char, free_octets>;

/// For PEM readers: never asks a terminal for a password.
inline int no_password(char* /*buffer*/, int /*size*/, int /*for_writing*/, void* /*user*/) {
    return -1;
}

}  // namespace hairpin::acme
