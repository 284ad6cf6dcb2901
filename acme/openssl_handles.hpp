// acme/openssl_handles.hpp - owners of what OpenSSL hands out, for the readers of keys, CSRs and
// chains.
//
// Inside of acme/ only.
//
// Threads   Types and pure functions.

#pragma once

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
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
using BuildHandle = Handle<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>;
using BuiltHandle = Handle<OSSL_PARAM, OSSL_PARAM_free>;
using DigestHandle = Handle<EVP_MD_CTX, EVP_MD_CTX_free>;
using EcSignatureHandle = Handle<ECDSA_SIG, ECDSA_SIG_free>;
using KeyContextHandle = Handle<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using NamesHandle = Handle<GENERAL_NAMES, free_names>;
using NumberHandle = Handle<BIGNUM, BN_free>;
using OctetsHandle = Handle<unsigned char, free_octets>;

/// For PEM readers: never asks a terminal for a password.
inline int no_password(char* /*buffer*/, int /*size*/, int /*for_writing*/, void* /*user*/) {
    return -1;
}

}  // namespace hairpin::acme
