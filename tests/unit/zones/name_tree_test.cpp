#include "zones/name_tree.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "tests/support/zones.hpp"

namespace hairpin::zones {
namespace {

// A leaf that counts how many of its kind are alive.
class Leaf final : public RefCounted<Leaf> {
public:
    static Ref<const Leaf> create(const Name& name, int value) {
        return Ref<const Leaf>::adopt(new Leaf(name, value));
    }
    static void destroy(Leaf* leaf) noexcept { delete leaf; }
    ~Leaf() { --alive; }
    [[nodiscard]] OctetView owner() const noexcept { return name_.wire().first(name_.size() - 1); }
    [[nodiscard]] std::size_t labels() const noexcept { return name_.labels(); }
    [[nodiscard]] const Name& name() const noexcept { return name_; }
    [[nodiscard]] int value() const noexcept { return value_; }
    static inline int alive = 0;

private:
    Leaf(const Name& name, int value) : name_(name), value_(value) { ++alive; }
    Name name_;
    int value_;
};

struct CanonicalLess {
    bool operator()(const Name& a, const Name& b) const { return canonical_less(a, b); }
};
using Model = std::map<Name, int, CanonicalLess>;

OctetView labels(const Name& name) {
    return name.wire().first(name.size() - 1);
}

// A small alphabet with odd octets, so that names often share prefixes, nest, and need escapes.
Name random_name(std::mt19937& random) {
    static const std::vector<std::string> kLabels = {
        "a",    "b",     "A",      "ab",    "abc",       "*",     "_acme-challenge",
        "nur1", "nur10", "i-nur1", "\\000", "a\\000nul", "\\255", "{",
        "z~",   "-"};
    std::uniform_int_distribution<std::size_t> label(0, kLabels.size() - 1);
    std::uniform_int_distribution<int> count(0, 4);
    std::string text;
    for (int left = count(random); left > 0; --left)
        text += kLabels[label(random)] + ".";
    return tests::name(text.empty() ? "." : text);
}

void check_same(const NameTree<Leaf>& tree, const Model& model) {
    auto expected = model.begin();
    tree.for_each([&](const Leaf& leaf) {
        REQUIRE(expected != model.end());
        INFO(leaf.name().text());
        REQUIRE(leaf.name() == expected->first);
        REQUIRE(leaf.value() == expected->second);
        ++expected;
        return true;
    });
    REQUIRE(expected == model.end());
    REQUIRE(tree.size() == model.size());
}

// What descend() must find, computed the slow way.
void check_descent(const NameTree<Leaf>& tree, const Model& model, const Name& wanted) {
    NameTree<Leaf>::Descent found;
    tree.descend(TreeKey(wanted).view(), labels(wanted), found);
    INFO("asked for " << wanted.text());

    std::size_t common = 0;
    std::vector<Name> ancestors;
    for (const auto& [name, value] : model) {
        common = std::max(common, common_labels(labels(name), labels(wanted)));
        if (!(name == wanted) && wanted.is_within(name)) ancestors.push_back(name);
    }
    const auto exact = model.find(wanted);
    REQUIRE((found.exact != nullptr) == (exact != model.end()));
    if (found.exact != nullptr)
        REQUIRE(NameTree<Leaf>::leaf(found.exact)->value() == exact->second);
    REQUIRE(found.common == common);
    REQUIRE(found.ancestors == ancestors.size());
    for (std::size_t each = 0; each < ancestors.size(); ++each)
        REQUIRE(NameTree<Leaf>::leaf(found.ancestor[each])->name() == ancestors[each]);
}

void check_within(const NameTree<Leaf>& tree, const Model& model, const Name& ancestor) {
    std::vector<int> expected;
    for (const auto& [name, value] : model)
        if (name.is_within(ancestor)) expected.push_back(value);
    std::vector<int> found;
    tree.for_each_within(TreeKey(ancestor).view(), labels(ancestor), [&](const Leaf& leaf) {
        found.push_back(leaf.value());
        return true;
    });
    CHECK(found == expected);
}

TEST_CASE(
    "A name tree agrees with an ordered map under random edits, and old versions stay as they were",
    "[zones][model]") {
    const auto seed = GENERATE(range(1u, 13u));
    std::mt19937 random(seed);
    {
        NameTree<Leaf> tree;
        Model model;
        std::vector<std::pair<NameTree<Leaf>, Model>> versions;
        for (int step = 0; step < 400; ++step) {
            const Name name = random_name(random);
            if (random() % 3 == 0) {
                REQUIRE(tree.erase(TreeKey(name).view(), labels(name)) == (model.erase(name) == 1));
            } else {
                tree.put(Leaf::create(name, step));
                model.erase(name);
                model.emplace(name, step);
            }
            if (step % 50 == 0) versions.emplace_back(tree, model);
            check_descent(tree, model, random_name(random));
            check_within(tree, model, random_name(random));
        }
        check_same(tree, model);
        for (const auto& [old_tree, old_model] : versions)
            check_same(old_tree, old_model);
    }
    CHECK(Leaf::alive == 0);
}

TEST_CASE("A change to a copied tree shares what is not on its path", "[zones]") {
    {
        NameTree<Leaf> tree;
        for (int each = 0; each < 2000; ++each)
            tree.put(Leaf::create(tests::name("nur" + std::to_string(each) + ".example"), each));
        const NameTree<Leaf> before = tree;
        tree.put(Leaf::create(tests::name("nur7.example"), -1));
        CHECK(Leaf::alive == 2001);  // One leaf more, not 2000.
        const Name name = tests::name("NUR7.example");
        CHECK(before.find(TreeKey(name).view(), labels(name))->value() == 7);
        CHECK(tree.find(TreeKey(name).view(), labels(name))->value() == -1);
    }
    CHECK(Leaf::alive == 0);
}

TEST_CASE("A cursor shows what for_each shows, in steps of any size", "[zones][rfc4034][model]") {
    const auto seed = GENERATE(range(1u, 9u));
    std::mt19937 random(seed);
    NameTree<Leaf> tree;
    for (int step = 0; step < 600; ++step) {
        const Name name = random_name(random);
        if (random() % 4 == 0) {
            tree.erase(TreeKey(name).view(), labels(name));
        } else {
            tree.put(Leaf::create(name, step));
        }
        if (step % 20 != 0) continue;
        std::vector<const Leaf*> expected;
        tree.for_each([&](const Leaf& leaf) {
            expected.push_back(&leaf);
            return true;
        });
        NameTree<Leaf>::Cursor cursor(tree);
        std::vector<const Leaf*> shown;
        while (const Leaf* leaf = cursor.next()) {
            shown.push_back(leaf);
            if (random() % 3 == 0) cursor = NameTree<Leaf>::Cursor(cursor);  // A pause.
        }
        REQUIRE(shown == expected);
        REQUIRE(cursor.next() == nullptr);
    }
}

TEST_CASE("A cursor walks the version it began with while the tree goes on", "[zones]") {
    NameTree<Leaf> tree;
    for (int each = 0; each < 100; ++each)
        tree.put(Leaf::create(tests::name("nur" + std::to_string(each) + ".example"), each));
    const NameTree<Leaf> kept = tree;
    NameTree<Leaf>::Cursor cursor(kept);
    int sum = 0;
    for (int each = 0; each < 100; ++each) {
        const Leaf* leaf = cursor.next();
        REQUIRE(leaf != nullptr);
        sum += leaf->value();
        tree.put(Leaf::create(tests::name("nur" + std::to_string(each) + ".example"), -1));
        tree.put(Leaf::create(tests::name("new" + std::to_string(each) + ".example"), -1));
    }
    CHECK(sum == 4950);
    CHECK(cursor.next() == nullptr);
}

TEST_CASE("An empty tree finds nothing", "[zones]") {
    const NameTree<Leaf> tree;
    const Name name = tests::name("example");
    NameTree<Leaf>::Descent found;
    tree.descend(TreeKey(name).view(), labels(name), found);
    CHECK(found.exact == nullptr);
    CHECK(found.relative == nullptr);
    CHECK(found.ancestors == 0);
    CHECK(tree.find(TreeKey(name).view(), labels(name)) == nullptr);
    check_within(tree, {}, name);
    CHECK(NameTree<Leaf>::Cursor(tree).next() == nullptr);
}

}  // namespace
}  // namespace hairpin::zones
