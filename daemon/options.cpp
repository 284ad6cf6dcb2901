#include "daemon/options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "daemon/option_rows.hpp"
#include "daemon/option_values.hpp"

namespace hairpin::daemon {
namespace {

constexpr auto kApplies = OnReload::Applies;

/// A row of answers a second of one kind.
template <dnsd::AnswerKind kind>
Option rate(std::string_view key, std::string_view standard, std::string_view sentence) {
    constexpr auto kIndex = static_cast<std::size_t>(kind);
    return {key,
            OptionKind::Number,
            Presence::Optional,
            kApplies,
            standard,
            sentence,
            [](Config& c, const OptionValue& v) -> Fault {
                return set_whole(c.dns_rate_limit.per_second[kIndex], v, 0, 1'000'000);
            },
            [](const Config& c) { return std::to_string(c.dns_rate_limit.per_second[kIndex]); }};
}

const std::array kOptions = {
    Option{"data_dir", OptionKind::Text, Presence::Required, kNeedsRestart, "\"/var/lib/hairpin\"",
           "The directory of the database and the master key; relative to this file.",
           [](Config& c, const OptionValue& v) -> Fault {
               if (text(v).empty()) return "must not be empty";
               c.data_dir = text(v);
               return {};
           },
           [](const Config& c) { return c.data_dir; }},
    text_row<&Config::user>(
        "user", "Whom to become after the ports are bound, when started as root; empty: stay."),
    Option{"log.level", OptionKind::Text, Presence::Optional, kApplies, "\"info\"",
           "trace, debug, info, warning, error, critical or off.",
           [](Config& c, const OptionValue& v) -> Fault {
               c.log_level = text(v);
               return {};
           },
           [](const Config& c) { return c.log_level; }},
    list_row<&Config::log_folders>(
        "log.folders",
        "Levels of single parts, such as \"dnsd=debug\"; parts: dnsd, observer, store, acme, "
        "hooks, admin, net, daemon.",
        kApplies),
    Option{"dns.listen", OptionKind::List, Presence::Optional, kNeedsRestart,
           "[\"0.0.0.0:53\", \"[::]:53\"]", "Where DNS is answered, over UDP and TCP.",
           [](Config& c, const OptionValue& v) -> Fault { return set_endpoints(c.dns_listen, v); },
           [](const Config& c) { return joined(c.dns_listen); }},
    number_row<&Config::dns_workers, 0, 256>("dns.workers", "0",
                                             "Threads that answer, 0 to 256; 0: one per core."),
    Option{"dns.nsid", OptionKind::Text, Presence::Optional, kNeedsRestart, "\"\"",
           "What an NSID question (RFC 5001) is answered with, at most 64 octets; empty: nothing.",
           [](Config& c, const OptionValue& v) -> Fault { return set_nsid(c, v); },
           [](const Config& c) { return c.dns_nsid; }},
    Option{"dns.version", OptionKind::Text, Presence::Optional, kNeedsRestart, "\"\"",
           "What TXT CH version.bind and version.server are answered with, at most 255 octets; "
           "empty: refused.",
           [](Config& c, const OptionValue& v) -> Fault { return set_chaos(c.dns_version, v); },
           [](const Config& c) { return c.dns_version; }},
    Option{"dns.identity", OptionKind::Text, Presence::Optional, kNeedsRestart, "\"\"",
           "The same for hostname.bind and id.server (RFC 4892): which instance this is.",
           [](Config& c, const OptionValue& v) -> Fault { return set_chaos(c.dns_identity, v); },
           [](const Config& c) { return c.dns_identity; }},
    number_row<&Config::dns_udp_size, 512, 4096>("dns.udp_size", "1232",
                                                 "The largest UDP answer in octets, 512 to 4096."),
    number_row<&Config::dns_tcp_connections, 1, 100'000>(
        "dns.tcp_connections", "1000", "TCP connections of each worker, 1 to 100000."),
    number_row<&Config::dns_tcp_per_client, 1, 100'000>(
        "dns.tcp_per_client", "50",
        "TCP connections of one client address at each worker, 1 to 100000."),
    number_row<&Config::dns_tcp_idle_seconds, 1, 3600>(
        "dns.tcp_idle_seconds", "10",
        "How long an idle TCP, TLS or HTTPS connection is kept, 1 to 3600 seconds."),
    Option{"dns.tls_listen", OptionKind::List, Presence::Optional, kNeedsRestart, "[]",
           "Where DNS is answered over TLS (RFC 7858), such as \"0.0.0.0:853\", with the "
           "certificate of the API; empty: nowhere.",
           [](Config& c, const OptionValue& v) -> Fault {
               return set_more_endpoints(c.dns_tls_listen, v);
           },
           [](const Config& c) { return joined(c.dns_tls_listen); }},
    Option{"dns.https_listen", OptionKind::List, Presence::Optional, kNeedsRestart, "[]",
           "The same over HTTPS (RFC 8484), at /dns-query: an endpoint that is not the API's.",
           [](Config& c, const OptionValue& v) -> Fault {
               return set_more_endpoints(c.dns_https_listen, v);
           },
           [](const Config& c) { return joined(c.dns_https_listen); }},
    number_row<&Config::dns_tls_connections, 1, 100'000>(
        "dns.tls_connections", "1000",
        "TLS connections of each worker, and as many over HTTPS, 1 to 100000."),
    number_row<&Config::dns_tls_per_client, 1, 100'000>(
        "dns.tls_per_client", "50",
        "Of those, by one client (IPv4 address or IPv6 /64), 1 to 100000."),
    Option{"dns.cookies", OptionKind::Text, Presence::Optional, kApplies, "\"on\"",
           "DNS cookies (RFC 7873): on; required: over UDP who sends one has to show ours; off.",
           [](Config& c, const OptionValue& v) -> Fault { return set_cookies(c, v); },
           [](const Config& c) { return std::to_string(static_cast<int>(c.dns_cookies)); }},
    text_row<&Config::dns_cookie_secret_file>(
        "dns.cookie_secret_file",
        "The cookie secrets that all servers of a zone share, 1 or 2 lines of 32 hexadecimal "
        "digits, the first in use; empty: one of our own in data_dir.",
        kApplies),
    Option{
        "dns.transfer.allow", OptionKind::List, Presence::Optional, kApplies, "[]",
        "Address prefixes, such as \"192.0.2.0/24\", that may transfer every zone (AXFR, IXFR).",
        [](Config& c, const OptionValue& v) -> Fault { return set_prefixes(c.transfer_allow, v); },
        [](const Config& c) { return joined(c.transfer_allow); }},
    Option{
        "dns.transfer.secondaries", OptionKind::List, Presence::Optional, kApplies, "[]",
        "Name servers that follow every zone, ADDRESS or ADDRESS:PORT, with \" key NAME\" where a "
        "TSIG key signs; they may transfer every zone and are told of each change (NOTIFY).",
        [](Config& c, const OptionValue& v) -> Fault {
            return set_secondaries(c.transfer_secondaries, v);
        },
        [](const Config& c) { return joined(c.transfer_secondaries); }},
    Option{"dns.transfer.catalog", OptionKind::Text, Presence::Optional, kNeedsRestart, "\"\"",
           "The catalog zone (RFC 9432) that lists all zones for secondaries, such as "
           "\"catalog.example.net.\"; empty: none.",
           [](Config& c, const OptionValue& v) -> Fault { return set_catalog(c, v); },
           [](const Config& c) { return c.catalog ? c.catalog->text() : std::string(); }},
    Option{"dns.transfer.transport", OptionKind::Text, Presence::Optional, kApplies, "\"any\"",
           "How zones are transferred: any; tls: only over TLS (RFC 9103), see dns.tls_listen.",
           [](Config& c, const OptionValue& v) -> Fault { return set_transfer_transport(c, v); },
           [](const Config& c) { return std::string(c.transfer_needs_tls ? "tls" : "any"); }},
    number_row<&Config::transfer_at_once, 1, 10'000>(
        "dns.transfer.at_once", "128",
        "Transfers under way at once, 1 to 10000; more are told SERVFAIL and ask again."),
    number_row<&Config::transfer_per_client, 1, 10'000>(
        "dns.transfer.per_client", "50",
        "The same of one client (IPv4 address or IPv6 /64), 1 to 10000."),
    number_row<&Config::transfer_least_rate, 1, 1'000'000>(
        "dns.transfer.least_rate", "1024",
        "Octets a second that a client has to take over 10 seconds, 1 to 1000000; a slower one "
        "is let go."),
    Option{"dns.rate_limit.mode", OptionKind::Text, Presence::Optional, kApplies, "\"on\"",
           "Response rate limiting over UDP: on; log: count and say, but send everything; off.",
           [](Config& c, const OptionValue& v) -> Fault { return set_limiting(c, v); },
           [](const Config& c) { return std::to_string(static_cast<int>(c.dns_rate_limit.mode)); }},
    rate<dnsd::AnswerKind::Positive>("dns.rate_limit.answers", "1000",
                                     "Answers a second by each worker to one network about one "
                                     "name, 0 to 1000000; 0: no limit."),
    rate<dnsd::AnswerKind::NoData>("dns.rate_limit.nodata", "1000",
                                   "The same: that a name has not the type asked for."),
    rate<dnsd::AnswerKind::NxDomain>("dns.rate_limit.nxdomain", "1000",
                                     "The same: that names of one zone do not exist."),
    rate<dnsd::AnswerKind::Referral>("dns.rate_limit.referrals", "1000",
                                     "The same: where one delegated zone is."),
    rate<dnsd::AnswerKind::Error>("dns.rate_limit.errors", "1000",
                                  "The same: refusals and errors of all kinds together."),
    rate<dnsd::AnswerKind::All>("dns.rate_limit.all", "0",
                                "The same: answers of all kinds to one network together."),
    Option{"dns.rate_limit.window", OptionKind::Number, Presence::Optional, kApplies, "15",
           "How long a network stays limited after it has calmed down, at most, 0 to 3600 seconds; "
           "0: only what is over the limit is held back.",
           [](Config& c, const OptionValue& v) -> Fault {
               std::size_t seconds = 0;
               auto fault = set_number(seconds, v, 0, 3600);
               c.dns_rate_limit.window = Seconds(seconds);
               return fault;
           },
           [](const Config& c) { return std::to_string(c.dns_rate_limit.window.count()); }},
    Option{"dns.rate_limit.slip", OptionKind::Number, Presence::Optional, kApplies, "1",
           "Every how many limited answers one is sent empty with TC, 0 to 100; 0: none, 1: all.",
           [](Config& c, const OptionValue& v) -> Fault {
               return set_whole(c.dns_rate_limit.slip, v, 0, 100);
           },
           [](const Config& c) { return std::to_string(c.dns_rate_limit.slip); }},
    Option{"dns.rate_limit.ipv4_prefix", OptionKind::Number, Presence::Optional, kApplies, "24",
           "Bits of an IPv4 address that make a network, 8 to 32.",
           [](Config& c, const OptionValue& v) -> Fault {
               return set_whole(c.dns_rate_limit.ipv4_bits, v, 8, 32);
           },
           [](const Config& c) { return std::to_string(c.dns_rate_limit.ipv4_bits); }},
    Option{"dns.rate_limit.ipv6_prefix", OptionKind::Number, Presence::Optional, kApplies, "56",
           "The same for IPv6, 16 to 128.",
           [](Config& c, const OptionValue& v) -> Fault {
               return set_whole(c.dns_rate_limit.ipv6_bits, v, 16, 128);
           },
           [](const Config& c) { return std::to_string(c.dns_rate_limit.ipv6_bits); }},
    Option{"dns.rate_limit.exempt", OptionKind::List, Presence::Optional, kApplies, "[]",
           "Address prefixes that are never limited.",
           [](Config& c, const OptionValue& v) -> Fault {
               return set_prefixes(c.dns_rate_limit.exempt, v);
           },
           [](const Config& c) { return joined(c.dns_rate_limit.exempt); }},
    Option{"dns.rate_limit.slots", OptionKind::Number, Presence::Optional, kNeedsRestart, "16384",
           "What each worker can count at one time, 16 octets each, 1024 to 16777216.",
           [](Config& c, const OptionValue& v) -> Fault {
               return set_number(c.dns_rate_limit.slots, v, 1024, 16'777'216);
           },
           [](const Config& c) { return std::to_string(c.dns_rate_limit.slots); }},
    Option{
        "dnstap.socket", OptionKind::Text, Presence::Optional, kApplies, "\"\"",
        "The Unix socket of a dnstap reader that is shown every exchange; relative to this file; "
        "empty: off.",
        [](Config& c, const OptionValue& v) -> Fault {
            c.observing.dnstap.socket = text(v);
            return {};
        },
        [](const Config& c) { return c.observing.dnstap.socket; }},
    Option{"dnstap.queries", OptionKind::Text, Presence::Optional, kApplies, "\"on\"",
           "Whether it gets AUTH_QUERY messages (UPDATE_QUERY of an UPDATE): on or off.",
           [](Config& c, const OptionValue& v) -> Fault {
               return set_on_off(c.observing.dnstap.queries, v);
           },
           [](const Config& c) { return std::to_string(int{c.observing.dnstap.queries}); }},
    Option{"dnstap.responses", OptionKind::Text, Presence::Optional, kApplies, "\"on\"",
           "The same of AUTH_RESPONSE (UPDATE_RESPONSE).",
           [](Config& c, const OptionValue& v) -> Fault {
               return set_on_off(c.observing.dnstap.responses, v);
           },
           [](const Config& c) { return std::to_string(int{c.observing.dnstap.responses}); }},
    Option{"dnstap.identity", OptionKind::Text, Presence::Optional, kApplies, "\"\"",
           "Which server this is, in each message, at most 255 octets; empty: not told.",
           [](Config& c, const OptionValue& v) -> Fault {
               return set_chaos(c.observing.dnstap.identity, v);
           },
           [](const Config& c) { return c.observing.dnstap.identity; }},
    Option{"query_log.path", OptionKind::Text, Presence::Optional, kApplies, "\"\"",
           "The file that a sample of all exchanges is appended to, a line for each; relative to "
           "this file; SIGHUP opens it anew; empty: off.",
           [](Config& c, const OptionValue& v) -> Fault {
               c.observing.query_log.path = text(v);
               return {};
           },
           [](const Config& c) { return c.observing.query_log.path; }},
    Option{"query_log.sample", OptionKind::Number, Presence::Optional, kApplies, "0",
           "One exchange in so many, at random, 1 to 1000000000; 1: all; 0: off.",
           [](Config& c, const OptionValue& v) -> Fault {
               return set_whole(c.observing.query_log.sample, v, 0, 1'000'000'000);
           },
           [](const Config& c) { return std::to_string(c.observing.query_log.sample); }},
    Option{"checkin.listen", OptionKind::List, Presence::Optional, kNeedsRestart, "[]",
           "Where servers check in over UDP, such as \"0.0.0.0:5380\"; empty: nowhere, all report "
           "over "
           "HTTPS.",
           [](Config& c, const OptionValue& v) -> Fault {
               return set_more_endpoints(c.checkin_listen, v);
           },
           [](const Config& c) { return joined(c.checkin_listen); }},
    Option{"checkin.per_network", OptionKind::Number, Presence::Optional, kNeedsRestart, "200",
           "Check-ins a second from one network (IPv4 /24 or IPv6 /56) that are looked at, 0 to "
           "1000000; 0: all.",
           [](Config& c, const OptionValue& v) -> Fault {
               return set_whole(c.checkin_per_network, v, 0, 1'000'000);
           },
           [](const Config& c) { return std::to_string(c.checkin_per_network); }},
    Option{"http.listen", OptionKind::List, Presence::Optional, kNeedsRestart, "[\"0.0.0.0:443\"]",
           "Where the API is served, over TLS.",
           [](Config& c, const OptionValue& v) -> Fault { return set_endpoints(c.http_listen, v); },
           [](const Config& c) { return joined(c.http_listen); }},
    number_row<&Config::http_workers, 1, 64>("http.workers", "1",
                                             "Threads that serve the API, 1 to 64."),
    number_row<&Config::http_connections, 1, 1'000'000>(
        "http.connections", "16384", "Connections of each API thread, 1 to 1000000; more wait."),
    number_row<&Config::http_per_client, 1, 1'000'000>(
        "http.per_client", "256",
        "Connections of one client (IPv4 address or IPv6 /64) at each API thread, 1 to 1000000."),
    number_row<&Config::http_server_changes, 1, 1'000'000>(
        "http.server_changes", "20",
        "Changes that one server may report at once, 1 to 1000000; then one in 2 seconds."),
    Option{"http.server_name", OptionKind::Text, Presence::Optional, kNeedsRestart, "\"localhost\"",
           "The host name of the API; its certificate is ordered for it where a zone here holds it "
           "and [acme] is set up, and self-signed until then.",
           [](Config& c, const OptionValue& v) -> Fault {
               if (text(v).empty()) return "must not be empty";
               c.http_server_name = text(v);
               return {};
           },
           [](const Config& c) { return c.http_server_name; }},
    Option{"http.other_names", OptionKind::List, Presence::Optional, kApplies, "[]",
           "What clients of the API, DNS over TLS and DNS over HTTPS call this server besides: at "
           "most 24 names, for its certificate; ordered where they are in the same zone.",
           [](Config& c, const OptionValue& v) -> Fault { return set_other_names(c, v); },
           [](const Config& c) { return fmt::format("{}", fmt::join(c.http_other_names, " ")); }},
    Option{"http.fallback_listen", OptionKind::List, Presence::Optional, kNeedsRestart, "[]",
           "Addresses and ports of a second listener of the API that always shows the self-signed "
           "certificate, for clients that pin its key; empty: none.",
           [](Config& c, const OptionValue& v) -> Fault {
               return set_more_endpoints(c.http_fallback_listen, v);
           },
           [](const Config& c) { return joined(c.http_fallback_listen); }},
    text_row<&Config::http_certificate>(
        "http.certificate",
        "PEM file with the certificate and its issuers; empty: one of our own where [acme] gives "
        "it, else self-signed.",
        kApplies),
    text_row<&Config::http_key>("http.key", "PEM file with the certificate's key.", kApplies),
    Option{"names.base", OptionKind::Text, Presence::Required, kNeedsRestart, "\"example.net.\"",
           "Licence zones are pl-<licence>.<base> where nothing else is said.",
           [](Config& c, const OptionValue& v) -> Fault { return set_name(c.base, text(v)); },
           [](const Config& c) { return c.base.text(); }},
    Option{"names.nameservers", OptionKind::List, Presence::Required, kNeedsRestart,
           "[\"ns1.example.net.\", \"ns2.example.net.\"]", "The NS records of new zones.",
           [](Config& c, const OptionValue& v) -> Fault { return set_names(c.nameservers, v); },
           [](const Config& c) { return joined(c.nameservers); }},
    Option{"names.hostmaster", OptionKind::Text, Presence::Required, kNeedsRestart,
           "\"hostmaster.example.net.\"",
           "Mail address in the SOA of new zones, as a name or with @.",
           [](Config& c, const OptionValue& v) -> Fault { return set_hostmaster(c, v); },
           [](const Config& c) { return c.hostmaster.text(); }},
    Option{"names.server_label", OptionKind::Text, Presence::Optional, kNeedsRestart, "\"nur\"",
           "Servers are called this and a number.",
           [](Config& c, const OptionValue& v) -> Fault {
               return set_label_part(c.server_label, text(v));
           },
           [](const Config& c) { return c.server_label; }},
    Option{"names.internal_prefix", OptionKind::Text, Presence::Optional, kNeedsRestart, "\"i-\"",
           "Stands in front of a server's label in its internal name.",
           [](Config& c, const OptionValue& v) -> Fault {
               return set_label_part(c.internal_prefix, text(v));
           },
           [](const Config& c) { return c.internal_prefix; }},
    Option{"names.ttl", OptionKind::Number, Presence::Optional, kNeedsRestart, "60",
           "TTL of the twin names' addresses in seconds, 1 to 86400.",
           [](Config& c, const OptionValue& v) -> Fault {
               std::size_t ttl = 0;
               auto fault = set_number(ttl, v, 1, 86'400);
               c.ttl = static_cast<std::uint32_t>(ttl);
               return fault;
           },
           [](const Config& c) { return std::to_string(c.ttl); }},
    prefix_row<&Config::public_also>(
        "names.public_also",
        "Special-purpose ranges accepted in public names: for labs and documentation only."),
    prefix_row<&Config::webhooks_allow_private>(
        "webhooks.allow_private",
        "Special-purpose ranges, such as 10.0.0.0/8, that web-hooks may lead to; else only "
        "addresses of the internet."),
    text_row<&Config::webhooks_ca_file>("webhooks.ca_file",
                                        "PEM trust for web-hooks' HTTPS; empty: the system's."),
    Option{"store.url", OptionKind::Text, Presence::Optional, kNeedsRestart,
           "\"sqlite:hairpin.db\"",
           "Where everything is kept: sqlite: and a file, relative to data_dir.",
           [](Config& c, const OptionValue& v) -> Fault { return set_store(c, v); },
           [](const Config& c) { return c.store_path; }},
    number_row<&Config::journal_days, 1, 36'500>(
        "store.journal_days", "90",
        "How long each change of a zone is kept, 1 to 36500 days; then a day's changes are one."),
    number_row<&Config::journal_megabytes, 1, 1'000'000>(
        "store.journal_megabytes", "1024",
        "How much of single changes is kept at most, 1 to 1000000 MiB; more of them are merged."),
    number_row<&Config::condensed_days, 0, 36'500>(
        "store.condensed_days", "365",
        "How long merged changes are kept beyond journal_days, 0 to 36500 days."),
    number_row<&Config::condensed_megabytes, 1, 1'000'000>(
        "store.condensed_megabytes", "256",
        "How much of merged changes is kept at most, 1 to 1000000 MiB; the oldest go."),
};

}  // namespace

std::span<const Option> main_options() noexcept {
    return kOptions;
}

}  // namespace hairpin::daemon
