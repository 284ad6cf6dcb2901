// zones/permission.hpp - what a credential may do to names and records, and the sentence that says
// why.
//
// A permission is a list of grants; what no grant allows is refused, and one grant has to allow all
// of what is asked. A grant names a zone (or every one), owners, types, operations and what values
// may be written. Who is asking, whether the credential still stands and where from it may be used
// is decided before (admin/credential_check.hpp).
//
// The sentence is the same wherever it is shown: in an audit row, in `explain`, in a refusal.
//
// Standards RFC 2136 section 3.3 (checking the requestor's permissions).
// Threads   Values and pure functions.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/ip_address.hpp"
#include "core/octets.hpp"
#include "zones/change.hpp"
#include "zones/name.hpp"
#include "zones/rtype.hpp"

namespace hairpin::zones {

/// Bits of an Operations.
enum class Operation : std::uint8_t {
    Read = 1,
    Update = 2,
    Transfer = 4,  // Of whole zones: AXFR, IXFR.
};
[[nodiscard]] std::string_view to_string(Operation operation) noexcept;
[[nodiscard]] std::optional<Operation> operation_from_text(std::string_view text) noexcept;

class Operations {
public:
    constexpr Operations() noexcept = default;
    constexpr explicit Operations(std::uint8_t bits) noexcept : bits_(bits) {}
    [[nodiscard]] constexpr bool has(Operation one) const noexcept {
        return (bits_ & static_cast<std::uint8_t>(one)) != 0;
    }
    constexpr void add(Operation one) noexcept {
        bits_ = static_cast<std::uint8_t>(bits_ | static_cast<std::uint8_t>(one));
    }
    [[nodiscard]] constexpr std::uint8_t bits() const noexcept { return bits_; }
    friend bool operator==(Operations, Operations) = default;

private:
    std::uint8_t bits_ = 0;
};

struct NamePattern {
    enum class Kind : std::uint8_t {
        Exactly,
        Subtree,  // The name and all below it.
        // Of the server that the credential is of: its names, and their challenge names. What they
        // are is for who knows servers to say, each time anew (admin/credential_check.hpp): as they
        // stand here they match nothing.
        ServerNames,
        ServerChallenges,
    };
    Kind kind = Kind::Exactly;
    Name name;  // Of a server's: the root, which says nothing.
    [[nodiscard]] bool matches(const Name& owner) const noexcept;
    [[nodiscard]] bool is_of_server() const noexcept {
        return kind == Kind::ServerNames || kind == Kind::ServerChallenges;
    }
    /// "www.example.net.", "subtree:example.net.", "server:names", "server:challenges".
    [[nodiscard]] std::string text() const;
    /// Errors: nullopt: not a name.
    [[nodiscard]] static std::optional<NamePattern> parse(std::string_view text);
    friend bool operator==(const NamePattern&, const NamePattern&) = default;
};

/// What may be written. Removing is never a question of values.
enum class ValueRule : std::uint8_t {
    Any,
    Public,     // A and AAAA: globally reachable only.
    Private,    // A and AAAA: RFC 1918 and RFC 4193 only.
    Source,     // A and AAAA: the address that the request came from.
    Challenge,  // TXT: one string of 43 characters of base64url (RFC 8555 section 8.4).
    OwnNames,   // CNAME: to a name that the grants name, or to one of the caller's servers.
};
[[nodiscard]] std::string_view to_string(ValueRule rule) noexcept;
[[nodiscard]] std::optional<ValueRule> value_rule_from_text(std::string_view text) noexcept;

struct Grant {
    std::optional<Name> zone;        // None: every zone that there is or will be.
    std::vector<NamePattern> names;  // Empty: every owner.
    std::vector<RType> types;        // Empty: every type.
    Operations operations;
    ValueRule values = ValueRule::Any;

    /// "update A, AAAA at www.example.net. in example.net., public addresses only"
    [[nodiscard]] std::string text() const;
    friend bool operator==(const Grant&, const Grant&) = default;
};

struct PermissionQuestion {
    Operation operation = Operation::Update;
    Name apex;
    Name owner;                 // Transfer, and Read of a whole zone: the apex.
    std::optional<RType> type;  // None: whatever there is at the owner.
    bool is_whole_zone = false;
    std::span<const Octets> written;  // RDATA that would be added.
    IpAddress source;                 // Where the request came from.
    /// For ValueRule::OwnNames: names of the caller's servers, as far as they were asked for.
    std::span<const Name> own_names = {};
};

struct Decision {
    bool is_allowed = false;
    std::string rule;  // "allowed by grant 2: update .." or "refused: no grant ..".
};

/// Over the grants in their order; the first that allows all of it is named. A refusal names what
/// the nearest grant lacked.
[[nodiscard]] Decision decide(std::span<const Grant> grants, const PermissionQuestion& question);

/// Over every edit of a change of one zone; the first refusal, or what allowed the last edit. A
/// change without edits is judged as a question about the apex.
[[nodiscard]] Decision decide(std::span<const Grant> grants, const Name& apex,
                              std::span<const Edit> edits, const IpAddress& source,
                              std::span<const Name> own_names = {});

/// Whether any grant has to do with that zone at all: who has none is not told what is in it.
[[nodiscard]] bool concerns(std::span<const Grant> grants, const Name& apex) noexcept;

}  // namespace hairpin::zones
