// zones/name.hpp - a DNS name as one value of at most 255 octets.
//
// Kept uncompressed, in the case it came in, in wire form with the root label. Comparing ignores
// ASCII case and nothing else. Labels are counted without the root: "nur1.example." has two. Not
// here: names inside messages (zones/wire.hpp), order and look-up keys (zones/tree_key.hpp).
//
// Standards RFC 1035 sections 2.3.4 and 3.1 (wire), 5.1 (text); RFC 4343 (case).
// Threads   A value type without allocation; copying costs up to 256 octets.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/octets.hpp"
#include "core/result.hpp"

namespace hairpin::zones {

inline constexpr std::size_t kMaxNameOctets = 255;
inline constexpr std::size_t kMaxLabelOctets = 63;
inline constexpr std::size_t kMaxLabels = 127;

enum class NameError : std::uint8_t {
    Empty,         // No text at all. The root is ".".
    EmptyLabel,    // Two dots in a row, or one in front.
    LabelTooLong,  // More than 63 octets.
    NameTooLong,   // More than 255 octets with the root label.
    BadEscape,     // A backslash without its character or its three digits up to 255.
};
[[nodiscard]] std::string_view to_string(NameError error) noexcept;

class Name {
public:
    /// The root.
    Name() noexcept { wire_[0] = 0; }

    /// Presentation format; absolute with or without the final dot. Escapes as in RFC 1035
    /// section 5.1.
    [[nodiscard]] static Result<Name, NameError> parse(std::string_view text) noexcept;
    /// Uncompressed wire form that ends with the root label exactly at the end of `wire`; else
    /// nullopt.
    [[nodiscard]] static std::optional<Name> from_wire(OctetView wire) noexcept;

    /// 1..255 octets, root label included.
    [[nodiscard]] OctetView wire() const noexcept { return {wire_.data(), size_}; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool is_root() const noexcept { return size_ == 1; }
    /// Labels without the root: 0..127.
    [[nodiscard]] std::size_t labels() const noexcept;
    /// Presentation format with the final dot; what is not printable is escaped.
    [[nodiscard]] std::string text() const;
    /// As text(), without the final dot (the root stays ".").
    [[nodiscard]] std::string text_without_dot() const;
    /// All ASCII letters in lower case.
    [[nodiscard]] Name lower() const noexcept;

    /// Whether this is `ancestor` or below it.
    [[nodiscard]] bool is_within(const Name& ancestor) const noexcept;
    /// Whether the first label is "*" (RFC 4592 section 2.1.1).
    [[nodiscard]] bool is_wildcard() const noexcept {
        return size_ > 2 && wire_[0] == 1 && wire_[1] == '*';
    }
    /// The name without its first `count` labels; the root when there are no more.
    [[nodiscard]] Name without_labels(std::size_t count) const noexcept;
    /// The octets in front of `apex`, without the root label; this name is within `apex`.
    [[nodiscard]] OctetView relative_to(const Name& apex) const noexcept {
        return {wire_.data(), static_cast<std::size_t>(size_ - apex.size_)};
    }
    /// The first label's octets; empty for the root.
    [[nodiscard]] OctetView first_label() const noexcept { return {wire_.data() + 1, wire_[0]}; }

    /// `labels` (wire octets without a root label) in front of `suffix`; nullopt when over 255
    /// octets.
    [[nodiscard]] static std::optional<Name> join(OctetView labels, const Name& suffix) noexcept;
    /// One label of text in front of `suffix`, unescaped; nullopt when either limit is broken.
    [[nodiscard]] static std::optional<Name> child(std::string_view label,
                                                   const Name& suffix) noexcept;

    friend bool operator==(const Name& a, const Name& b) noexcept;

private:
    friend class NameBuilder;
    std::array<std::uint8_t, kMaxNameOctets> wire_;  // Only the first size_ octets mean anything.
    std::uint8_t size_ = 1;
};

/// ASCII lower case of one octet (RFC 4343 section 3).
[[nodiscard]] constexpr std::uint8_t lower(std::uint8_t octet) noexcept {
    return octet >= 'A' && octet <= 'Z' ? static_cast<std::uint8_t>(octet + 32) : octet;
}
/// The same of eight octets at once, whatever their order.
[[nodiscard]] constexpr std::uint64_t lower_eight(std::uint64_t octets) noexcept {
    constexpr std::uint64_t kEach = 0x0101010101010101;
    const std::uint64_t low = octets & 0x7f * kEach;
    // The upper bit of each octet: not below 'A'; above 'Z'; below 0x80.
    const std::uint64_t from_a = low + (0x80 - 'A') * kEach;
    const std::uint64_t past_z = low + (0x7f - 'Z') * kEach;
    const std::uint64_t is_upper = (from_a ^ past_z) & ~octets & 0x80 * kEach;
    return octets | is_upper >> 2;
}
/// Whether two runs of labels in wire form are the same but for case. Length octets are below 'A',
/// so they compare as they are.
[[nodiscard]] bool equal_ignoring_case(OctetView a, OctetView b) noexcept;

/// Hash that ignores case, for unordered containers.
struct NameHash {
    [[nodiscard]] std::size_t operator()(const Name& name) const noexcept;
};

/// Canonical order (RFC 4034 section 6.1): by label from the right, ignoring case, a NUL octet
/// included.
[[nodiscard]] bool canonical_less(const Name& a, const Name& b) noexcept;

}  // namespace hairpin::zones
