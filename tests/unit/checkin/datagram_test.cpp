#include "checkin/datagram.hpp"

#include <catch2/catch.hpp>
#include <numeric>
#include <string>

#include "tests/support/octets.hpp"

namespace hairpin::checkin {
namespace {

using tests::octets;

Octets vector_secret() {
    Octets secret(32);
    std::iota(secret.begin(), secret.end(), std::uint8_t{0});
    return secret;
}

Key vector_key() {
    return check_in_key(vector_secret());
}

struct Vector {
    const char* what;
    Datagram datagram;
    const char* hex;
};

// docs/protocols/check-in.md has the same; tests/functional/test_checkin.py reads them there.
const std::vector<Vector>& vectors() {
    static const std::vector<Vector> all = {
        {"a check-in",
         {Kind::CheckIn, 7, 1'795'186'800'123, machine_tag("4c4c4544-0038")},
         "1100000000000701a1f978b5fbf9cbc6dac1d3f9c6085ace5b97cd3c50cd2cb4"},
        {"its challenge",
         {Kind::Challenge, 7, 1'795'186'800'123, {}},
         "1200000000000701a1f978b5fb00000084b9c67ca81994617265231ffc3e3c96"},
        {"a machine without a name",
         {Kind::CheckIn, 7, 1'795'186'860'123, {}},
         "1100000000000701a1f979a05b000000cfa4062ddd3fb926bf038a83a187e5b8"},
        {"the largest numbers",
         {Kind::CheckIn, kMax48, kMax48, {0xff, 0xff, 0xff}},
         "11ffffffffffffffffffffffffffffffc746256783105f8c67ee858af782ad8b"},
    };
    return all;
}

TEST_CASE("The key of check-ins is made from the TSIG secret with a label", "[checkin]") {
    CHECK(to_hex(check_in_key_octets(vector_secret())) ==
          "eb75dfa714612fa1f98559ae30743f04ace24aa0270f1e42d4b9adee8f1577f6");
}

TEST_CASE("A machine's tag is the beginning of its SHA-256, of no machine 0", "[checkin]") {
    CHECK(machine_tag("4c4c4544-0038") == MachineTag{0xf9, 0xcb, 0xc6});
    CHECK(machine_tag("") == MachineTag{});
}

TEST_CASE("Datagrams are written and read as the vectors say", "[checkin]") {
    for (const Vector& each : vectors()) {
        INFO(each.what);
        const DatagramOctets written = write_datagram(each.datagram, vector_key());
        CHECK(to_hex(written) == each.hex);
        CHECK(is_authentic(written, vector_key()));
        CHECK(read_datagram(written) == each.datagram);
    }
}

TEST_CASE("What is no datagram of this version is not read", "[checkin][hostile]") {
    struct Case {
        const char* why;
        std::string hex;
    };
    const std::string good = vectors().front().hex;
    const auto hostile = GENERATE_COPY(values<Case>({
        {"nothing", ""},
        {"one octet less", good.substr(2)},
        {"one octet more", good + "00"},
        {"version 0", "01" + good.substr(2)},
        {"version 2", "21" + good.substr(2)},
        {"kind 0", "10" + good.substr(2)},
        {"kind 3", "13" + good.substr(2)},
        {"zeros", std::string(64, '0')},
    }));
    INFO(hostile.why);
    CHECK_FALSE(read_datagram(octets(hostile.hex)));
}

TEST_CASE("A bit that was changed anywhere is found", "[checkin][hostile]") {
    const DatagramOctets good = write_datagram(vectors().front().datagram, vector_key());
    for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
        DatagramOctets changed = good;
        changed[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
        INFO("bit " << bit);
        CHECK_FALSE(is_authentic(changed, vector_key()));
    }
    Sha256 other = check_in_key_octets(vector_secret());
    CHECK(is_authentic(good, Key(other)));
    other[31] ^= 1;
    CHECK_FALSE(is_authentic(good, Key(other)));
}

}  // namespace
}  // namespace hairpin::checkin
