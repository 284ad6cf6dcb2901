#include "dnsd/transfer_request.hpp"

#include <string>

#include <catch2/catch.hpp>

#include "tests/support/dns_world.hpp"
#include "tests/support/transfers.hpp"

namespace hairpin::dnsd::tests {
namespace {

using hairpin::tests::message_text;
using hairpin::tests::MessageBuilder;
using hairpin::tests::name;
using hairpin::tests::transfer_query;

const Octets kQnamePointer{0xC0, 12};

Octets soa_rdata(std::uint32_t serial = 1) {
    Octets rdata(22);
    zones::write_u32(&rdata[2], serial);
    return rdata;
}

MessageBuilder ixfr(const char* qname = "example.net.") {
    return std::move(MessageBuilder().question(qname, zones::RType::IXFR));
}

TransferPolicy policy_of(const char* prefix) {
    TransferPolicy policy;
    policy.allow({Prefix::parse(prefix).value(), {}});
    return policy;
}

struct Desk {
    zones::ZoneTable zones = make_world();
    TransferPolicy policy = policy_of("127.0.0.0/8");
    Identity identity;
    Counters counters;
    TransferClient requestor{IpAddress::parse("127.0.0.1").value()};

    [[nodiscard]] TransferDecision decide(const Octets& message,
                                          Transport transport = Transport::Tcp) const {
        return decide_transfer(message, read_query(message), transport, requestor, zones, policy);
    }
    [[nodiscard]] std::string text(const Octets& message,
                                   Transport transport = Transport::Tcp) const {
        const auto decision = decide(message, transport);
        if (const auto* refusal = std::get_if<TransferRefusal>(&decision))
            return "refusal " + std::to_string(static_cast<int>(refusal->rcode)) + " " +
                   std::to_string(static_cast<int>(refusal->error));
        if (const auto* alone = std::get_if<SingleSoa>(&decision))
            return "soa " + alone->zone->apex().text();
        if (const auto* order = std::get_if<TransferOrder>(&decision))
            return "order " + order->zone->apex().text() +
                   (order->from ? " from " + std::to_string(*order->from) : "");
        return "not for us";
    }
};

TEST_CASE("A transfer query is recognised by its type, wherever the name ends", "[dnsd]") {
    CHECK(asks_for_transfer(transfer_query("example.net. AXFR")));
    CHECK(asks_for_transfer(transfer_query(". IXFR", 1)));
    Octets cut = transfer_query("example.net. AXFR");
    while (!cut.empty()) {
        cut.pop_back();
        // Only the class may be missing: then it is not well-formed, which answer() says.
        CHECK(asks_for_transfer(cut) == (cut.size() >= 27));
    }
    for (const char* other : {"example.net. A", "example.net. ANY", "example.net. SOA"}) {
        MessageBuilder builder;
        hairpin::tests::add_question(builder, other);
        CHECK_FALSE(asks_for_transfer(builder.octets()));
    }
}

TEST_CASE("Each transfer query gets its decision", "[dnsd][rfc5936][rfc1995]") {
    struct Case {
        const char* why;
        Octets message;
        const char* decision;
    };
    const auto tried = GENERATE(values<Case>({
        {"AXFR", transfer_query("example.net. AXFR"), "order example.net."},
        {"case is ignored", transfer_query("EXAMPLE.net. AXFR"), "order example.net."},
        {"a zone within a zone", transfer_query("child.example.net. AXFR"),
         "order child.example.net."},
        {"a name in a zone is no zone", transfer_query("www.example.net. AXFR"), "refusal 9 20"},
        {"a zone of somebody else", transfer_query("example.com. AXFR"), "refusal 9 20"},
        {"IXFR from long ago", transfer_query("example.net. IXFR", 0x90000000),
         "order example.net. from 2415919104"},
        {"IXFR from serial 0", transfer_query("example.net. IXFR", 0), "order example.net. from 0"},
        {"IXFR, up to date", transfer_query("example.net. IXFR", 1), "soa example.net."},
        {"IXFR, newer than we are", transfer_query("example.net. IXFR", 2), "soa example.net."},
        {"half of all serials away is undefined, and no reason to say nothing is new",
         transfer_query("example.net. IXFR", 0x80000001), "order example.net. from 2147483649"},
        {"IXFR of no zone", transfer_query("example.com. IXFR", 1), "refusal 9 20"},
        {"IXFR without a SOA", ixfr().octets(), "refusal 1 65535"},
        {"IXFR with another type", ixfr().record(2, kQnamePointer, 1, 1, 0, {1, 2, 3, 4}).octets(),
         "refusal 1 65535"},
        {"IXFR with a SOA of another zone",
         ixfr().record(2, Octets{0}, 6, 1, 0, soa_rdata()).octets(), "refusal 1 65535"},
        {"IXFR with a SOA of another class",
         ixfr().record(2, kQnamePointer, 6, 3, 0, soa_rdata()).octets(), "refusal 1 65535"},
        {"IXFR with a SOA that is cut short",
         ixfr().record(2, kQnamePointer, 6, 1, 0, Octets(21)).octets(), "refusal 1 65535"},
        {"IXFR with a SOA that is too long",
         ixfr().record(2, kQnamePointer, 6, 1, 0, Octets(23)).octets(), "refusal 1 65535"},
        {"IXFR with two SOAs",
         ixfr()
             .record(2, kQnamePointer, 6, 1, 0, soa_rdata())
             .record(2, kQnamePointer, 6, 1, 0, soa_rdata())
             .octets(),
         "not for us"},  // Not well-formed: answer() says FORMERR.
        {"another class",
         MessageBuilder().question("example.net.", zones::RType::AXFR, zones::RClass::CH).octets(),
         "not for us"},
        {"no transfer", MessageBuilder().question("example.net.", zones::RType::A).octets(),
         "not for us"},
    }));

    INFO(tried.why);
    CHECK(Desk().text(tried.message) == tried.decision);
}

TEST_CASE("A SOA in an IXFR query may have compressed names", "[dnsd][rfc1995]") {
    Octets rdata{0xC0, 12, 3, 'o', 'p', 's', 0xC0, 12};
    rdata.resize(28);
    zones::write_u32(&rdata[8], 77);
    CHECK(Desk().text(ixfr().record(2, kQnamePointer, 6, 1, 0, rdata).octets()) ==
          "soa example.net.");
}

TEST_CASE("Who has no permission gets nothing, whatever is asked", "[dnsd][rfc5936]") {
    Desk desk;
    desk.requestor.address = IpAddress::parse("192.0.2.1").value();
    for (const auto transport : {Transport::Udp, Transport::Tcp})
        for (const std::uint32_t serial : {0u, 1u, 2u})
            CHECK(desk.text(transfer_query("example.net. IXFR", serial), transport) ==
                  "refusal 5 18");
    CHECK(desk.text(transfer_query("example.net. AXFR")) == "refusal 5 18");
}

TEST_CASE("Over UDP, IXFR is answered with the SOA and AXFR is refused", "[dnsd][rfc1995]") {
    Desk desk;
    const auto ask = [&](const Octets& message) {
        Octets out(4'096);
        out.resize(answer_transfer_datagram({desk.zones, desk.identity, desk.counters}, message,
                                            desk.requestor, desk.policy, out));
        return message_text(out);
    };
    const std::string soa =
        "NOERROR aa\nanswer: example.net. 3600 IN SOA ns1.example.net. hostmaster.example.net. 1 "
        "3600 600 604800 60\n";
    CHECK(ask(transfer_query("example.net. IXFR", 0)) == soa);
    CHECK(ask(transfer_query("example.net. IXFR", 1, 1, 0, true)) == soa + "opt: 1232 do\n");
    CHECK(ask(transfer_query("example.net. AXFR")) == "REFUSED\n");
    CHECK(ask(transfer_query("example.com. IXFR", 1, 1, 0, true)) ==
          "NOTAUTH\nopt: 1232 do ede=20\n");
    CHECK(ask(ixfr().octets()) == "FORMERR\n");
    desk.requestor.address = IpAddress::parse("192.0.2.1").value();
    CHECK(ask(transfer_query("example.net. IXFR", 1, 1, 0, true)) ==
          "REFUSED\nopt: 1232 do ede=18\n");
    CHECK(desk.counters.transfers_refused.value() == 3);  // answer() counts what it refuses itself.
    CHECK(desk.counters.of(Transport::Udp) == 6);
}

}  // namespace
}  // namespace hairpin::dnsd::tests
