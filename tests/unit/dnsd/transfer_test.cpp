#include "dnsd/transfer.hpp"

#include <memory>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "dnsd/transfer_choice.hpp"
#include "tests/support/dns_world.hpp"
#include "tests/support/transfers.hpp"
#include "zones/condensed.hpp"

namespace hairpin::dnsd::tests {
namespace {

using hairpin::tests::answer_lines;
using hairpin::tests::applied;
using hairpin::tests::Lines;
using hairpin::tests::lines_of;
using hairpin::tests::lower;
using hairpin::tests::messages_of;
using hairpin::tests::transfer_query;
using hairpin::tests::whole_zone;
using hairpin::tests::zone;

std::vector<Octets> send(const zones::ZoneRef& zone, const Octets& query,
                         std::size_t message_octets = 16'384,
                         const DifferenceRef& difference = nullptr) {
    Transfer transfer(TransferQuestion(read_query(query), Identity()), zone, difference,
                      message_octets);
    return messages_of(transfer);
}

TEST_CASE("A whole zone is every record once, glue and occluded ones too, between two SOAs",
          "[dnsd][rfc5936]") {
    const std::size_t octets = GENERATE(512u, 1'000u, 16'384u, 65'535u);
    make_world().for_each([&](const zones::Zone& each) {
        INFO(each.apex().text() << " in messages of " << octets);
        const auto query = transfer_query(each.apex().text() + " AXFR");
        const auto messages = send(zones::ZoneRef::share(&each), query, octets);
        CHECK(whole_zone(answer_lines(messages)) == lines_of(each));
        return true;
    });
}

TEST_CASE("The question and the OPT stand in the first message, ID, AA and RD in all",
          "[dnsd][rfc5936]") {
    const auto world = make_world().share(hairpin::tests::name("example.net."));
    const auto messages =
        send(world, transfer_query("EXAMPLE.net. AXFR", 0, 0xABCD, 0x0110, true), 1'000);
    REQUIRE(messages.size() > 5);
    for (const Octets& message : messages) {
        const bool first = &message == &messages.front();
        CHECK(message.size() <= 1'000);
        CHECK((first || &message == &messages.back() || message.size() > 900));
        CHECK(zones::read_u16(&message[0]) == 0xABCD);
        CHECK(zones::read_u16(&message[2]) == 0x8500);  // QR, AA, RD; CD is not copied.
        CHECK(zones::read_u16(&message[4]) == (first ? 1 : 0));
        CHECK(zones::read_u16(&message[8]) == 0);
        CHECK(zones::read_u16(&message[10]) == (first ? 1 : 0));
    }
    CHECK(hairpin::tests::message_text(messages[0]).find("opt: 1232 do") != std::string::npos);
    CHECK(std::equal(messages[0].begin() + 13, messages[0].begin() + 20, "EXAMPLE"));
}

TEST_CASE("Owners keep their case and share suffixes in it", "[dnsd][rfc5936]") {
    const auto mixed = zone("Example.NET.", R"(
a.Long-Label-Here   60 IN A 192.0.2.1
B.Long-Label-Here   60 IN A 192.0.2.2
c.long-label-here2  60 IN A 192.0.2.3
C.D.LONG-label-here2 60 IN A 192.0.2.4
)");
    for (const char* question : {"example.net. AXFR", "Example.NET. AXFR", "EXAMPLE.NET. AXFR"}) {
        const auto messages = send(mixed, transfer_query(question));
        REQUIRE(messages.size() == 1);
        CHECK(whole_zone(answer_lines(messages)) == lines_of(*mixed));
    }
    // B. and a pointer: a label is spelled out once.
    const auto message = send(mixed, transfer_query("Example.NET. AXFR")).front();
    const std::string text(message.begin(), message.end());
    const auto first = text.find("Long-Label-Here");
    REQUIRE(first != std::string::npos);
    CHECK(text.find("Long-Label-Here", first + 1) == std::string::npos);
}

TEST_CASE("Names of any length are sent, also past the reach of a pointer", "[dnsd][rfc1035]") {
    std::mt19937 random(7);
    std::string text;
    for (int each = 0; each < 1'500; ++each) {
        std::string owner = "n" + std::to_string(each);
        for (auto more = random() % 5; more > 0; --more)
            owner += "." + std::string(1 + random() % 40, static_cast<char>('a' + random() % 3));
        text += owner + " 60 IN A 192.0.2.1\n";
    }
    const std::string label(63, 'x');
    text += label + "." + label + "." + label + "." + std::string(49, 'y') + " 60 IN A 192.0.2.1\n";
    const auto large = zone("example.net.", text);
    for (const std::size_t octets : {700u, 16'384u, 40'000u, 65'535u}) {
        const auto messages = send(large, transfer_query("example.net. AXFR"), octets);
        CHECK(whole_zone(answer_lines(messages)) == lines_of(*large));
    }
    const auto root = zone(".", "a 60 IN A 192.0.2.1\nb.a 60 IN A 192.0.2.1\n");
    CHECK(whole_zone(answer_lines(send(root, transfer_query(". AXFR")))) == lines_of(*root));
}

TEST_CASE("A record larger than a message is filled to has one of its own", "[dnsd][rfc5936]") {
    const std::string octets(2 * 50'000, 'a');
    const auto large =
        zone("example.net.", "a 60 IN TYPE65280 \\# 50000 " + octets + "\nb 60 IN A 192.0.2.1\n");
    const auto messages = send(large, transfer_query("example.net. AXFR"), 2'000);
    REQUIRE(messages.size() == 3);
    CHECK(messages[1].size() > 50'000);
    CHECK(whole_zone(answer_lines(messages)) == lines_of(*large));
}

class FakeSigner final : public MessageSigner {
public:
    [[nodiscard]] std::size_t room() const noexcept override { return 300; }
    [[nodiscard]] std::size_t sign(std::span<std::uint8_t> buffer,
                                   std::size_t used) noexcept override {
        if (buffer.size() < used + 300) return 0;
        std::fill_n(buffer.begin() + static_cast<std::ptrdiff_t>(used), 300, std::uint8_t{7});
        return used + 300;
    }
};

TEST_CASE("Every message leaves room for its signature", "[dnsd][rfc8945]") {
    const auto world = make_world().share(hairpin::tests::name("example.net."));
    const Octets query = transfer_query("example.net. AXFR");
    Transfer transfer(TransferQuestion(read_query(query), Identity()), world, nullptr, 1'000,
                      std::make_unique<FakeSigner>());
    auto messages = messages_of(transfer);
    REQUIRE(messages.size() > 5);
    for (Octets& message : messages) {
        CHECK(message.size() <= 1'000);
        CHECK(message.back() == 7);
        message.resize(message.size() - 300);
    }
    CHECK(whole_zone(answer_lines(messages)) == lines_of(*world));
}

// Versions of one zone under random changes.
class Chronicle {
public:
    explicit Chronicle(unsigned seed) : random_(seed) {
        std::string text;
        for (int each = 0; each < 60; ++each)
            text += "fixed" + std::to_string(each) + " 60 IN A 192.0.2.1\n";
        versions_.push_back(zone("example.net.", text));
    }
    void change() {
        std::vector<zones::Edit> edits;
        for (auto left = 1 + random_() % 4; left > 0; --left)
            edits.push_back(random_edit());
        const auto change = hairpin::tests::change("example.net.", std::move(edits));
        auto edited = zones::apply(versions_.back(), change, {0, {}}, {});
        if (!edited || !edited->changed) return;
        steps_.push_back(edited->difference);
        versions_.push_back(edited->zone);
    }
    /// The steps from that version to the newest as one.
    [[nodiscard]] zones::ZoneDifference difference_since(std::size_t version) const {
        zones::Condensed condensed;
        for (std::size_t each = version; each < steps_.size(); ++each)
            for (const auto& rrset : steps_[each].rrsets)
                REQUIRE(condensed.add(rrset));
        return {versions_[version]->serial(), versions_.back()->serial(), condensed.take()};
    }

    std::mt19937 random_;
    std::vector<zones::ZoneRef> versions_;
    std::vector<zones::ZoneDifference> steps_;  // The one at n leads from version n to n + 1.

private:
    zones::Edit random_edit() {
        static const std::vector<const char*> kOwners = {"@", "a", "A", "b.a", "c", "*.c", "d.e.f"};
        static const std::vector<zones::EditKind> kKinds = {
            zones::EditKind::ReplaceRRset, zones::EditKind::AddRecords,
            zones::EditKind::DeleteRecords, zones::EditKind::DeleteRRset,
            zones::EditKind::DeleteOwner};
        const std::string owner = kOwners[random_() % kOwners.size()];
        const bool text = random_() % 2 == 0;
        const std::string number = std::to_string(random_() % 5);
        return hairpin::tests::edit(
            kKinds[random_() % kKinds.size()],
            owner == "@" ? "example.net." : owner + ".example.net.",
            text ? zones::RType::TXT : zones::RType::A,
            {text ? "\"" + number + "\"" : "192.0.2." + number, text ? "\"x\"" : "192.0.2.77"},
            random_() % 4 == 0 ? 61 : 60);
    }
};

TEST_CASE("An incremental transfer applied to any old content gives the new one",
          "[dnsd][rfc1995][model]") {
    Chronicle chronicle(GENERATE(range(1u, 9u)));
    std::size_t incremental = 0;
    for (int step = 0; step < 80; ++step) {
        chronicle.change();
        if (chronicle.steps_.empty()) continue;
        const std::size_t version = chronicle.random_() % chronicle.steps_.size();
        const auto& from = chronicle.versions_[version];
        const auto& to = chronicle.versions_.back();
        const auto chosen =
            choose_difference(chronicle.difference_since(version), to, from->serial());
        if (chosen == nullptr) continue;
        ++incremental;
        const std::size_t octets = chronicle.random_() % 2 == 0 ? 512 : 16'384;
        const auto messages = send(to, transfer_query("example.net. IXFR"), octets, chosen);
        const auto lines = answer_lines(messages);
        INFO("from version " << version << " of " << chronicle.versions_.size());
        REQUIRE(applied(lines_of(*from), lines) == lower(lines_of(*to)));
    }
    CHECK(incremental > 40);
}

TEST_CASE("Condensed, steps do what they do one by one, in no more records",
          "[dnsd][rfc1995][model]") {
    Chronicle chronicle(GENERATE(range(20u, 26u)));
    for (int step = 0; step < 60; ++step)
        chronicle.change();
    std::size_t records = 0;
    Lines content = lines_of(*chronicle.versions_.front());
    for (std::size_t each = 0; each < chronicle.steps_.size(); ++each) {
        const auto& to = chronicle.versions_[each + 1];
        const auto step = std::make_shared<const zones::ZoneDifference>(chronicle.steps_[each]);
        const auto lines =
            answer_lines(send(to, transfer_query("example.net. IXFR"), 16'384, step));
        content = applied(content, lines);
        records += lines.size() - 2;
        REQUIRE(content == lower(lines_of(*to)));
    }
    const auto& to = chronicle.versions_.back();
    const auto whole = std::make_shared<const zones::ZoneDifference>(chronicle.difference_since(0));
    const auto lines = answer_lines(send(to, transfer_query("example.net. IXFR"), 16'384, whole));
    CHECK(applied(lines_of(*chronicle.versions_.front()), lines) == content);
    CHECK(lines.size() - 2 <= records);
}

}  // namespace
}  // namespace hairpin::dnsd::tests
