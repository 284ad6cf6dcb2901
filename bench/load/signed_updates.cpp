#include "bench/load/signed_updates.hpp"

#include <ctime>
#include <initializer_list>
#include <utility>

#include "dnsd/codes.hpp"
#include "zones/wire.hpp"

namespace hairpin::bench {
namespace {

void put(Octets& message, std::initializer_list<std::uint8_t> octets) {
    message.insert(message.end(), octets);
}

void put_owner(Octets& message, std::string_view label) {
    message.push_back(static_cast<std::uint8_t>(label.size()));
    message.insert(message.end(), label.begin(), label.end());
    put(message, {0xC0, zones::kHeaderOctets});
}

dnsd::TsigTime now() {
    return static_cast<dnsd::TsigTime>(::time(nullptr));
}

}  // namespace

SignedUpdates::SignedUpdates(const zones::Name& zone, dnsd::TsigKeyRef key)
    : zone_(zone), key_(std::move(key)) {}

SignedUpdates::Signed SignedUpdates::replace(std::string_view label,
                                             const std::array<std::uint8_t, 4>& address) {
    Octets message(zones::kHeaderOctets);
    zones::write_u16(message.data(), static_cast<std::uint16_t>(ids_()));
    message[2] = dnsd::kOpcodeUpdate << 3;
    message[5] = 1;  // One zone,
    message[9] = 2;  // two updates.
    message.insert(message.end(), zone_.wire().begin(), zone_.wire().end());
    put(message, {0, 6, 0, 1});
    put_owner(message, label);
    put(message, {0, 1, 0, 255, 0, 0, 0, 0, 0, 0});  // Delete the RRset A,
    put_owner(message, label);
    put(message, {0, 1, 0, 1, 0, 0, 1, 44, 0, 4});  // add one.
    message.insert(message.end(), address.begin(), address.end());
    dnsd::TsigStream stream(key_);
    const std::size_t used = message.size();
    message.resize(used + stream.octets());
    message.resize(stream.sign(message, used, now()));
    return {std::move(message), dnsd::TsigVerifier(key_, stream.mac())};
}

bool is_done(OctetView answer, dnsd::TsigVerifier& verifier) {
    return answer.size() >= zones::kHeaderOctets && (answer[3] & 15u) == 0 &&
           verifier.verify(answer, now()) == dnsd::TsigVerdict::Ok;
}

}  // namespace hairpin::bench
