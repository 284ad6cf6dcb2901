#include "dnsd/tsig_record.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "core/assert.hpp"
#include "core/crypto.hpp"
#include "dnsd/codes.hpp"
#include "zones/rtype.hpp"
#include "zones/wire.hpp"

namespace hairpin::dnsd {
namespace {

using zones::kHeaderOctets;
using zones::read_u16;
using zones::read_u32;
using zones::write_u16;
using zones::write_u32;

constexpr std::size_t kArcount = 10;  // Where the header counts additional records.
constexpr auto kClassAny = static_cast<std::uint16_t>(zones::RClass::ANY);

/// RDATA between the algorithm and the MAC: time, fudge, MAC size.
constexpr std::size_t kBeforeMacOctets = kTsigTimeOctets + 4;
/// RDATA between the MAC and other data: original ID, error, other length.
constexpr std::size_t kAfterMacOctets = 6;

TsigTime read_time(const std::uint8_t* at) noexcept {
    return static_cast<TsigTime>(read_u16(at)) << 32 | read_u32(at + 2);
}

/// Writes fields one behind the other.
class Pen {
public:
    explicit Pen(std::uint8_t* at) noexcept : at_(at) {}
    void u16(std::size_t value) noexcept {
        write_u16(at_, static_cast<std::uint16_t>(value));
        at_ += 2;
    }
    void time(TsigTime value) noexcept {
        u16(value >> 32);
        write_u32(at_, static_cast<std::uint32_t>(value));
        at_ += 4;
    }
    void octets(OctetView octets) noexcept { at_ = std::copy(octets.begin(), octets.end(), at_); }
    [[nodiscard]] std::uint8_t* at() const noexcept { return at_; }

private:
    std::uint8_t* at_;
};

/// The name of RFC 3597 section 4, which has no pointers: its octets, root label included.
std::optional<OctetView> uncompressed_name(OctetView octets) noexcept {
    std::size_t at = 0;
    while (at < octets.size() && octets[at] <= zones::kMaxLabelOctets) {
        const std::size_t label = octets[at];
        at += label + 1;
        if (at > zones::kMaxNameOctets) return std::nullopt;
        if (label == 0) return octets.first(at);
    }
    return std::nullopt;
}

bool read_rdata(OctetView rdata, TsigRecord& record) noexcept {
    const auto algorithm = uncompressed_name(rdata);
    if (!algorithm) return false;
    record.algorithm = *algorithm;
    rdata = rdata.subspan(algorithm->size());

    if (rdata.size() < kBeforeMacOctets) return false;
    record.time_signed = read_time(rdata.data());
    record.fudge = read_u16(&rdata[kTsigTimeOctets]);
    const std::size_t mac = read_u16(&rdata[kTsigTimeOctets + 2]);
    rdata = rdata.subspan(kBeforeMacOctets);

    if (rdata.size() < mac + kAfterMacOctets) return false;
    record.mac = rdata.first(mac);
    rdata = rdata.subspan(mac);
    record.original_id = read_u16(rdata.data());
    record.error = TsigError{read_u16(&rdata[2])};
    const std::size_t other = read_u16(&rdata[4]);
    record.other = rdata.subspan(kAfterMacOctets);
    return record.other.size() == other;
}

/// The end of the question section; nullopt when it is cut short.
std::optional<std::size_t> skip_questions(OctetView message) noexcept {
    std::size_t at = kHeaderOctets;
    for (std::size_t left = read_u16(&message[4]); left > 0; --left) {
        const auto end = zones::skip_name(message, at);
        if (!end || message.size() - *end < 4) return std::nullopt;
        at = *end + 4;
    }
    return at;
}

}  // namespace

std::optional<std::size_t> find_tsig(OctetView message) noexcept {
    if (message.size() < kHeaderOctets) return std::nullopt;
    const auto records = skip_questions(message);
    if (!records) return std::nullopt;
    const std::size_t additional = read_u16(&message[kArcount]);
    std::size_t left = read_u16(&message[6]) + std::size_t{read_u16(&message[8])} + additional;
    std::size_t at = *records;
    for (; left > 0; --left) {
        const auto fields = zones::skip_name(message, at);
        if (!fields || message.size() - *fields < kRecordFieldOctets) return std::nullopt;
        const std::size_t rdata = *fields + kRecordFieldOctets;
        const std::size_t rdlength = read_u16(&message[rdata - 2]);
        if (message.size() - rdata < rdlength) return std::nullopt;
        const std::size_t start = std::exchange(at, rdata + rdlength);
        if (read_u16(&message[*fields]) != to_number(zones::RType::TSIG)) continue;
        const bool is_last = left == 1 && additional > 0 && at == message.size();
        return is_last ? std::optional(start) : std::nullopt;
    }
    return at == message.size() ? std::optional<std::size_t>(0) : std::nullopt;
}

std::optional<TsigRecord> read_tsig(OctetView message, std::size_t offset) noexcept {
    const auto read = zones::read_record(message, offset);
    if (!read || read->next != message.size()) return std::nullopt;
    if (read->type != to_number(zones::RType::TSIG)) return std::nullopt;
    // RFC 8945 section 4.2: "MUST be ANY", "MUST be 0".
    if (read->rclass != kClassAny || read->ttl != 0) return std::nullopt;
    TsigRecord record;
    record.offset = offset;
    record.key = read->owner;
    if (!read_rdata(message.subspan(read->rdata), record)) return std::nullopt;
    return record;
}

std::size_t tsig_octets(const TsigRecord& record) noexcept {
    return record.key.size() + kRecordFieldOctets + record.algorithm.size() + kBeforeMacOctets +
           record.mac.size() + kAfterMacOctets + record.other.size();
}

std::size_t write_tsig(std::span<std::uint8_t> room, std::size_t used,
                       const TsigRecord& record) noexcept {
    const std::size_t octets = tsig_octets(record);
    HAIRPIN_ASSERT(used >= kHeaderOctets && used <= room.size() && octets <= room.size() - used);
    Pen pen(room.data() + used);
    pen.octets(record.key.wire());
    pen.u16(to_number(zones::RType::TSIG));
    pen.u16(kClassAny);
    pen.u16(0);  // The TTL's two halves.
    pen.u16(0);
    pen.u16(octets - record.key.size() - kRecordFieldOctets);
    pen.octets(record.algorithm);
    pen.time(record.time_signed);
    pen.u16(record.fudge);
    pen.u16(record.mac.size());
    pen.octets(record.mac);
    pen.u16(record.original_id);
    pen.u16(static_cast<std::uint16_t>(record.error));
    pen.u16(record.other.size());
    pen.octets(record.other);
    std::uint8_t* const arcount = room.data() + kArcount;
    write_u16(arcount, static_cast<std::uint16_t>(read_u16(arcount) + 1));
    return used + octets;
}

void TsigDigest::prior(OctetView mac) noexcept {
    std::array<std::uint8_t, 2> size{};
    write_u16(size.data(), static_cast<std::uint16_t>(mac.size()));
    hmac_.add(size);
    hmac_.add(mac);
}

void TsigDigest::signed_part(OctetView message, const TsigRecord& record) noexcept {
    std::array<std::uint8_t, kHeaderOctets> header{};
    std::copy_n(message.begin(), kHeaderOctets, header.begin());
    write_u16(header.data(), record.original_id);
    write_u16(&header[kArcount], static_cast<std::uint16_t>(read_u16(&header[kArcount]) - 1));
    hmac_.add(header);
    hmac_.add(message.first(record.offset).subspan(kHeaderOctets));
}

void TsigDigest::variables(const TsigRecord& record) noexcept {
    std::array<std::uint8_t, 6> class_and_ttl{};
    write_u16(class_and_ttl.data(), kClassAny);
    // RFC 8945 section 4.3.3: both names in canonical form, which the key's own are.
    hmac_.add(key_.name());
    hmac_.add(class_and_ttl);
    hmac_.add(algorithm_name(key_.algorithm()));
    timers(record);
    std::array<std::uint8_t, 4> error_and_length{};
    write_u16(error_and_length.data(), static_cast<std::uint16_t>(record.error));
    write_u16(&error_and_length[2], static_cast<std::uint16_t>(record.other.size()));
    hmac_.add(error_and_length);
    hmac_.add(record.other);
}

void TsigDigest::timers(const TsigRecord& record) noexcept {
    std::array<std::uint8_t, kTsigTimeOctets + 2> timers{};
    Pen pen(timers.data());
    pen.time(record.time_signed);
    pen.u16(record.fudge);
    hmac_.add(timers);
}

bool is_beginning_of(OctetView received, const Mac& ours) noexcept {
    if (received.empty() || received.size() > ours.size()) return false;
    return equal_in_constant_time(received, ours.view().first(received.size()));
}

bool is_timely(const TsigRecord& record, TsigTime now) noexcept {
    const TsigTime apart =
        now > record.time_signed ? now - record.time_signed : record.time_signed - now;
    return apart <= record.fudge;
}

}  // namespace hairpin::dnsd
