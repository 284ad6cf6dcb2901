// acme/public_suffixes.hpp - the registered domain of a name, by the Public Suffix List.
//
// CAs count certificates by it: one label below a public suffix. The list is Debian's (package
// publicsuffix), read once at the start; where it is not installed, the one that libpsl was built
// with. Both its parts count, ICANN's and the private one, as they do at Let's Encrypt.
//
// Standards publicsuffix.org's algorithm, by libpsl.
// Threads   Any; nothing changes after create().

#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/result.hpp"

struct psl_ctx_st;

namespace hairpin::acme {

class PublicSuffixes {
public:
    /// Errors: Unavailable there is no list, neither Debian's nor built in.
    [[nodiscard]] static Result<PublicSuffixes> create();

    /// @param name  In lower case, without a final dot.
    /// @return Likewise: "example.net" for "nur1.pl-acme.example.net". A public suffix itself, and
    ///         what is no domain name, is its own.
    [[nodiscard]] std::string registered_domain(std::string_view name) const;

private:
    using Handle = std::shared_ptr<const psl_ctx_st>;
    explicit PublicSuffixes(Handle list) noexcept : list_(std::move(list)) {}
    Handle list_;
};

}  // namespace hairpin::acme
