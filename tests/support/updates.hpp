// tests/support/updates.hpp - UPDATE messages for tests, and what they were read as, as a text.
#pragma once

#include <string>
#include <string_view>

#include "dnsd/update_message.hpp"
#include "tests/support/dns_message.hpp"
#include "tests/support/zones.hpp"

namespace hairpin::dnsd::tests {

inline constexpr std::uint16_t kUpdateFlags = kOpcodeUpdate << 11;
inline constexpr std::uint16_t kIn = 1;
inline constexpr std::uint16_t kNone = 254;
inline constexpr std::uint16_t kAny = 255;

/// Composes an UPDATE; owners are texts, RDATA octets or texts.
class UpdateBuilder {
public:
    explicit UpdateBuilder(std::string_view zone = "example.net.", std::uint16_t id = 0x1234)
        : message_(id, kUpdateFlags) {
        message_.question(zone, zones::RType::SOA);
    }
    UpdateBuilder& prerequisite(std::string_view owner, std::uint16_t rclass, zones::RType type,
                                const Octets& rdata = {}, std::uint32_t ttl = 0) {
        return record(1, owner, rclass, type, rdata, ttl);
    }
    UpdateBuilder& update(std::string_view owner, std::uint16_t rclass, zones::RType type,
                          const Octets& rdata = {}, std::uint32_t ttl = 0) {
        return record(2, owner, rclass, type, rdata, ttl);
    }
    UpdateBuilder& add(std::string_view owner, zones::RType type, std::string_view rdata,
                       std::uint32_t ttl = 60) {
        return update(owner, kIn, type, hairpin::tests::rdata(type, rdata), ttl);
    }
    [[nodiscard]] hairpin::tests::MessageBuilder& message() { return message_; }
    [[nodiscard]] const Octets& octets() const { return message_.octets(); }

private:
    UpdateBuilder& record(std::size_t section, std::string_view owner, std::uint16_t rclass,
                          zones::RType type, const Octets& rdata, std::uint32_t ttl) {
        const zones::Name name = hairpin::tests::name(owner);
        const Octets wire(name.wire().begin(), name.wire().end());
        message_.record(section, wire, to_number(type), rclass, ttl, rdata);
        return *this;
    }
    hairpin::tests::MessageBuilder message_;
};

inline std::string rdatas_text(zones::RType type, const std::vector<Octets>& rdatas) {
    std::string text;
    for (const Octets& rdata : rdatas)
        text += (text.empty() ? " " : "; ") + zones::rdata_text(type, rdata);
    return text;
}

inline std::string prerequisite_text(const zones::Prerequisite& wanted) {
    static constexpr std::array<const char*, 6> kKinds = {"in-use", "not-in-use", "exists",
                                                          "absent", "is",         "serial"};
    const auto kind = static_cast<std::size_t>(wanted.kind);
    std::string text = std::string(kKinds.at(kind)) + " " + wanted.owner.text();
    if (kind >= 2) text += " " + zones::type_text(wanted.type);
    return text + rdatas_text(wanted.type, wanted.rdatas) + "\n";
}

inline std::string edit_text(const zones::Edit& edit) {
    static constexpr std::array<const char*, 5> kKinds = {"replace", "add", "delete",
                                                          "delete-rrset", "delete-owner"};
    std::string text = kKinds.at(static_cast<std::size_t>(edit.kind));
    text += " " + edit.owner.text();
    if (edit.kind != zones::EditKind::DeleteOwner) text += " " + zones::type_text(edit.type);
    if (edit.kind == zones::EditKind::AddRecords) text += " " + std::to_string(edit.ttl);
    return text + rdatas_text(edit.type, edit.rdatas) + "\n";
}

/// A line for each prerequisite, each edit, and what the prescan found; or the error alone.
inline std::string update_text(OctetView message) {
    const Query query = read_update_query(message, Transport::Udp);
    if (query.form != Form::WellFormed)
        return "form " + std::to_string(static_cast<int>(query.form)) + "\n";
    const auto order = read_update(message, query);
    if (!order) return "error " + std::to_string(static_cast<int>(order.error())) + "\n";
    std::string text;
    for (const zones::Prerequisite& wanted : order->change.prerequisites)
        text += prerequisite_text(wanted);
    for (const zones::Edit& edit : order->change.edits)
        text += edit_text(edit);
    if (order->prescan)
        text += "prescan " + std::to_string(static_cast<int>(*order->prescan)) + "\n";
    return text;
}

}  // namespace hairpin::dnsd::tests
