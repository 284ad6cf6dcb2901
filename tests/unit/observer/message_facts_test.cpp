#include "observer/message_facts.hpp"

#include <random>

#include <catch2/catch.hpp>

#include "tests/support/dns_message.hpp"

namespace hairpin::observer {
namespace {

using hairpin::tests::MessageBuilder;

TEST_CASE("A message says its header, its question and its OPT, whatever its opcode",
          "[observer][rfc1035]") {
    const auto flags = GENERATE(as<std::uint16_t>{}, 0x0100, 0x2000, 0x2800, 0x8583);
    const Octets message = MessageBuilder(0x4321, flags)
                               .question("Nur1.example.net.", zones::RType::AAAA)
                               .record(1, {0xC0, 12}, 28, 1, 60, Octets(16))
                               .opt(1232, 0x01008000)
                               .octets();
    const auto header = header_of(message);
    REQUIRE(header);
    CHECK(header->id == 0x4321);
    CHECK(header->opcode() == ((flags >> 11) & 15u));
    const auto question = question_of(message);
    REQUIRE(question);
    CHECK(question->name.text() == "Nur1.example.net.");
    CHECK(question->type == zones::RType::AAAA);
    CHECK(question->rclass == zones::RClass::IN);
    const auto opt = opt_of(message);
    REQUIRE(opt);
    CHECK(opt->upper_rcode == 1);
    CHECK(opt->dnssec_ok);
}

TEST_CASE("What a message does not say is absent", "[observer][hostile]") {
    CHECK_FALSE(header_of({}));
    CHECK_FALSE(header_of(Octets(11)));
    CHECK_FALSE(question_of(Octets(12)));
    CHECK_FALSE(opt_of(Octets(12)));
    // A question that is cut, points forward, or is announced and not there.
    const Octets whole = MessageBuilder().question("a.", zones::RType::A).octets();
    for (std::size_t octets = 0; octets < whole.size(); ++octets)
        CHECK_FALSE(question_of(OctetView(whole).first(octets)));
    CHECK_FALSE(
        question_of(MessageBuilder().raw(Octets{0xC0, 0xff}).counts({1, 0, 0, 0}).octets()));
    // An OPT in another section than the last is none.
    CHECK_FALSE(opt_of(MessageBuilder().record(1, {0}, 41, 1232, 0x8000, {}).octets()));
    CHECK_FALSE(opt_of(MessageBuilder().counts({0, 0xffff, 0xffff, 0xffff}).octets()));
}

TEST_CASE("No octets are too odd to be looked at", "[observer][hostile]") {
    std::mt19937 random(11);
    const Octets good = MessageBuilder()
                            .question("www.example.net.", zones::RType::A)
                            .record(1, {0xC0, 12}, 1, 1, 60, {192, 0, 2, 1})
                            .opt(1232, 0x8000, {0, 12, 0, 1, 0})
                            .octets();
    std::size_t read = 0;
    for (int round = 0; round < 50'000; ++round) {
        Octets message(good.begin(),
                       good.begin() + static_cast<std::ptrdiff_t>(random() % (good.size() + 1)));
        for (auto changes = random() % 5; changes > 0 && !message.empty(); --changes)
            message[random() % message.size()] = static_cast<std::uint8_t>(random());
        read += question_of(message) ? 1 : 0;
        read += opt_of(message) ? 1 : 0;
    }
    CHECK(read > 0);
}

}  // namespace
}  // namespace hairpin::observer
