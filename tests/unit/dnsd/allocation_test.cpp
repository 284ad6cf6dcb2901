// tests/unit/dnsd/allocation_test.cpp - no answer allocates: the rule of the answer path, counted.
//
// A program of its own, because it takes the place of malloc for the whole process. Sanitizers take
// that place themselves: under them the program does not test anything and says so (status 77).

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "dnsd/rate_limit.hpp"
#include "dnsd/tap.hpp"
#include "tests/support/dns_world.hpp"
#include "tests/support/tsig.hpp"

#if defined(__has_feature)  // clang's way of saying it; the macros are GCC's.
#define HAIRPIN_MALLOC_IS_TAKEN \
    (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAIRPIN_MALLOC_IS_TAKEN 1
#else
#define HAIRPIN_MALLOC_IS_TAKEN 0
#endif

namespace {

// Outside of everything that may allocate. One thread.
std::size_t allocations = 0;

}  // namespace

#if !HAIRPIN_MALLOC_IS_TAKEN
extern "C" {
// NOLINTBEGIN(bugprone-reserved-identifier): glibc's own names for its allocator.
void* __libc_malloc(std::size_t octets);
void* __libc_calloc(std::size_t count, std::size_t octets);
void* __libc_realloc(void* block, std::size_t octets);
void* __libc_memalign(std::size_t alignment, std::size_t octets);
// NOLINTEND(bugprone-reserved-identifier): as above.

void* malloc(std::size_t octets) {
    ++allocations;
    return __libc_malloc(octets);
}
void* calloc(std::size_t count, std::size_t octets) {
    ++allocations;
    return __libc_calloc(count, octets);
}
void* realloc(void* block, std::size_t octets) {
    ++allocations;
    return __libc_realloc(block, octets);
}
void* aligned_alloc(std::size_t alignment, std::size_t octets) {
    ++allocations;
    return __libc_memalign(alignment, octets);
}
}
#endif

namespace hairpin::dnsd::tests {
namespace {

using hairpin::tests::MessageBuilder;

struct Case {
    const char* kind;
    std::string question;
    Transport transport = Transport::Udp;
    bool edns = false;
};

const std::vector<Case> kCases = {
    {"positive answer", "nur1.example.net. A"},
    {"positive answer with EDNS and NSID", "nur1.example.net. A", Transport::Udp, true},
    {"padded answer", "nur1.example.net. A", Transport::Tls, true},
    {"NODATA", "nur1.example.net. TXT"},
    {"empty non-terminal", "b.ent.example.net. A"},
    {"NXDOMAIN", "missing.example.net. A"},
    {"referral with glue and DS", "x.sub.example.net. A", Transport::Udp, true},
    {"CNAME", "alias.example.net. A"},
    {"CNAME into another zone", "across.example.net. A"},
    {"CNAME loop", "loop1.example.net. A"},
    {"longest chain", "link0.example.net. A", Transport::Tcp},
    {"wildcard", "any.wild.example.net. A"},
    {"wildcard CNAME", "any.wcname.example.net. A"},
    {"DNAME", "x.dname.example.net. A"},
    {"DNAME overflow", std::string(60, 'a') + ".over.example.net. A", Transport::Tcp},
    {"truncated answer", "big.example.net. TXT"},
    {"truncated glue", "x.manyglue.example.net. A", Transport::Udp, true},
    {"the same over TCP", "big.example.net. TXT", Transport::Tcp},
    {"HTTPS with additional records", "svc.example.net. HTTPS", Transport::Udp, true},
    {"ANY", "nur1.example.net. ANY"},
    {"DS at an apex", "child.example.net. DS"},
    {"refused zone", "www.example.com. A", Transport::Udp, true},
    {"refused class", "version.bind. TXT 3"},
    {"refused type", "example.net. AXFR", Transport::Tcp},
};

Octets message_of(const Case& each) {
    MessageBuilder builder;
    hairpin::tests::add_question(builder, each.question);
    if (each.edns) builder.opt(1232, 0x8000, {0, 3, 0, 0, 0, 12, 0, 0});
    return builder.octets();
}

/// Allocations while one message is answered; prints when there are any or no answer.
bool is_clean(const char* kind, const Engine& engine, OctetView message, Transport transport,
              std::span<std::uint8_t> out, bool answered) {
    allocations = 0;
    const std::size_t octets = answer(engine, message, transport, out);
    const std::size_t counted = allocations;
    if (counted == 0 && (octets != 0) == answered) return true;
    std::printf("FAILED %s: %zu allocations, %zu octets\n", kind, counted, octets);
    return false;
}

constexpr std::size_t kGuardCases = 6;

/// Cookies, and answers over a rate limit.
bool are_guards_clean(World& world, std::vector<std::uint8_t>& out) {
    CookiePolicy cookies{CookieUse::Answered, {}};
    const Engine engine{world.zones_, world.identity_, world.counters_,
                        nullptr,      1'795'000'000,   &cookies};
    Octets option{0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8};
    const auto asking = [&] {
        return MessageBuilder()
            .question("nur1.example.net.", zones::RType::A)
            .opt(1232, 0, option)
            .octets();
    };
    const Octets fresh = asking();
    const Octets only = MessageBuilder().opt(1232, 0, option).octets();
    bool clean = is_clean("client cookie", engine, fresh, Transport::Udp, out, true);
    // The answer's COOKIE, at its end, is a valid one.
    const std::size_t octets = answer(engine, fresh, Transport::Udp, out);
    option.assign(out.begin() + static_cast<std::ptrdiff_t>(octets) - 28,
                  out.begin() + static_cast<std::ptrdiff_t>(octets));
    clean &= is_clean("valid cookie", engine, asking(), Transport::Udp, out, true);
    clean &= is_clean("cookie without a question", engine, only, Transport::Udp, out, true);
    cookies.use = CookieUse::Required;
    clean &= is_clean("BADCOOKIE", engine, fresh, Transport::Udp, out, true);

    RateLimits limits;
    limits.mode = RateLimiting::On;
    limits.per_second = {1, 1, 1, 1, 1, 1};
    limits.slip = 2;
    RateLimiter limiter(limits, {});
    const IpAddress client = IpAddress::v4({192, 0, 2, 1});
    bool dropped = false;
    bool slipped = false;
    allocations = 0;
    for (int each = 0; each < 10; ++each) {
        Gist gist;
        const std::size_t answered = answer(engine, fresh, {Transport::Udp, client}, out, gist);
        const Verdict verdict = limiter.judge(client, gist.outcome, gist.subject, MonotonicTime{});
        dropped |= verdict == Verdict::Drop;
        if (verdict != Verdict::Slip) continue;
        slipped |= cut_short(std::span(out).first(answered), gist.opt_octets) != 0;
    }
    if (dropped && slipped && allocations == 0) return clean;
    std::printf("FAILED rate limit: %zu allocations\n", allocations);
    return false;
}

constexpr std::size_t kTapCases = 1;

/// Answers that are watched, until the ring is full and beyond.
bool is_watching_clean(World& world, std::vector<std::uint8_t>& out) {
    const Engine engine{world.zones_, world.identity_, world.counters_};
    Tap tap(world.counters_, 1);
    tap.set({true, 3}, std::make_shared<ExchangeRing>(std::size_t{512} * 1024));
    const Octets asked = message_of(kCases.front());
    allocations = 0;
    for (int each = 0; each < 10'000; ++each) {
        const std::size_t octets = answer(engine, asked, Transport::Udp, out);
        Exchange exchange;
        exchange.received = exchange.sent = exact_now();
        exchange.query = asked;
        exchange.response = OctetView(out).first(octets);
        tap.see(exchange);
    }
    const bool was_full = world.counters_.observed_dropped.value() > 0;
    if (allocations == 0 && was_full) return true;
    std::printf("FAILED watching: %zu allocations\n", allocations);
    return false;
}

int run() {
    World world;
    KeyRing ring;
    ring.put(make_key("key."));
    const Engine engine{world.zones_, world.identity_, world.counters_, &ring, kTsigNow};
    std::vector<std::uint8_t> out(kMaxMessageOctets);
    allocations = 0;
    static_cast<void>(message_of(kCases.front()));
    // The counter counts, or everything below would pass.
    bool clean = allocations > 0;
    if (!clean) std::printf("FAILED: allocations are not counted\n");
    for (const Case& each : kCases)
        clean &= is_clean(each.kind, engine, message_of(each), each.transport, out, true);
    const Octets broken = MessageBuilder().raw(Octets{0xff}).counts({1, 0, 0, 0}).octets();
    clean &= is_clean("format error", engine, broken, Transport::Udp, out, true);
    const Octets version1 =
        MessageBuilder().question("net.", zones::RType::A).opt(512, 0x10000).octets();
    clean &= is_clean("BADVERS", engine, version1, Transport::Udp, out, true);
    World telling;
    telling.identity_.version = {'v', '1'};
    const Engine teller{telling.zones_, telling.identity_, telling.counters_};
    const Octets chaos =
        MessageBuilder().question("version.bind.", zones::RType::TXT, zones::RClass::CH).octets();
    clean &= is_clean("CHAOS", teller, chaos, Transport::Udp, out, true);
    // Who knows no key of ours costs no more than others.
    TsigStream stranger(make_key("other."));
    const Octets badkey = sign(stranger, message_of(kCases.front()));
    clean &= is_clean("BADKEY", engine, badkey, Transport::Udp, out, true);
    clean &= are_guards_clean(world, out);
    clean &= is_watching_clean(world, out);
    clean &= is_clean("silence", engine, OctetView(broken).first(3), Transport::Udp, out, false);
    if (clean)
        std::printf("%zu kinds of answers without an allocation\n",
                    kCases.size() + 5 + kGuardCases + kTapCases);
    return clean ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace
}  // namespace hairpin::dnsd::tests

int main() {
    if (HAIRPIN_MALLOC_IS_TAKEN) {
        std::printf("skipped: the sanitizer's malloc cannot be replaced\n");
        return 77;
    }
    return hairpin::dnsd::tests::run();
}
