#include "zones/ldns_text.hpp"

#include "core/handle.hpp"
#include "zones/wire.hpp"

// Behind the standard library: its macros break the headers of libstdc++ for clang.
#include <ldns/ldns.h>

namespace hairpin::zones {
namespace {

// ldns_rr_free is the deep one: it frees the owner and every RDATA field with the record.
using RrHandle = Handle<ldns_rr, ldns_rr_free>;
using BufferHandle = Handle<ldns_buffer, ldns_buffer_free>;

std::string reason_of(ldns_status status) {
    const char* words = ldns_get_errorstr_by_id(status);
    return words != nullptr ? words : "ldns status " + std::to_string(status);
}

std::optional<std::uint64_t> number_in(ldns_lookup_table* table, std::string_view mnemonic) {
    const ldns_lookup_table* row = ldns_lookup_by_name(table, std::string(mnemonic).c_str());
    if (row == nullptr || row->id < 0) return std::nullopt;
    return static_cast<std::uint64_t>(row->id);
}

// Root owner, type, class, TTL and RDLENGTH.
constexpr std::size_t kRecordFrameOctets = 11;

// A whole record in wire form, as ldns wants to see it: root owner, class IN, TTL 0.
Octets record_of(RType type, OctetView rdata) {
    Octets record(kRecordFrameOctets);
    write_u16(&record[1], to_number(type));
    write_u16(&record[3], static_cast<std::uint16_t>(RClass::IN));
    write_u16(&record[9], static_cast<std::uint16_t>(rdata.size()));
    record.insert(record.end(), rdata.begin(), rdata.end());
    return record;
}

}  // namespace

Result<Octets, std::string> ldns_rdata_from_text(std::string_view mnemonic, std::string_view text) {
    std::string record = ". 0 IN ";
    record.append(mnemonic).append(1, ' ').append(text);
    ldns_rr* parsed = nullptr;
    const ldns_status status = ldns_rr_new_frm_str(&parsed, record.c_str(), 0, nullptr, nullptr);
    const RrHandle rr(parsed);
    if (status != LDNS_STATUS_OK) return fail(reason_of(status));

    Octets rdata;
    for (std::size_t field = 0; field < ldns_rr_rd_count(rr.get()); ++field) {
        const ldns_rdf* rdf = ldns_rr_rdf(rr.get(), field);
        if (rdf == nullptr) continue;
        rdata.insert(rdata.end(), ldns_rdf_data(rdf), ldns_rdf_data(rdf) + ldns_rdf_size(rdf));
    }
    return rdata;
}

std::optional<std::string> ldns_rdata_text(RType type, OctetView rdata) {
    const Octets record = record_of(type, rdata);
    ldns_rr* parsed = nullptr;
    std::size_t at = 0;
    const ldns_status status =
        ldns_wire2rr(&parsed, record.data(), record.size(), &at, LDNS_SECTION_ANSWER);
    const RrHandle rr(parsed);
    if (status != LDNS_STATUS_OK) return std::nullopt;

    const BufferHandle buffer(ldns_buffer_new(LDNS_MAX_PACKETLEN));
    if (!buffer) return std::nullopt;
    for (std::size_t field = 0; field < ldns_rr_rd_count(rr.get()); ++field) {
        if (field > 0) ldns_buffer_printf(buffer.get(), " ");
        if (ldns_rdf2buffer_str(buffer.get(), ldns_rr_rdf(rr.get(), field)) != LDNS_STATUS_OK)
            return std::nullopt;
    }
    const auto* text = reinterpret_cast<const char*>(ldns_buffer_begin(buffer.get()));
    return std::string(text, ldns_buffer_position(buffer.get()));
}

std::optional<std::uint64_t> ldns_algorithm(std::string_view mnemonic) {
    return number_in(ldns_algorithms, mnemonic);
}

std::optional<std::uint64_t> ldns_cert_type(std::string_view mnemonic) {
    return number_in(ldns_cert_algorithms, mnemonic);
}

}  // namespace hairpin::zones
