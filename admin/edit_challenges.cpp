// Edits of TXT at challenge names, writer by writer: the second half of edit_plan.hpp.

#include <algorithm>
#include <utility>

#include "admin/edit_plan.hpp"
#include "store/challenge_rows.hpp"

namespace hairpin::admin {
namespace {

using zones::EditKind;

/// Values that one credential may have at one name: clients that never clean up stay bounded.
constexpr std::size_t kMaxValues = 32;

class ChallengePlanner {
public:
    ChallengePlanner(const EditScene& scene, EditPlan& plan) : scene_(scene), plan_(plan) {}

    Result<void, Problem> run() {
        std::vector<zones::Edit> edits;
        for (zones::Edit& each : plan_.change.edits) {
            const bool is_ours =
                is_challenge_name(each.owner) &&
                (each.kind == EditKind::DeleteOwner || each.type == zones::RType::TXT);
            if (!is_ours)
                edits.push_back(std::move(each));
            else
                TRY(rewrite(std::move(each), edits));
        }
        plan_.change.edits = std::move(edits);
        return {};
    }

private:
    Result<void, Problem> rewrite(zones::Edit&& edit, std::vector<zones::Edit>& edits) {
        if (edit.kind != EditKind::AddRecords) TRY(take_away(edit, edits));
        if (edit.kind == EditKind::AddRecords || edit.kind == EditKind::ReplaceRRset)
            TRY(put(edit, edits));
        return {};
    }

    /// Of the whole set, or of the records named, what this credential wrote and nobody else did.
    Result<void, Problem> take_away(const zones::Edit& edit, std::vector<zones::Edit>& edits) {
        const bool is_whole = edit.kind != EditKind::DeleteRecords;
        std::vector<Octets> own = TRY(own_values(edit.owner));
        zones::Edit removal;
        removal.kind = EditKind::DeleteRecords;
        removal.owner = edit.owner;
        removal.type = zones::RType::TXT;
        for (Octets& rdata : own) {
            const bool is_named =
                std::find(edit.rdatas.begin(), edit.rdatas.end(), rdata) != edit.rdatas.end();
            const bool goes =
                is_whole ? edit.kind != EditKind::ReplaceRRset || !is_named : is_named;
            if (!goes) continue;
            plan_.challenges.push_back({edit.owner, rdata, false});
            const bool is_shared =
                TRY(store::others_wrote(scene_.queries.database(), plan_.change.apex, edit.owner,
                                        plan_.identity.credential.id, rdata));
            if (!is_shared) removal.rdatas.push_back(std::move(rdata));
        }
        if (!removal.rdatas.empty()) edits.push_back(std::move(removal));
        return {};
    }

    Result<void, Problem> put(const zones::Edit& edit, std::vector<zones::Edit>& edits) {
        if (edit.rdatas.empty()) return {};
        const auto own = TRY(own_values(edit.owner));
        if (own.size() + edit.rdatas.size() > kMaxValues)
            return fail(Problem(ProblemType::TooLarge, "refused: a credential keeps at most " +
                                                           std::to_string(kMaxValues) +
                                                           " values at " + edit.owner.text() +
                                                           ": remove those that are over"));
        zones::Edit addition = edit;
        addition.kind = EditKind::AddRecords;
        for (const Octets& rdata : addition.rdatas)
            plan_.challenges.push_back({edit.owner, rdata, true});
        edits.push_back(std::move(addition));
        return {};
    }

    /// What the credential has there, this request's own earlier edits among it.
    Result<std::vector<Octets>, Problem> own_values(const zones::Name& owner) {
        std::vector<Octets> values;
        for (store::ChallengeValue& each :
             TRY(store::challenge_values(scene_.queries.database(), plan_.change.apex, owner,
                                         plan_.identity.credential.id)))
            values.push_back(std::move(each.rdata));
        for (const PlannedChallenge& each : plan_.challenges) {
            if (!(each.owner == owner)) continue;
            std::erase(values, each.rdata);
            if (each.is_put) values.push_back(each.rdata);
        }
        return values;
    }

    const EditScene& scene_;
    EditPlan& plan_;
};

}  // namespace

bool is_challenge_name(const zones::Name& owner) noexcept {
    constexpr std::string_view kLabel = "_acme-challenge";
    return zones::equal_ignoring_case(owner.first_label(), as_octets(kLabel));
}

Result<void, Problem> plan_challenges(const EditScene& scene, EditPlan& plan) {
    return ChallengePlanner(scene, plan).run();
}

}  // namespace hairpin::admin
