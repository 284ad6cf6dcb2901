#include "acme/verdict.hpp"

#include <array>
#include <utility>

namespace hairpin::acme {
namespace {

constexpr Milliseconds kRateLimitPause{3'600'000};  // Where a 429 does not say how long.

struct Meaning {
    std::string_view type;
    Remedy remedy;
    std::string_view advice;
};

// RFC 8555 section 6.7. What is not here is tried again.
constexpr std::array kMeanings = {
    Meaning{"accountDoesNotExist", Remedy::Register,
            "the CA has forgotten our account; it is registered again"},
    Meaning{"badCSR", Remedy::PersonNeeded,
            "send a CSR with another key and the names of this server"},
    Meaning{"badNonce", Remedy::TryAgain,
            "the CA keeps refusing its own nonces; it is tried again"},
    Meaning{"badPublicKey", Remedy::PersonNeeded,
            "the CA does not take this key: make a new one, P-256 or RSA of 2048 bits or more"},
    Meaning{"caa", Remedy::PersonNeeded,
            "a CAA record of the name or of a domain above it forbids this CA: allow it there"},
    Meaning{"dns", Remedy::TryAgain,
            "the CA could not ask our name servers: check the delegation of the zone, and that "
            "port 53 is open over UDP and TCP at every name server of it"},
    Meaning{
        "dnssec", Remedy::PersonNeeded,
        "the signatures of the zone do not hold: remove the DS record at its parent if the zone "
        "is not signed, else mend its DNSSEC"},
    Meaning{"externalAccountRequired", Remedy::PersonNeeded,
            "this CA wants an account bound to one at its web site: get a key there and give it as "
            "[acme] eab_kid and eab_key_file"},
    Meaning{"incorrectResponse", Remedy::TryAgain,
            "the CA saw another TXT record than ours: check that every name server of the zone "
            "follows this one"},
    Meaning{"invalidProfile", Remedy::TryAgain,
            "the CA does not take the profile: change [acme] profile"},
    Meaning{"invalidContact", Remedy::PersonNeeded, "mend [acme] contact in the configuration"},
    Meaning{
        "paused", Remedy::PersonNeeded,
        "the CA has paused these names after many failures: mend their cause, open the page and "
        "unpause them, then retry"},
    Meaning{"rateLimited", Remedy::TryAgain, "the CA's limit is reached; it is tried again later"},
    Meaning{"rejectedIdentifier", Remedy::PersonNeeded,
            "the CA does not issue for this name by its policy: use another base domain or CA"},
    Meaning{"serverInternal", Remedy::TryAgain, "the CA has a failure of its own"},
    Meaning{"unauthorized", Remedy::TryAgain,
            "the CA did not find our TXT record: check that every name server of the zone follows "
            "this one"},
    Meaning{"unsupportedContact", Remedy::PersonNeeded,
            "mend [acme] contact in the configuration: the CA wants mailto: addresses"},
    Meaning{"unsupportedIdentifier", Remedy::PersonNeeded,
            "this CA does not issue for DNS names: configure another one"},
    Meaning{"userActionRequired", Remedy::PersonNeeded,
            "the CA wants a person to act, usually to agree to new terms of service"},
};

const Meaning* meaning_of(std::string_view type) {
    for (const Meaning& each : kMeanings)
        if (each.type == type) return &each;
    return nullptr;
}

/// Let's Encrypt says "rateLimited" of names that it has paused until a person unpauses them; the
/// page for that is in the words.
bool is_paused(const Problem& problem) {
    return problem.type == "rateLimited" && !problem.instance.empty() &&
           (problem.detail.find("paused") != std::string::npos ||
            problem.detail.find("unpause") != std::string::npos ||
            problem.instance.find("unpause") != std::string::npos ||
            problem.detail.find("temporarily prevented") != std::string::npos);
}

/// Let's Encrypt says "dns" of a zone whose signatures do not hold; the reason is in the words.
bool is_bogus(const Problem& problem) {
    return problem.type == "dns" && problem.detail.find("DNSSEC") != std::string::npos;
}

/// The most telling part: a compound problem has it in a subproblem.
Verdict judge_whole(const Problem& problem, std::string_view doing) {
    Verdict verdict;
    verdict.type = problem.type.empty() ? "unknown" : problem.type;
    verdict.text =
        std::string(doing) + " failed: " + (problem.detail.empty() ? verdict.type : problem.detail);
    if (is_paused(problem)) verdict.type = "paused";
    if (is_bogus(problem)) verdict.type = "dnssec";
    const Meaning* meaning = meaning_of(verdict.type);
    for (const Subproblem& part : problem.subproblems) {
        if (verdict.text.size() < 2 * kMaxDetail)
            verdict.text += "; " + part.name + ": " + part.detail;
        const Meaning* of_part = meaning_of(part.type);
        if (of_part != nullptr && (meaning == nullptr || of_part->remedy == Remedy::PersonNeeded))
            meaning = of_part;
    }
    if (meaning == nullptr) return verdict;
    verdict.remedy = meaning->remedy;
    verdict.text += " (" + std::string(meaning->advice) +
                    (problem.instance.empty() ? "" : ": " + problem.instance) + ")";
    return verdict;
}

}  // namespace

bool is_mendable(std::string_view type) noexcept {
    return type != "rateLimited" && type != "serverInternal" && type != "malformed-answer" &&
           !type.starts_with("http-");
}

bool is_fault_of_ca(std::string_view type) noexcept {
    return type == "unreachable" || type == "serverInternal" || type == "malformed-answer" ||
           type == "badNonce" || type == "rateLimited" || type.starts_with("http-5");
}

Verdict judge(const Problem& problem, std::string_view doing) {
    Verdict verdict = judge_whole(problem, doing);
    verdict.is_cas = verdict.type == "serverInternal";
    return verdict;
}

Verdict judge(const CaFailure& failure, std::string_view doing) {
    switch (failure.kind) {
        case CaFailure::Kind::Unreachable:
            return {Remedy::TryAgain, "unreachable",
                    std::string(doing) + " failed: the CA is not reached: " + failure.cause +
                        " (check [acme] directory, and that this machine reaches it)",
                    failure.retry_after, true};
        case CaFailure::Kind::Malformed:
            return {
                Remedy::TryAgain, "malformed-answer",
                std::string(doing) + " failed: the CA's answer makes no sense: " + failure.cause,
                failure.retry_after, true};
        case CaFailure::Kind::Refused:
            break;
    }
    Verdict verdict;
    if (failure.problem.type.empty()) {
        verdict.type = "http-" + std::to_string(failure.status);
        verdict.text = std::string(doing) + " failed: the CA answered with HTTP status " +
                       std::to_string(failure.status) +
                       (failure.problem.detail.empty() ? "" : ": " + failure.problem.detail);
    } else {
        verdict = judge_whole(failure.problem, doing);
    }
    // RFC 8555 section 6.7 has one word for two things: of a challenge it says that the TXT record
    // was not found, of a request that the account may not do it.
    if (failure.problem.type == "unauthorized") {
        verdict.remedy = Remedy::PersonNeeded;
        verdict.text = std::string(doing) + " failed: " + failure.problem.detail +
                       " (the CA refuses our account: was it deactivated there?)";
    }
    verdict.is_cas = true;
    verdict.not_before = failure.retry_after;
    if (!verdict.not_before && (failure.status == 429 || verdict.type == "rateLimited"))
        verdict.not_before = kRateLimitPause;
    return verdict;
}

Verdict judge(const Error& error, std::string_view doing) {
    return {Remedy::TryAgain, std::string(to_string(error.code)),
            std::string(doing) + " failed: " + error.text(), std::nullopt, false};
}

}  // namespace hairpin::acme
