// dnsd/counters.hpp - what one worker has counted.
//
// Each worker writes its own set and anybody may read it: relaxed atomics with a single writer, so
// that counting is a plain load and store. Sets are added up when somebody asks (dnsd/server.hpp).
//
// Threads   One writer; any number of readers, who see each counter whole but not all at one
//           instant.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/counter.hpp"
#include "dnsd/codes.hpp"
#include "dnsd/histogram.hpp"

namespace hairpin::dnsd {

/// How a message came: as a datagram, in a stream, in one inside TLS (RFC 7858), over HTTPS (RFC
/// 8484).
enum class Transport : std::uint8_t { Udp, Tcp, Tls, Https };
inline constexpr std::size_t kTransports = 4;

/// Whether nobody on the way reads it.
[[nodiscard]] constexpr bool is_encrypted(Transport transport) noexcept {
    return transport == Transport::Tls || transport == Transport::Https;
}

/// Why a message was left unanswered.
enum class Silence : std::uint8_t {
    TooShort,    // Less than a header.
    Response,    // It is an answer itself.
    SourcePort,  // UDP source port 0: nobody could receive the answer.
    Oversized,   // A datagram larger than our buffer.
};
inline constexpr std::size_t kSilences = 4;

/// What the zones had to say, in the order of zones::Finding, and where they had nothing.
enum class Outcome : std::uint8_t {
    Match,
    Alias,        // The chain left our zones, looped or grew too long.
    Redirection,  // The same, its last link a DNAME; or YXDOMAIN.
    Referral,
    NoData,
    NxDomain,
    Refused,     // The ladder of dnsd/answer.cpp said no.
    CookieOnly,  // Nothing was asked: a cookie for a cookie.
};
inline constexpr std::size_t kOutcomes = 8;

/// What a query's COOKIE option is worth, where cookies are in use.
enum class CookieState : std::uint8_t {
    None,        // No option.
    ClientOnly,  // The client does not know our server cookie yet.
    Valid,       // A server cookie of ours, for this client, in time.
    Bad,         // Any other server cookie.
};
inline constexpr std::size_t kCookieStates = 4;

/// What became of the TSIG of a request (RFC 8945 section 5.2).
enum class TsigOutcome : std::uint8_t {
    Ok,
    BadKey,    // No such key, or not with that algorithm.
    BadSig,    // The MAC is not the key's.
    BadTime,   // The MAC is right, the time is not.
    BadTrunc,  // The MAC is shorter than the key's policy.
    FormErr,   // The record is malformed.
};
inline constexpr std::size_t kTsigOutcomes = 6;

/// What an UPDATE was answered with (RFC 2136 section 2.2).
enum class UpdateOutcome : std::uint8_t {
    Done,          // NOERROR.
    Prerequisite,  // One did not hold.
    Refused,       // No key, no permission, or a rule of ours.
    Malformed,     // FORMERR, NOTZONE, BADVERS.
    NotAuth,       // A zone of somebody else, or a signature that is worth nothing.
    Failed,        // SERVFAIL: nothing is durable, a bound is met, or no verdict came in time.
};
inline constexpr std::size_t kUpdateOutcomes = 6;
[[nodiscard]] UpdateOutcome update_outcome_of(Rcode rcode) noexcept;

/// Connections of one kind.
struct ConnectionCounters {
    Counter accepted;
    Counter refused;            // Over a connection limit.
    Counter timed_out;          // Idle, slow to send or slow to read.
    Counter open;               // At this moment.
    Counter handshakes_failed;  // Of TLS: the client gave up, or did what TLS does not allow.

    void operator+=(const ConnectionCounters& other) noexcept;
};

struct Counters {
    std::array<Counter, kTransports> received;  // Messages, by Transport.
    std::array<Counter, kSilences> silent;
    std::array<Counter, kOpcodes> opcodes;   // Of what is not silent.
    std::array<Counter, kRcodes> responses;  // By RCODE.
    std::array<Counter, kOutcomes> outcomes;
    std::array<Counter, kTsigOutcomes> tsig;     // Of signed requests.
    std::array<Counter, kCookieStates> cookies;  // Queries; none while cookies are off.
    Counter zoneless;                            // Refused: the name is in no zone of ours.
    Counter truncated;                           // Responses with TC.
    Counter udp_send_failed;                     // Answers the kernel would not take.
    Counter rate_dropped;                        // Answers held back by dnsd/rate_limit.hpp,
    Counter rate_slipped;                        // sent with nothing but TC instead,
    Counter rate_spared;                         // or sent although over the limit: it only logs.
    ConnectionCounters tcp;
    ConnectionCounters tls;
    Counter transfers_whole;                       // Sent to their end.
    Counter transfers_incremental;                 // The same.
    Counter transfers_refused;                     // By form, zone, permission or limit.
    std::array<Counter, kUpdateOutcomes> updates;  // Answered, by outcome.
    Counter updates_repeated;                      // Datagrams that had been here before.
    Counter updates_in_flight;                     // At this moment.
    Counter observed;          // Exchanges that somebody wanted to see (dnsd/tap.hpp),
    Counter observed_dropped;  // and those of them that nobody will: the ring was full.

    /// Of responses that left, by Transport; messages of transfers are not among them.
    std::array<SizeHistogram, kTransports> response_octets;
    /// From when a batch of questions was taken from its socket until its answers were handed to
    /// the kernel, for each answer in it: what a client waited for us, queueing in the kernel
    /// excepted.
    std::array<LatencyHistogram, kTransports> latency;

    /// Adds another set to this one.
    void operator+=(const Counters& other) noexcept;

    [[nodiscard]] std::uint64_t of(Transport transport) const noexcept {
        return received[static_cast<std::size_t>(transport)].value();
    }
    [[nodiscard]] std::uint64_t of(Silence silence) const noexcept {
        return silent[static_cast<std::size_t>(silence)].value();
    }
    [[nodiscard]] std::uint64_t of(Rcode rcode) const noexcept {
        return responses[static_cast<std::size_t>(rcode)].value();
    }
    [[nodiscard]] std::uint64_t of(Outcome outcome) const noexcept {
        return outcomes[static_cast<std::size_t>(outcome)].value();
    }
    [[nodiscard]] std::uint64_t of(TsigOutcome outcome) const noexcept {
        return tsig[static_cast<std::size_t>(outcome)].value();
    }
    [[nodiscard]] std::uint64_t of(UpdateOutcome outcome) const noexcept {
        return updates[static_cast<std::size_t>(outcome)].value();
    }
    [[nodiscard]] std::uint64_t of(CookieState state) const noexcept {
        return cookies[static_cast<std::size_t>(state)].value();
    }
    void count(Transport transport) noexcept {
        received[static_cast<std::size_t>(transport)].add();
    }
    void count(Silence silence) noexcept { silent[static_cast<std::size_t>(silence)].add(); }
    void count(Rcode rcode) noexcept { responses[static_cast<std::size_t>(rcode)].add(); }
    void count(Outcome outcome) noexcept { outcomes[static_cast<std::size_t>(outcome)].add(); }
    void count_response(Transport transport, std::size_t octets) noexcept {
        response_octets[static_cast<std::size_t>(transport)].add(octets);
    }
    /// @param answers  0: nothing is counted.
    void count_latency(Transport transport, std::uint64_t nanoseconds,
                       std::uint64_t answers) noexcept {
        if (answers != 0) latency[static_cast<std::size_t>(transport)].add(nanoseconds, answers);
    }
    void count(TsigOutcome outcome) noexcept { tsig[static_cast<std::size_t>(outcome)].add(); }
    void count(UpdateOutcome outcome) noexcept { updates[static_cast<std::size_t>(outcome)].add(); }
    void count(CookieState state) noexcept { cookies[static_cast<std::size_t>(state)].add(); }
};

}  // namespace hairpin::dnsd
