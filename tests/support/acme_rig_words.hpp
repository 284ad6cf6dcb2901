// tests/support/acme_rig_words.hpp - what acme_rig is told, and how it tells.

#pragma once

#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <map>
#include <set>
#include <stdexcept>
#include <string>

#include "core/octets.hpp"
#include "zones/presentation.hpp"
#include "zones/zone.hpp"

namespace hairpin::tests {

struct Arguments {
    std::string folder;
    std::uint16_t dns_port = 0;
    std::string directory;
    std::string ca_file;
    std::set<std::string> flags;
    std::map<std::string, std::string> values;
};

inline Arguments parse(int count, char** texts) {
    if (count < 5) throw std::invalid_argument("acme_rig FOLDER DNS_PORT DIRECTORY CA_FILE ..");
    Arguments arguments{
        texts[1], static_cast<std::uint16_t>(std::stoi(texts[2])), texts[3], texts[4], {}, {}};
    for (int each = 5; each < count; ++each) {
        const std::string text = texts[each];
        const auto equals = text.find('=');
        if (equals == text.npos) {
            arguments.flags.insert(text);
        } else {
            arguments.values[text.substr(0, equals)] = text.substr(equals + 1);
        }
    }
    return arguments;
}

/// One write(2): whole lines, from whichever thread.
inline void say(const std::string& text) {
    const std::string line = text + "\n";
    if (::write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size()))
        std::abort();
}

/// What is left of orders in the zones. 0: no TXT record but those that are to stay; else 4.
inline int tell_what_is_left(const zones::ZoneTable& table) {
    int status = 0;
    table.for_each([&](const zones::Zone& zone) {
        zone.for_each([&](const zones::Name& owner, const zones::Node& node) {
            const auto* txt = node.find(zones::RType::TXT);
            if (txt == nullptr) return true;
            const bool stays = as_text(owner.first_label()) == "_validation-persist";
            for (const OctetView rdata : txt->rdatas())
                say((stays ? "stays " : "left behind ") + owner.text() + " " +
                    zones::rdata_text(zones::RType::TXT, rdata));
            if (!stays) status = 4;
            return true;
        });
        if (const auto* caa = zone.find(zone.apex(), zones::RType::CAA))
            for (const OctetView rdata : caa->rdatas())
                say("caa " + zone.apex().text() + " " +
                    zones::rdata_text(zones::RType::CAA, rdata));
        return true;
    });
    return status;
}

}  // namespace hairpin::tests
