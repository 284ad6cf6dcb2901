// A certificate request from a stranger: what is taken holds its bounds and reads back the same;
// what is refused is refused in printable words.
//
// Input: the request, DER or PEM.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "acme/certificates.hpp"
#include "acme/csr.hpp"
#include "core/octets.hpp"

namespace {

using namespace hairpin;

void require(bool condition, const char* what) {
    if (condition) return;
    std::fprintf(stderr, "broken: %s\n", what);
    std::abort();
}

void check_words(const Error& error) {
    require(error.code == ErrorCode::Invalid || error.code == ErrorCode::Limit, "kind of error");
    require(error.cause.size() < 2000, "a refusal is long");
    require(std::all_of(error.cause.begin(), error.cause.end(),
                        [](char c) { return c >= ' ' && c <= '~'; }),
            "a refusal is not printable");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const OctetView octets(data, size);
    const auto csr = acme::read_csr(octets);
    if (!csr) {
        check_words(csr.error());
        return 0;
    }
    require(size <= acme::kMaxCsrOctets, "too large");
    require(std::is_sorted(csr->names.begin(), csr->names.end()), "names are not in order");
    const auto again = acme::read_csr(csr->der);
    require(again.has_value(), "what was taken is not taken again");
    require(again->names == csr->names && again->key_sha256 == csr->key_sha256,
            "what was taken reads otherwise the second time");
    const auto fits = acme::check_names(*csr, {"nur1.example.net", "i-nur1.example.net"});
    if (!fits) {
        check_words(fits.error());
        return 0;
    }
    require(csr->names.size() == 2 && csr->other_names.empty(), "other names are let through");
    return 0;
}
