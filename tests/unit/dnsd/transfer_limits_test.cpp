#include "dnsd/transfer_limits.hpp"

#include <utility>
#include <vector>

#include <catch2/catch.hpp>

namespace hairpin::dnsd {
namespace {

IpAddress address(const char* text) {
    return IpAddress::parse(text).value();
}

TEST_CASE("Transfers are limited in all and per client, and places come back", "[dnsd]") {
    TransferLimits limits;
    limits.at_once = 3;
    limits.per_client = 2;
    TransferSlots slots(limits);
    std::vector<TransferSlots::Slot> held;
    const auto take = [&](const char* from) {
        auto slot = slots.take(address(from));
        if (slot) held.push_back(*std::move(slot));
        return slots.running();
    };
    CHECK(take("192.0.2.1") == 1);
    CHECK(take("192.0.2.1") == 2);
    CHECK(take("192.0.2.1") == 2);  // Over the client's share.
    CHECK(take("2001:db8::1") == 3);
    CHECK(take("192.0.2.2") == 3);  // Over all.
    held.pop_back();
    CHECK(slots.running() == 2);
    CHECK(take("192.0.2.2") == 3);
    held.clear();
    CHECK(slots.running() == 0);
    CHECK(take("192.0.2.1") == 1);
}

TEST_CASE("An IPv6 client is its /64", "[dnsd]") {
    TransferLimits limits;
    limits.per_client = 1;
    TransferSlots slots(limits);
    const auto first = slots.take(address("2001:db8::1"));
    CHECK_FALSE(slots.take(address("2001:db8::2")));
    CHECK(slots.take(address("2001:db8:0:1::1")));
}

}  // namespace
}  // namespace hairpin::dnsd
