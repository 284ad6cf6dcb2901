// acme/waiting_line.hpp - who may order next, where a CA's limits are shared by many.
//
// Attempts that want an order stand here until the buckets let them (budget.hpp). The order in the
// line: live names before dead ones; then the class of work; within a class, renewals by the
// certificate that expires first, the others by their age.
//
//   incident   the certificate was revoked, or will be
//   first      a server that has none
//   renewal    one that has used half of its slack goes as an incident
//   re-issue   another certificate though there is one: a new key, asked for again
//   canary     to see whether a CA works
//
// Who is first is not who is served: an attempt whose bucket is empty stands aside, and those
// behind it go on with other buckets. Nobody who comes later takes its token: the line is walked
// from its head each time. A dead name (one that keeps failing) and a canary leave half of a shared
// bucket to the others, so that what fails for ever does not use up what the living need.
//
// Pure: time and budget are arguments; engine.hpp and plan.hpp walk the same line.
//
// Threads   One.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "acme/budget.hpp"
#include "core/clock.hpp"

namespace hairpin::acme {

enum class WorkClass : std::uint8_t { Incident, First, Renewal, Reissue, Canary };
inline constexpr std::size_t kWorkClasses = 5;
/// As stored and shown: "re-issue".
[[nodiscard]] std::string_view to_string(WorkClass work) noexcept;
[[nodiscard]] std::optional<WorkClass> work_class_from_text(std::string_view text) noexcept;

struct Waiting {
    std::int64_t id = 0;  // Of the attempt.
    std::int64_t server_id = 0;
    std::string name_alone = {};  // As in store::Subject.
    WorkClass work = WorkClass::First;
    bool is_dead = false;
    WallTime due{};    // Its place within the class: the earlier, the sooner.
    WallTime since{};  // When it was wanted.
    OrderKeys keys;
};

class WaitingLine {
public:
    /// Puts it in, or in its new place.
    void put(Waiting waiting, const Budget& budget, WallTime now);
    /// No harm where it does not stand here.
    void erase(std::int64_t id);
    /// Lets go of nobody of the class until then. `reason`: the CA's words.
    void park(WorkClass work, WallTime until, std::string reason);
    /// After limits were changed: looks anew who is held by buckets of its own.
    void look_anew(const Budget& budget, WallTime now);

    /// The first that may go now, with its tokens taken; empty: nobody may.
    [[nodiscard]] std::optional<Waiting> take(Budget& budget, WallTime now);
    /// After take() gave nobody: not before then will it give anybody. Empty: nobody waits.
    [[nodiscard]] std::optional<WallTime> next_at(const Budget& budget, WallTime now) const;

    [[nodiscard]] std::size_t size() const noexcept { return members_.size(); }
    [[nodiscard]] bool contains(std::int64_t id) const { return members_.contains(id); }
    /// In no order.
    template <typename Visit>
    void for_each(const Visit& visit) const {
        for (const auto& [id, member] : members_)
            visit(member.waiting);
    }
    [[nodiscard]] std::array<std::size_t, kWorkClasses> waiting_by_class() const;
    [[nodiscard]] std::map<std::string, std::size_t> waiting_by_domain() const;

    struct Parked {
        WorkClass work = WorkClass::First;
        WallTime until{};
        std::string reason;
    };
    [[nodiscard]] std::vector<Parked> parked(WallTime now) const;

    /// What holds one back now: the bucket that opens last, or (no bucket) its class. Empty:
    /// nothing.
    struct Hold {
        std::optional<Charge> bucket;
        WallTime until{};
    };
    [[nodiscard]] std::optional<Hold> hold_of(std::int64_t id, const Budget& budget,
                                              WallTime now) const;

private:
    using Rank = std::tuple<bool, WorkClass, WallTime, std::int64_t>;
    /// Those that the same buckets and the same rules hold back.
    using GroupKey =
        std::tuple<bool, WorkClass, bool, std::string>;  // Dead, class, exempt, domain.
    struct Member {
        Waiting waiting;
        std::optional<WallTime> held_until;  // By buckets of its own; then it is not in its group.
    };

    [[nodiscard]] static Rank rank_of(const Waiting& waiting);
    [[nodiscard]] static GroupKey group_of(const Waiting& waiting);
    [[nodiscard]] static bool keeps_half(const Waiting& waiting) noexcept;
    void enter(const Waiting& waiting);
    void leave(const Waiting& waiting);
    void place(Member& member, const Budget& budget, WallTime now);
    void unplace(const Member& member);
    void release(const Budget& budget, WallTime now);
    [[nodiscard]] bool is_account_closed(const Budget& budget, WallTime now) const;
    [[nodiscard]] WallTime shared_open_at(const Waiting& waiting, const Budget& budget,
                                          WallTime now) const;

    std::unordered_map<std::int64_t, Member> members_;
    std::map<GroupKey, std::set<Rank>> groups_;
    std::set<Rank> heads_;  // The first of each group.
    std::size_t exempt_groups_ = 0;
    std::set<std::pair<WallTime, std::int64_t>> held_;
    std::array<std::optional<Parked>, kWorkClasses> parked_;
};

}  // namespace hairpin::acme
