// admin/dyndns_request.hpp - what a dyndns2 client asks for: parameters to wishes, nothing more.
//
// The parameters are Dyn's with deSEC's additions. All of a request's statements about addresses
// become, for each host and family, one wish:
//
//   nothing said        Keep, or, where no address is said at all, the connection's own
//   preserve            Keep
//   myipv4= (empty)     Remove; an empty `myip` says nothing: ddclient sends it when it knows none
//   addresses           Set: exactly these
//   2001:db8:1::/56     Prefix: the addresses there, under this prefix
//
// `myip` and `ip` take a list of both families, `myipv4`, `myipv6` and `ipv6` of their own;
// `myipv4:<host>` is about one host. The first host parameter that says something counts: hostname,
// host_id, the user of the login, username. `hostname=YES` says nothing (deSEC).
//
// Standards none; https://help.dyn.com/remote-access-api/ and https://desec.readthedocs.io
// (dyndns). Threads   Pure.

#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/ip_address.hpp"
#include "core/result.hpp"

namespace hairpin::admin {

inline constexpr std::size_t kMaxDyndnsHosts = 20;
inline constexpr std::size_t kMaxDyndnsParameters = 64;

struct AddressWish {
    enum class Kind : std::uint8_t { Keep, Own, Remove, Set, Prefix };
    Kind kind = Kind::Keep;
    std::vector<IpAddress> addresses;  // Set.
    IpAddress prefix;                  // Prefix: IPv6, host bits zero.
    unsigned prefix_bits = 0;
    friend bool operator==(const AddressWish&, const AddressWish&) = default;
};

struct HostWish {
    std::string host;  // As it was named.
    AddressWish v4;
    AddressWish v6;
    friend bool operator==(const HostWish&, const HostWish&) = default;
};

struct DyndnsRequest {
    std::vector<HostWish> hosts;  // Empty: none was named: the account's only name is meant.
    HostWish of_account;          // What holds then.
    friend bool operator==(const DyndnsRequest&, const DyndnsRequest&) = default;
};

/// The words that a client is answered, alone in the body.
enum class DyndnsError : std::uint8_t {
    BadAddress,    // An address or prefix that is none.
    TooManyHosts,  // numhost
    Malformed,     // Percent-encoding broken, too many parameters.
};

using Parameters = std::vector<std::pair<std::string, std::string>>;
/// "a=1&b=2", decoded, "+" a space, at most kMaxDyndnsParameters. A box that does not escape sends
/// "+" and ";" as they are; both pass. Nullopt: broken or too many.
[[nodiscard]] std::optional<Parameters> read_parameters(std::string_view query);

/// @param user  Of the login; empty: none.
[[nodiscard]] Result<DyndnsRequest, DyndnsError> read_dyndns_request(const Parameters& parameters,
                                                                     std::string_view user);

/// `old` with its first `bits` taken from `prefix`; both IPv6.
[[nodiscard]] IpAddress under_prefix(const IpAddress& prefix, unsigned bits, const IpAddress& old);

}  // namespace hairpin::admin
