#include "zones/permission.hpp"

#include <catch2/catch.hpp>

#include "tests/support/zones.hpp"
#include "zones/presentation.hpp"

namespace hairpin::zones {
namespace {

using tests::name;

Grant granted(const char* zone, std::vector<const char*> names, std::vector<RType> types,
              std::vector<Operation> operations, ValueRule values = ValueRule::Any) {
    Grant made;
    if (std::string_view(zone) != "*") made.zone = name(zone);
    for (const char* each : names)
        made.names.push_back(*NamePattern::parse(each));
    made.types = std::move(types);
    for (const Operation each : operations)
        made.operations.add(each);
    made.values = values;
    return made;
}

Edit wanted(EditKind kind, const char* owner, RType type, std::vector<const char*> rdatas = {}) {
    Edit made;
    made.kind = kind;
    made.owner = name(owner);
    made.type = type;
    for (const char* each : rdatas)
        made.rdatas.push_back(rdata_from_text(type, each).value());
    return made;
}

const IpAddress kSource = *IpAddress::parse("198.51.100.7");
constexpr auto kAdd = EditKind::AddRecords;

TEST_CASE("One grant must allow all of what is asked", "[zones][permission]") {
    const std::vector<Grant> grants = {
        granted("z.example.", {"a.z.example.", "subtree:sub.z.example."}, {RType::A, RType::TXT},
                {Operation::Update}),
        granted("other.example.", {}, {}, {Operation::Read}),
    };
    struct Asked {
        const char* zone;
        Edit edit;
        bool is_allowed;
        const char* rule;
    };
    const std::vector<Asked> rows = {
        {"z.example.", wanted(kAdd, "A.z.example.", RType::A, {"192.0.2.1"}), true,
         "allowed by grant 1: update A, TXT at a.z.example., subtree:sub.z.example. in "
         "z.example."},
        {"z.example.", wanted(kAdd, "sub.z.example.", RType::TXT, {"x"}), true, nullptr},
        {"z.example.", wanted(kAdd, "deep.sub.z.example.", RType::TXT, {"x"}), true, nullptr},
        {"z.example.", wanted(EditKind::DeleteRRset, "a.z.example.", RType::A), true, nullptr},
        {"z.example.", wanted(kAdd, "b.a.z.example.", RType::A, {"192.0.2.1"}), false,
         "refused: no grant allows to update b.a.z.example."},
        {"z.example.", wanted(kAdd, "notsub.z.example.", RType::A, {"192.0.2.1"}), false, nullptr},
        {"z.example.", wanted(kAdd, "a.z.example.", RType::AAAA, {"2001:db8::1"}), false,
         "refused: no grant allows to update AAAA at a.z.example."},
        {"z.example.", wanted(EditKind::DeleteOwner, "a.z.example.", RType::A), false,
         "refused: no grant allows to update every RRset at a.z.example."},
        {"other.example.", wanted(kAdd, "a.other.example.", RType::A, {"192.0.2.1"}), false,
         "refused: no grant for zone other.example. allows to update"},
        {"third.example.", wanted(kAdd, "a.third.example.", RType::A, {"192.0.2.1"}), false,
         "refused: no grant is for zone third.example."},
    };
    for (const Asked& row : rows) {
        const std::vector<Edit> edits = {row.edit};
        const Decision decision = decide(grants, name(row.zone), edits, kSource);
        INFO(row.edit.owner.text() << ": " << decision.rule);
        CHECK(decision.is_allowed == row.is_allowed);
        if (row.rule != nullptr) CHECK(decision.rule == row.rule);
    }
}

TEST_CASE("Nothing is allowed without a grant", "[zones][permission]") {
    const std::vector<Edit> edits = {wanted(kAdd, "a.z.example.", RType::A, {"192.0.2.1"})};
    CHECK_FALSE(decide({}, name("z.example."), edits, kSource).is_allowed);
    CHECK_FALSE(decide({}, name("z.example."), {}, kSource).is_allowed);
    const std::vector<Grant> powerless = {granted("*", {}, {}, {})};
    CHECK_FALSE(decide(powerless, name("z.example."), edits, kSource).is_allowed);
}

TEST_CASE("Every edit of a change is judged", "[zones][permission]") {
    const std::vector<Grant> grants = {
        granted("z.example.", {"a.z.example."}, {}, {Operation::Update})};
    const std::vector<Edit> edits = {wanted(kAdd, "a.z.example.", RType::A, {"192.0.2.1"}),
                                     wanted(kAdd, "b.z.example.", RType::A, {"192.0.2.1"})};
    CHECK(decide(grants, name("z.example."), std::span(edits).first(1), kSource).is_allowed);
    const Decision decision = decide(grants, name("z.example."), edits, kSource);
    CHECK_FALSE(decision.is_allowed);
    CHECK(decision.rule == "refused: no grant allows to update b.z.example.");
}

TEST_CASE("What may be written depends on the rule of values", "[zones][permission]") {
    const std::string challenge(43, 'x');
    const std::string quoted = "\"" + challenge + "\"";
    const std::string two = quoted + " " + quoted;
    const std::string odd = "\"" + std::string(42, 'x') + "=\"";
    struct Written {
        ValueRule rule;
        RType type;
        const char* rdata;
        bool is_allowed;
    };
    const std::vector<Written> rows = {
        {ValueRule::Any, RType::A, "10.0.0.1", true},
        {ValueRule::Public, RType::A, "9.9.9.9", true},
        {ValueRule::Public, RType::A, "10.0.0.1", false},
        {ValueRule::Public, RType::AAAA, "fd00::1", false},
        {ValueRule::Public, RType::TXT, "x", false},
        {ValueRule::Private, RType::A, "10.0.0.1", true},
        {ValueRule::Private, RType::AAAA, "fd00::1", true},
        {ValueRule::Private, RType::A, "9.9.9.9", false},
        {ValueRule::Private, RType::A, "100.64.0.1", false},
        {ValueRule::Source, RType::A, "198.51.100.7", true},
        {ValueRule::Source, RType::A, "198.51.100.8", false},
        {ValueRule::Challenge, RType::TXT, quoted.c_str(), true},
        {ValueRule::Challenge, RType::TXT, two.c_str(), false},
        {ValueRule::Challenge, RType::TXT, odd.c_str(), false},
        {ValueRule::Challenge, RType::TXT, "short", false},
        {ValueRule::Challenge, RType::A, "9.9.9.9", false},
    };
    for (const Written& row : rows) {
        const std::vector<Grant> grants = {granted("*", {}, {}, {Operation::Update}, row.rule)};
        const std::vector<Edit> edits = {wanted(kAdd, "a.z.example.", row.type, {row.rdata})};
        INFO(to_string(row.rule) << " " << row.rdata);
        CHECK(decide(grants, name("z.example."), edits, kSource).is_allowed == row.is_allowed);
        // Whatever the rule says of values, the set may go.
        const std::vector<Edit> removal = {wanted(EditKind::DeleteRRset, "a.z.example.", row.type)};
        CHECK(decide(grants, name("z.example."), removal, kSource).is_allowed);
    }
    const std::vector<Grant> source = {
        granted("*", {}, {}, {Operation::Update}, ValueRule::Source)};
    const std::vector<Edit> edits = {wanted(kAdd, "a.z.example.", RType::A, {"9.9.9.9"})};
    CHECK(decide(source, name("z.example."), edits, kSource).rule ==
          "refused: the grant for A at a.z.example. takes the requestor's own address only");
}

TEST_CASE("An alias leads to a name that the grants name, or to one of the caller's servers",
          "[zones][permission]") {
    const auto own = ValueRule::OwnNames;
    const auto aliases = granted("z.example.", {"subtree:app.z.example."}, {RType::CNAME, RType::A},
                                 {Operation::Update}, own);
    const auto reading = granted("z.example.", {"www.z.example."}, {RType::A}, {Operation::Read});
    const auto foreign = granted("y.example.", {"www.y.example."}, {}, {Operation::Update});
    const std::vector<Grant> grants = {aliases, reading, foreign};
    const std::vector<Name> servers = {name("nur1.z.example.")};
    struct Target {
        const char* name;
        bool is_allowed;
    };
    for (const Target& each : std::vector<Target>{{"nur1.z.example.", true},
                                                  {"NUR1.Z.example.", true},
                                                  {"www.z.example.", true},
                                                  {"other.app.z.example.", true},
                                                  {"i-nur1.z.example.", false},
                                                  {"mail.z.example.", false},
                                                  {"www.y.example.", false},
                                                  {"z.example.", false},
                                                  {".", false}}) {
        INFO(each.name);
        const std::vector<Edit> edits = {
            wanted(kAdd, "a.app.z.example.", RType::CNAME, {each.name})};
        CHECK(decide(grants, name("z.example."), edits, kSource, servers).is_allowed ==
              each.is_allowed);
    }
    // Nothing but aliases, and to nobody's servers unless somebody says whose they are.
    const std::vector<Edit> address = {wanted(kAdd, "a.app.z.example.", RType::A, {"192.0.2.1"})};
    CHECK(decide(grants, name("z.example."), address, kSource, servers).rule ==
          "refused: the grant for A at a.app.z.example. takes CNAMEs to its own names only");
    const std::vector<Edit> alias = {
        wanted(kAdd, "a.app.z.example.", RType::CNAME, {"nur1.z.example."})};
    CHECK_FALSE(decide(grants, name("z.example."), alias, kSource).is_allowed);
    // Who has every name of a zone has every name of it to lead to, and none of another.
    const std::vector<Grant> whole = {
        granted("z.example.", {}, {RType::CNAME}, {Operation::Update}, own)};
    CHECK(decide(whole, name("z.example."), alias, kSource).is_allowed);
    const std::vector<Edit> away = {
        wanted(kAdd, "a.app.z.example.", RType::CNAME, {"nur1.y.example."})};
    CHECK_FALSE(decide(whole, name("z.example."), away, kSource).is_allowed);
}

TEST_CASE("A whole zone takes a grant of every name", "[zones][permission]") {
    PermissionQuestion question;
    question.operation = Operation::Transfer;
    question.apex = question.owner = name("z.example.");
    question.is_whole_zone = true;
    const auto allowed = [&](const Grant& each) {
        return decide(std::vector{each}, question).is_allowed;
    };
    CHECK(allowed(granted("z.example.", {}, {}, {Operation::Transfer})));
    CHECK(allowed(granted("*", {}, {}, {Operation::Transfer})));
    CHECK_FALSE(allowed(granted("z.example.", {"subtree:z.example."}, {}, {Operation::Transfer})));
    CHECK_FALSE(allowed(granted("z.example.", {}, {RType::A}, {Operation::Transfer})));
    CHECK_FALSE(allowed(granted("z.example.", {}, {}, {Operation::Read, Operation::Update})));
    CHECK_FALSE(allowed(granted("y.example.", {}, {}, {Operation::Transfer})));
}

TEST_CASE("Patterns, operations and rules of values read back as they are written",
          "[zones][permission]") {
    for (const char* text : {"a.example.", "subtree:example.", "subtree:.", "*.example.",
                             "server:names", "server:challenges"}) {
        const auto pattern = NamePattern::parse(text);
        REQUIRE(pattern);
        CHECK(pattern->text() == text);
    }
    CHECK(NamePattern::parse("A.Example")->text() == "a.example.");
    // Whose names they are is said elsewhere: here they are nobody's, not even of that spelling.
    for (const char* text : {"server:names", "server:challenges"})
        for (const char* owner : {".", "a.example.", "server:names."})
            CHECK_FALSE(NamePattern::parse(text)->matches(name(owner)));
    for (const char* text : {"", "subtree:", "a..b", "subtree:subtree..x"})
        CHECK_FALSE(NamePattern::parse(text));
    for (const char* text : {"read", "update", "transfer"})
        CHECK(to_string(*operation_from_text(text)) == text);
    CHECK_FALSE(operation_from_text("delete"));
    for (const char* text : {"any", "public", "private", "source", "challenge", "own-names"})
        CHECK(to_string(*value_rule_from_text(text)) == text);
    CHECK_FALSE(value_rule_from_text(""));
}

}  // namespace
}  // namespace hairpin::zones
