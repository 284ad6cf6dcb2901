// zones/field_reader.hpp - one field of RDATA after the other, from tokens to wire form.
//
// The inside of rdata_reader.cpp. Each field takes the tokens that are its own and appends its
// octets; an error names what is wrong and carries the line of the token.
//
// Standards RFC 1035 section 5.1, the RFCs named in rdata_layout.cpp.
// Threads   One thread; the tokens and the origin outlive the reader.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "core/ip_address.hpp"
#include "core/octets.hpp"
#include "core/result.hpp"
#include "zones/master_text.hpp"
#include "zones/name.hpp"
#include "zones/rdata_layout.hpp"

namespace hairpin::zones {

class FieldReader {
public:
    using Done = Result<void, MasterTextError>;

    /// `line` is the record's: where an error is that has no token, such as a missing field.
    FieldReader(std::span<const Token> tokens, std::size_t line, const Name& origin) noexcept
        : tokens_(tokens), line_(line), origin_(origin) {}

    /// Fields without a text of their own (Opaque, Services) and Parameters are errors here.
    [[nodiscard]] Done field(Field field);
    /// RFC 3597 section 5 behind the "\#": a length and hexadecimal digits.
    [[nodiscard]] Done generic();

    [[nodiscard]] const Octets& rdata() const noexcept { return rdata_; }
    [[nodiscard]] Octets take() noexcept { return std::move(rdata_); }
    [[nodiscard]] std::span<const Token> tokens_left() const noexcept { return tokens_; }
    /// An error at the token read last.
    [[nodiscard]] auto wrong(std::string reason) const {
        return fail(MasterTextError{last_line_ != 0 ? last_line_ : line_, std::move(reason)});
    }

private:
    template <typename T>
    using Read = Result<T, MasterTextError>;
    using NumberByName = std::optional<std::uint64_t> (*)(std::string_view);

    [[nodiscard]] Read<std::string_view> word(std::string_view what);
    [[nodiscard]] Read<Octets> string_octets(std::string_view what);
    [[nodiscard]] Read<std::string> words_joined(std::string_view what);
    [[nodiscard]] Read<std::uint64_t> number_value(std::uint64_t maximum);
    [[nodiscard]] Done number(std::size_t octets);
    [[nodiscard]] Done number_or(std::size_t octets, std::string_view what, NumberByName by_name);
    [[nodiscard]] Done address(AddressFamily family);
    [[nodiscard]] Done name();
    [[nodiscard]] Done string();
    [[nodiscard]] Done strings();
    [[nodiscard]] Done tag();
    [[nodiscard]] Done salt();
    [[nodiscard]] Done hash();
    [[nodiscard]] Done hex();
    [[nodiscard]] Done base64();
    [[nodiscard]] Done types();
    [[nodiscard]] Done period();
    [[nodiscard]] Done time();
    [[nodiscard]] Done type();
    [[nodiscard]] Done value(std::size_t least);

    // field_reader_special.cpp
    [[nodiscard]] Done hex_groups(std::size_t groups, std::size_t digits, char separator);
    [[nodiscard]] Done nsap();
    [[nodiscard]] Done prefixes();
    [[nodiscard]] Done gateway();
    [[nodiscard]] Done host_identity();
    [[nodiscard]] Done location();
    [[nodiscard]] Read<std::uint32_t> angle(std::uint64_t most_degrees, std::string_view letters);
    [[nodiscard]] Read<std::uint64_t> centimetres(std::uint64_t maximum);
    [[nodiscard]] Read<std::uint8_t> size(std::uint64_t otherwise);
    [[nodiscard]] Read<std::uint32_t> altitude();

    void append(OctetView octets) { rdata_.insert(rdata_.end(), octets.begin(), octets.end()); }
    void append_number(std::uint64_t number, std::size_t octets) {
        while (octets-- > 0)
            rdata_.push_back(static_cast<std::uint8_t>(number >> (8 * octets)));
    }
    void append_counted(OctetView octets) {
        rdata_.push_back(static_cast<std::uint8_t>(octets.size()));
        append(octets);
    }

    std::span<const Token> tokens_;  // Those not read yet.
    std::size_t line_;
    std::size_t last_line_ = 0;  // Of the token read last.
    const Name& origin_;
    Octets rdata_;
};

}  // namespace hairpin::zones
