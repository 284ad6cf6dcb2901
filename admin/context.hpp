// admin/context.hpp - what all HTTP loops of the API share: options, the way to the other folders,
// counters.
//
// Made once by the daemon and passed by reference; everything it refers to outlives it. To end:
// let go of the Apis on their loops, stop `bulk`, the certificates and the committer, then drop
// this.
//
// Threads   Shared by all loops: the options are constant, the rest is safe from any thread.

#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "admin/alternation_watch.hpp"
#include "admin/bulk_worker.hpp"
#include "admin/certificate_desk.hpp"
#include "admin/door_counters.hpp"
#include "admin/failure_limiter.hpp"
#include "admin/front_nonces.hpp"
#include "admin/metrics_text.hpp"
#include "admin/own_certificate.hpp"
#include "admin/rival_watch.hpp"
#include "admin/token_buckets.hpp"
#include "core/clock.hpp"
#include "core/crypto.hpp"
#include "core/ip_address.hpp"
#include "core/published.hpp"
#include "hooks/event_bell.hpp"
#include "hooks/teller.hpp"
#include "store/committer.hpp"
#include "store/reader.hpp"
#include "zones/address_rules.hpp"
#include "zones/name.hpp"
#include "zones/rrset.hpp"
#include "zones/zone.hpp"

namespace hairpin::admin {

struct ApiOptions {
    // DESIGN section 6, [names].
    zones::Name base;  // The root: none; every licence then names its zone.
    std::vector<zones::Name> nameservers;
    zones::Name hostmaster;
    zones::AddressRules addresses;
    zones::Ttl ttl = 60;
    std::string licence_prefix = "pl-";

    /// Our own name, as clients of the ACME front must call us ([http] server_name).
    std::string server_name;

    Seconds heartbeat_interval{60};
    /// Where servers may check in over UDP instead (docs/protocols/check-in.md); 0: nowhere.
    std::uint16_t check_in_port = 0;
    /// The API's second listener, and the pin of the key that it shows (own_certificate.hpp); 0:
    /// there is none.
    std::uint16_t fallback_port = 0;
    std::string fallback_key_pin;
    /// Who may read /metrics without a token.
    std::vector<Prefix> monitoring_from{*Prefix::parse("127.0.0.0/8"), *Prefix::parse("::1")};
    std::size_t max_servers_per_licence = 10'000;
    std::size_t max_waits = 4'096;         // Long polls of one loop.
    std::size_t max_waits_per_server = 4;  // Of those.
    std::size_t max_event_readers = 256;   // Streams of events and polls for them, of one loop.
    std::size_t max_event_readers_per_credential = 16;  // Of those.
    FailureLimiter::Options failures;
    /// How often one server's reports may change something: unchanged ones are not counted.
    BucketOptions changes{20, Milliseconds(2'000), 64 * 1024};
    /// How often one credential may write through the doors of stock clients, unless it says
    /// otherwise.
    BucketRate door_rate{300, 100};
};

/// Something that keeps Hairpin from being ready.
struct Obstacle {
    std::string what;   // "dns listener", a stable word or two.
    std::string cause;  // For a person. Shown to anybody: no secret, no path.
};

/// What the daemon knows and admin cannot: whether zones are loaded and listeners up.
class ReadinessSource {
public:
    virtual ~ReadinessSource() = default;
    /// Empty: ready. Any thread.
    [[nodiscard]] virtual std::vector<Obstacle> obstacles() const = 0;
};

/// How far one secondary follows one zone.
struct SecondaryStatus {
    std::string address;                  // "192.0.2.53:53"
    std::optional<zones::Name> key;       // What its NOTIFYs and transfers are signed with.
    std::string state;                    // Of the NOTIFY: resting, waiting, in-flight.
    std::string result;                   // none, acknowledged, refused, no-answer, failed.
    std::string rcode;                    // Where it was refused.
    std::optional<std::uint32_t> serial;  // The newest that it acknowledged a NOTIFY of.
};

/// What the daemon knows of secondaries and admin cannot.
class SecondarySource {
public:
    virtual ~SecondarySource() = default;
    /// Any thread.
    [[nodiscard]] virtual std::vector<SecondaryStatus> secondaries_of(
        const zones::Name& apex) const = 0;
};

class WireDoors;

/// Relaxed, for metrics.
struct ApiCounters {
    using Count = std::atomic<std::uint64_t>;
    std::array<Count, 6> responses{};  // By status class: [2] counts 2xx.
    Count heartbeats_unchanged{0};
    Count heartbeats_changed{0};  // DNS changed.
    Count heartbeats_noted{0};    // Only the report changed.
    Count heartbeats_refused{0};
    Count addresses_refused{0};
    Count authentication_failures{0};
    Count replays{0};             // Answers given again for an Idempotency-Key.
    Count waits_open{0};          // Long polls: a gauge.
    Count event_readers_open{0};  // Streams of events and long polls for them: a gauge.

    static void add(Count& count) noexcept { count.fetch_add(1, std::memory_order_relaxed); }
};

class ApiContext {
public:
    ApiContext(ApiOptions the_options, const Clock& the_clock, store::Committer& the_committer,
               Published<zones::ZoneTable>& the_zones, const Sealer& the_sealer)
        : options(std::move(the_options)),
          clock(the_clock),
          committer(the_committer),
          zones(the_zones),
          sealer(the_sealer),
          failures(options.failures),
          changes(options.changes),
          door_writes({300, Milliseconds(100), 64 * 1024}) {}
    ApiContext(const ApiContext&) = delete;
    ApiContext& operator=(const ApiContext&) = delete;

    const ApiOptions options;
    const Clock& clock;
    store::Committer& committer;
    Published<zones::ZoneTable>& zones;
    const Sealer& sealer;
    // The bulk worker's, which alone uses it; set before the first Api is made.
    std::optional<store::Reader> bulk_reader;
    // Set before the first Api is made; null: there is none.
    CertificateDesk* certificates = nullptr;
    const MetricsSource* metrics = nullptr;
    const ReadinessSource* readiness = nullptr;
    const SecondarySource* secondaries = nullptr;
    const WireDoors* wire_doors = nullptr;
    OwnCertificateSource* own_certificate = nullptr;
    hooks::EventBell* bell = nullptr;
    hooks::Teller* teller = nullptr;

    ApiCounters counters;
    DoorCounters doors;
    FailureLimiter failures;
    TokenBuckets<std::int64_t> changes;      // By server.
    TokenBuckets<std::int64_t> door_writes;  // By credential.
    FrontNonces front_nonces;
    RivalWatch rivals;
    AlternationWatch alternations;
    BulkWorker bulk;
};

}  // namespace hairpin::admin
