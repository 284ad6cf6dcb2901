// observer/protobuf_writer.hpp - the few kinds of fields that a dnstap message has, in wire form.
//
// Writes into room it is given and counts on beyond its end: with no room at all it says how many
// octets a message takes, which has to be known before a message inside another is written.
//
// Standards Protocol Buffers, "Encoding": varints, tags, wire types 0, 2 and 5.
// Threads   A value. Cost: no allocation.

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/octets.hpp"

namespace hairpin::observer {

class ProtobufWriter {
public:
    explicit ProtobufWriter(std::span<std::uint8_t> room = {}) noexcept : room_(room) {}

    /// How many octets everything takes, whether there was room or not.
    [[nodiscard]] std::size_t octets() const noexcept { return octets_; }
    [[nodiscard]] bool fits() const noexcept { return octets_ <= room_.size(); }

    /// uint32, uint64 and enumerations.
    void put_number(std::uint32_t field, std::uint64_t value) noexcept {
        put_tag(field, WireType::Varint);
        put_varint(value);
    }
    void put_fixed32(std::uint32_t field, std::uint32_t value) noexcept {
        put_tag(field, WireType::Fixed32);
        for (int shift = 0; shift < 32; shift += 8)
            put(static_cast<std::uint8_t>(value >> shift));
    }
    void put_octets(std::uint32_t field, OctetView value) noexcept {
        begin_message(field, value.size());
        if (octets_ + value.size() <= room_.size())
            std::copy(value.begin(), value.end(),
                      room_.begin() + static_cast<std::ptrdiff_t>(octets_));
        octets_ += value.size();
    }
    /// A message of that many octets follows.
    void begin_message(std::uint32_t field, std::size_t octets) noexcept {
        put_tag(field, WireType::Length);
        put_varint(octets);
    }

private:
    enum class WireType : std::uint8_t { Varint = 0, Length = 2, Fixed32 = 5 };

    void put(std::uint8_t octet) noexcept {
        if (octets_ < room_.size()) room_[octets_] = octet;
        ++octets_;
    }
    void put_varint(std::uint64_t value) noexcept {
        for (; value >= 0x80; value >>= 7)
            put(static_cast<std::uint8_t>(value | 0x80u));
        put(static_cast<std::uint8_t>(value));
    }
    void put_tag(std::uint32_t field, WireType type) noexcept {
        put_varint(std::uint64_t{field} << 3 | static_cast<std::uint8_t>(type));
    }

    std::span<std::uint8_t> room_;
    std::size_t octets_ = 0;
};

}  // namespace hairpin::observer
