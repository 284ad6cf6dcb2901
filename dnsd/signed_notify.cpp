#include "dnsd/signed_notify.hpp"

#include <utility>

namespace hairpin::dnsd {

std::size_t SignedNotify::sign(TsigKeyRef key, std::span<std::uint8_t> buffer, std::size_t used,
                               TsigTime now) {
    TsigStream stream(key);
    const std::size_t octets = stream.sign(buffer, used, now);
    sent_.push_back({std::move(key), Mac(stream.mac())});
    return octets;
}

TsigVerdict SignedNotify::judge(OctetView answer, TsigTime now) const noexcept {
    TsigVerdict verdict = TsigVerdict::Ok;
    for (auto sent = sent_.rbegin(); sent != sent_.rend(); ++sent) {
        const TsigVerdict of_this = TsigVerifier(sent->key, sent->mac.view()).verify(answer, now);
        if (of_this == TsigVerdict::Ok) return of_this;
        if (sent == sent_.rbegin()) verdict = of_this;
    }
    return verdict;
}

const char* why_not(TsigVerdict verdict) noexcept {
    switch (verdict) {
        case TsigVerdict::Ok:
            return "it is right";
        case TsigVerdict::Pending:
        case TsigVerdict::Unsigned:
            return "its answers are not signed";
        case TsigVerdict::FormErr:
            return "its answers are malformed";
        case TsigVerdict::BadKey:
            return "its answers are signed with another key";
        case TsigVerdict::BadSig:
            return "the signatures of its answers are wrong";
        case TsigVerdict::BadTime:
            return "its answers are signed with a time that is not now";
        case TsigVerdict::BadTrunc:
            return "the signatures of its answers are too short";
        case TsigVerdict::PeerError:
            return "it does not take our signature: name, algorithm and secret of the key, and "
                   "both clocks, have to be the same there";
    }
    return "";
}

}  // namespace hairpin::dnsd
