// tests/support/acme_rig.cpp - acme/ between a real store, a real name server and a real CA.
//
//   acme_rig FOLDER DNS_PORT DIRECTORY CA_FILE [option ..]
//     managed           ask for a managed key (else a key of its own, kept in FOLDER/device.key)
//     new-key           make that key anew
//     again             ask although there is a certificate
//     servers=N         so many servers at the same time (1)
//     crash=STATE       kill -9 ourselves right after the transition into STATE is durable
//     crash-before=STATE  the same, right before it is handed to the store
//     until-problem     end when an attempt has met a problem; say it
//     renewed           wait until each server has another certificate than at the start
//     quiet             do not ask, only go on with what is in the store
//     limits            the limits of a real server; else there are none
//     backoff=MS        the base of the ladder (300)
//     order-limit=N     orders of one server in an hour (1000)
//     until-words=WORDS end when an attempt has met a problem with these words; say it
//     gone=N            ask for the first N servers one after the other; while the CA has been told
//                       and has not looked, ask every second one with another key, then erase it
//     disk-full=STATE   from right before the transition into STATE the disk is full for 4 s
//     keep-key          take a managed key, but do not say that it is served
//     caa=VALUE         the zone gets a CAA record with this value of "issue"
//     secondaries=PORTS secondaries on loopback
//     patience=MS       so long one may be behind (0)
//     ..                what is about orders and DNS: acme_rig_coupling.hpp
//     profile=NAME      ask for this profile (classic)
//     directory-age=MS  so long the CA's directory is believed (a day)
//     chain=NAME        prefer the chain to this root
//     eab=KID:KEY       bind the account, with a MAC key in base64url
//     fallback=DIRECTORY  a CA that follows, called "second"; the other one is "first"
//     staging=DIRECTORY   the first CA's directory for trials
//     standby           each CA gets an account in reserve
//     canary            try the second CA with a certificate for canary.ZONE, and wait for it
//     canary-retry=MS   after a canary that failed (a day)
//     patience=MS       so long a first issue waits for the first CA (300)
//     order-patience=MS so long an order may stand still (half an hour)
//     steady=MS         so long the first CA must have worked again (1000)
//     open-for=MS       so long a breaker is open at first (300)
//     registered        wait until every account is registered, before anything is asked
//     until-breaker=STATE  end when the first CA's breaker is that
//     looked-up         wait until the first CA's account in reserve was looked up
//     revoke            revoke the first server's certificate, and end when the CA has (with quiet)
//     switch=NAME       change to the account in reserve there, before anything is asked
//     rollover          give the account a new key, before anything is asked; say "rollover WHAT"
//     look-once         wait until when to renew is known of every certificate (with quiet)
//     key-gone          wait until the managed key is erased, do not take it (with quiet)
//
// Keeps its store in FOLDER, so that a second start takes up what the first left. Lines on standard
// output: "state SERVER STATE" for each durable transition, at the end "certificate SERVER SHA256"
// and the chain in FOLDER/SERVER.pem, or "problem TEXT". Status 0 when all servers have
// certificates, no TXT value is left in the zone and no attempt is under way.

#include <unistd.h>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "acme/account_messages.hpp"
#include "acme/certificates.hpp"
#include "acme/csr.hpp"
#include "acme/jws.hpp"
#include "dnsd/server.hpp"
#include "store/caa_rows.hpp"
#include "store/renewal_rows.hpp"
#include "store/revocation_rows.hpp"
#include "tests/support/acme_rig_coupling.hpp"
#include "tests/support/acme_rig_issuers.hpp"
#include "tests/support/acme_rig_words.hpp"
#include "tests/support/fault_vfs.hpp"
#include "tests/support/store.hpp"

namespace hairpin::tests {
namespace {

constexpr std::string_view kZone = "pl-demo.example.net.";
constexpr Seconds kPatience{120};

class Rig {
public:
    explicit Rig(Arguments arguments)
        : arguments_(std::move(arguments)),
          path_(arguments_.folder + "/hairpin.db"),
          sealer_(Sealer::from_key({1, 2, 3})) {}

    int run() {
        open_store();
        serve_dns();
        const int servers = std::stoi(value("servers", "1"));
        for (int number = 1; number <= servers; ++number)
            servers_.push_back(server_id("nur" + std::to_string(number)));
        prepare_zones();
        certificates_ = must(acme::Certificates::start(options(), clock_, *committer_, sealer_));
        store::Reader reader = must(store::Reader::open(path_));
        for (const std::int64_t id : servers_) {
            before_[id] = must(acme::certificate_state(*reader, id, clock_.now())).sha256;
        }
        const auto gone = static_cast<std::size_t>(std::stoi(value("gone", "0")));
        for (std::size_t each = 0; each < gone; ++each)
            ask_and_erase(reader, servers_[each], each % 2 == 0);
        servers_.erase(servers_.begin(), servers_.begin() + static_cast<std::ptrdiff_t>(gone));
        if (arguments_.flags.contains("registered"))
            await(kPatience, [this] {
                return are_registered(*certificates_->issuers(),
                                      arguments_.flags.contains("standby"));
            });
        if (arguments_.values.contains("switch")) switch_account();
        if (arguments_.flags.contains("rollover")) roll_over();
        for (const std::int64_t id : servers_) {
            if (!arguments_.flags.contains("quiet")) ask(id);
        }
        const int status = arguments_.values.contains("until-breaker") ? await_breaker()
                           : arguments_.flags.contains("revoke")       ? revoke()
                                                                       : wait();
        if (heal_.joinable()) heal_.join();
        certificates_->stop();
        return status;
    }

private:
    [[nodiscard]] std::string value(const std::string& key, const std::string& otherwise) const {
        const auto found = arguments_.values.find(key);
        return found == arguments_.values.end() ? otherwise : found->second;
    }

    void open_store() {
        store::Database database = make_database(path_);
        zones_ = std::make_unique<Published<zones::ZoneTable>>(
            std::make_shared<const zones::ZoneTable>(must(store::load_zones(database))));
        store::CommitterOptions options;
        options.path = path_;
        options.vfs = disk_.name();
        committer_ = must(store::Committer::open(std::move(options), clock_, *zones_));
    }

    void serve_dns() {
        dnsd::ServerOptions options;
        options.listen = {{IpAddress::v4({127, 0, 0, 1}), arguments_.dns_port}};
        options.workers = 1;
        dns_ = must(dnsd::Server::bind(options, *zones_));
        must(dns_->start());
    }

    /// The server's id; licence, zone and server are made where they are missing.
    std::int64_t server_id(const std::string& label) {
        store::Reader reader = must(store::Reader::open(path_));
        if (const auto known = must(reader->server("demo", label))) return known->id;
        store::Work work;
        const bool is_first = !must(reader->licence("demo")).has_value();
        if (is_first) {
            zones::ZoneChange zone = create_zone(kZone);
            zone.kind = zones::ZoneKind::Licence;
            work.change = as_change({zone});
        }
        work.rows = [is_first, label](store::Writer& writer, zones::Change&) -> Result<void> {
            store::LicenceRow licence;
            licence.name = "demo";
            licence.zone_apex = name(kZone);
            licence.created_at = writer.now();
            if (is_first) TRY(writer.insert_licence(licence));
            store::ServerRow server;
            server.licence = "demo";
            server.label = label;
            server.created_at = writer.now();
            TRY(writer.insert_server(server));
            return {};
        };
        submit(std::move(work));
        return must(reader->server("demo", label))->id;
    }

    void submit(store::Work work) {
        std::promise<Verdict> promise;
        committer_->submit(std::move(work), [&](Verdict done) { promise.set_value(done); });
        if (const auto done = promise.get_future().get(); !done)
            throw std::runtime_error(store::to_error(done.error()).text());
    }

    void ask_and_erase(store::Reader& reader, std::int64_t server, bool with_another_key) {
        ask(server);
        while (must(acme::certificate_state(*reader, server, clock_.now())).step != "challenged")
            std::this_thread::sleep_for(Milliseconds(1));
        if (with_another_key) {
            std::remove((arguments_.folder + "/device-" + std::to_string(server) + ".key").c_str());
            ask(server);
            while (must(acme::certificate_state(*reader, server, clock_.now())).step !=
                   "challenged")
                std::this_thread::sleep_for(Milliseconds(1));
        }
        store::Work work;
        work.change.actor = {"operator", "rig", "127.0.0.1", "rest"};
        work.rows = [server](store::Writer& writer, zones::Change&) {
            return writer.erase_server(server);
        };
        submit(std::move(work));
    }

    acme::Options options() {
        acme::Options options;
        options.directory = arguments_.directory;
        options.ca_file = arguments_.ca_file;
        options.contacts = {"mailto:ops@example.net"};
        options.database_path = path_;
        options.listeners = dns_->endpoints();
        options.coupling = coupling();
        if (arguments_.values.contains("secondaries")) {
            options.secondary_patience = Milliseconds(std::stoi(value("patience", "0")));
            options.secondaries = [all = loopback_endpoints(value("secondaries", ""))](
                                      const zones::Name&) { return all; };
        }
        options.poll_interval = Milliseconds(50);
        options.backoff_base = Milliseconds(std::stoi(value("backoff", "300")));
        options.backoff_longest = Milliseconds(5000);
        if (!arguments_.flags.contains("limits")) options.allowances = acme::Allowances{};
        if (!arguments_.flags.contains("limits"))
            options.issues_per_day = options.issues_per_week = options.orders_per_day = 1000;
        options.orders_per_hour = static_cast<std::size_t>(std::stoi(value("order-limit", "1000")));
        if (arguments_.flags.contains("again")) options.young = Seconds(0);
        options.profile = value("profile", options.profile);
        options.directory_age = Milliseconds(std::stoll(value("directory-age", "86400000")));
        options.preferred_chain = value("chain", "");
        set_issuers(options, arguments_.values, arguments_.flags, name(kZone));
        if (const std::string eab = value("eab", ""); !eab.empty()) {
            options.eab_kid = eab.substr(0, eab.find(':'));
            options.eab_key = must(acme::read_mac_key(eab.substr(eab.find(':') + 1)));
        }
        options.on_transition = [this](std::int64_t server, acme::StateName to, bool durable) {
            on_transition(server, to, durable);
        };
        return options;
    }

    int await_breaker() {
        await(kPatience, [this] {
            return to_string(certificates_->issuers()->issuers.front().breaker) ==
                   value("until-breaker", "");
        });
        for (const std::string& line : issuer_lines(*certificates_->issuers()))
            say(line);
        return 0;
    }

    int revoke() {
        const Sha256 sha256 = before_[servers_.front()].value();
        std::promise<Result<void>> promise;
        certificates_->revoke(servers_.front(), sha256, acme::RevocationReason::Superseded,
                              {"operator", "rig", "127.0.0.1", "rest"},
                              [&](auto done) { promise.set_value(std::move(done)); });
        must(promise.get_future().get());
        store::Reader reader = must(store::Reader::open(path_));
        await(kPatience, [&] {
            return must(store::revocation(reader->database(), sha256))->done_at.has_value();
        });
        return 0;
    }

    void switch_account() {
        std::promise<Result<void>> promise;
        certificates_->switch_account(value("switch", ""), {"operator", "rig", "127.0.0.1", "rest"},
                                      [&](auto done) { promise.set_value(std::move(done)); });
        const auto done = promise.get_future().get();
        say("switch " + (done ? "done" : done.error().text()));
    }

    void on_transition(std::int64_t server, acme::StateName to, bool durable) {
        const std::string word(store::to_string(to));
        if (durable) say("state " + std::to_string(server) + " " + word);
        {
            const std::scoped_lock lock(transitions_mutex_);
            (durable ? durable_ : handed_over_)[server] = to;
        }
        if (value(durable ? "crash" : "crash-before", "") == word) ::kill(::getpid(), SIGKILL);
        if (!durable && value("disk-full", "") == word && !heal_.joinable()) {
            disk_.arm(FaultVfs::Fault::DiskFull);
            heal_ = std::thread([this] {
                std::this_thread::sleep_for(Seconds(4));
                disk_.heal();
            });
        }
    }

    /// The store shows a transition before we are told that it is durable.
    bool told_of_all(std::int64_t server) {
        const std::scoped_lock lock(transitions_mutex_);
        return !handed_over_.contains(server) ||
               (durable_.contains(server) && handed_over_[server] == durable_[server]);
    }

    /// The "server's own" key, kept in a file.
    acme::SigningKey device_key(std::int64_t server) {
        const std::string file = arguments_.folder + "/device-" + std::to_string(server) + ".key";
        std::ifstream in(file, std::ios::binary);
        if (in && !arguments_.flags.contains("new-key")) {
            const std::string der((std::istreambuf_iterator<char>(in)), {});
            return must(acme::SigningKey::from_pkcs8(as_octets(der)));
        }
        acme::SigningKey made = must(acme::SigningKey::generate());
        const Octets der = made.pkcs8();
        std::ofstream(file, std::ios::binary) << as_text(der);
        return made;
    }

    void ask(std::int64_t server) {
        acme::KeySource key = acme::ManagedKey{};
        if (!arguments_.flags.contains("managed")) {
            store::Reader reader = must(store::Reader::open(path_));
            const std::string label = must(reader->server(server))->label;
            const std::string apex = name(kZone).text_without_dot();
            key = acme::DeviceKey{must(acme::make_csr(
                device_key(server), {label + "." + apex, "i-" + label + "." + apex}))};
        }
        std::promise<Result<acme::CertificateState>> promise;
        certificates_->request(server, std::move(key), {"server", "rig", "127.0.0.1", "rest"},
                               [&](auto state) { promise.set_value(std::move(state)); });
        must(promise.get_future().get());
    }

    void add_caa(const std::string& issuer) {
        store::Work work;
        work.change = as_change({caa_change(name(kZone), issuer)});
        submit(std::move(work));
    }

    void prepare_zones() {
        if (arguments_.values.contains("caa")) add_caa(value("caa", ""));
        if (const std::string apex = value("other-zone", "");
            !apex.empty() && zones_->snapshot()->find(name(apex)) == nullptr)
            submit(as_work({create_zone(apex)}));
        const std::string alias = value("cname", "");
        if (alias.empty()) return;
        const std::size_t colon = alias.find(':');
        const zones::Name target = name(alias.substr(colon + 1));
        zones::ZoneChange zone;
        zone.apex = name(kZone);
        zone.edits.push_back({zones::EditKind::ReplaceRRset,
                              name(alias.substr(0, colon) + "." + std::string(kZone)),
                              zones::RType::CNAME,
                              60,
                              {Octets(target.wire().begin(), target.wire().end())}});
        submit(as_work({zone}));
    }

    [[nodiscard]] acme::CouplingOptions coupling() {
        acme::CouplingOptions coupling = coupling_of(arguments_.flags, arguments_.values);
        coupling.zones = [this] { return zones_->snapshot(); };
        return coupling;
    }

    void roll_over() {
        std::promise<Result<void>> promise;
        certificates_->roll_over_account("", {"operator", "rig", "127.0.0.1", "rest"},
                                         [&](auto done) { promise.set_value(std::move(done)); });
        const auto done = promise.get_future().get();
        say("rollover " + (done ? "done" : done.error().text()));
    }

    /// Whether the CA's answer about this certificate was written.
    bool was_looked_at(store::Reader& reader, std::int64_t server) {
        const auto certificate =
            must(store::AcmeQueries(reader->database()).current_certificate(server, clock_.now()));
        if (!certificate) return false;
        const auto row =
            must(store::RenewalQueries(reader->database()).of_certificate(certificate->id));
        return row && (!row->check_at || *row->check_at > clock_.now());
    }

    int wait() {
        store::Reader reader = must(store::Reader::open(path_));
        const auto end = clock_.monotonic() + kPatience;
        const bool wants_a_problem =
            arguments_.flags.contains("until-problem") || arguments_.values.contains("until-words");
        std::set<std::int64_t> left(servers_.begin(), servers_.end());
        while (!left.empty()) {
            if (clock_.monotonic() > end) return say("too late: " + certificates_->trouble()), 3;
            std::this_thread::sleep_for(Milliseconds(10));
            for (const std::int64_t server : servers_) {
                const auto state = must(acme::certificate_state(*reader, server, clock_.now()));
                if (arguments_.flags.contains("until-problem") && !state.problem.empty())
                    return say("problem " + state.step + " " + state.problem), 0;
                if (state.problem.find(value("until-words", "\n")) != std::string::npos)
                    return say("problem " + state.step + " " + state.problem), 0;
                if (arguments_.flags.contains("look-once") && !was_looked_at(reader, server))
                    continue;
                if (arguments_.flags.contains("key-gone") && state.managed_key_waiting) continue;
                const bool is_new =
                    !arguments_.flags.contains("renewed") || state.sha256 != before_[server];
                const bool is_valid = state.phase == acme::Phase::Valid && state.step.empty();
                if (is_valid && is_new && !wants_a_problem && told_of_all(server))
                    left.erase(server);
            }
        }
        if (arguments_.values.contains("gone")) wait_for_silence();
        if (arguments_.flags.contains("canary"))
            await(kPatience, [this] {
                return was_tried(certificates_->issuers()->issuers.back().certificate_canary);
            });
        if (arguments_.flags.contains("looked-up"))
            await(kPatience, [this] {
                return was_tried(certificates_->issuers()->issuers.front().standby_canary);
            });
        if (arguments_.flags.contains("manage-caa")) wait_for_caa(reader);
        if (arguments_.values.contains("elsewhere"))
            await(kPatience, [&] { return is_nothing_left_elsewhere(reader->database()); });
        return finish(reader);
    }

    /// Until CAA records of ours are in the zone.
    void wait_for_caa(store::Reader& reader) {
        const std::string wanted = value("caa-rows", "");
        const zones::Name apex = name(kZone);
        await(kPatience, [&] {
            const std::size_t rows = must(store::caa_rows(reader->database())).size();
            return (wanted.empty() ? rows > 0 : std::to_string(rows) == wanted) &&
                   zones_->snapshot()->find(apex)->find(apex, zones::RType::CAA) != nullptr;
        });
    }

    /// Until the CA has heard all that it is told.
    void wait_for_silence() {
        const auto& requests = certificates_->counters().requests;
        for (std::uint64_t before = requests.load() + 1; before != requests.load();) {
            before = requests.load();
            std::this_thread::sleep_for(Seconds(1));
        }
    }

    int finish(store::Reader& reader) {
        for (const std::int64_t server : servers_) {
            const auto chain = must(acme::certificate_chain(*reader, server, clock_.now())).value();
            std::ofstream(arguments_.folder + "/" + std::to_string(server) + ".pem") << chain.pem;
            say("certificate " + std::to_string(server) + " " + to_hex(chain.sha256));
            if (chain.managed && !arguments_.flags.contains("key-gone")) take_key(server, chain);
        }
        const auto& counters = certificates_->counters();
        say("counters requests=" + std::to_string(counters.requests.load()) +
            " nonces_rejected=" + std::to_string(counters.nonces_rejected.load()) +
            " failed=" + std::to_string(counters.failed.load()) +
            " live=" + std::to_string(counters.live.load()));
        for (const std::string& line : issuer_lines(*certificates_->issuers()))
            say(line);
        return tell_what_is_left(*zones_->snapshot());
    }

    Result<std::string> take_key_once(std::int64_t server) {
        std::promise<Result<std::string>> promise;
        certificates_->take_managed_key(server, {"server", "rig", "127.0.0.1", "rest"},
                                        [&](auto key) { promise.set_value(std::move(key)); });
        return promise.get_future().get();
    }

    void take_key(std::int64_t server, const acme::CertificateChain& chain) {
        const std::string key = must(take_key_once(server));
        if (must(take_key_once(server)) != key) throw std::runtime_error("another key");
        std::ofstream(arguments_.folder + "/" + std::to_string(server) + ".key") << key;
        if (arguments_.flags.contains("keep-key")) return;
        std::promise<Result<void>> promise;
        certificates_->deployed(server, chain.sha256, {"server", "rig", "127.0.0.1", "rest"},
                                [&](auto done) { promise.set_value(std::move(done)); });
        must(promise.get_future().get());
        if (take_key_once(server)) throw std::runtime_error("a key outlived its deployment");
    }

    const Arguments arguments_;
    const std::string path_;
    const Sealer sealer_;
    SystemClock clock_;
    FaultVfs disk_;
    std::thread heal_;  // Joined by run().
    std::unique_ptr<Published<zones::ZoneTable>> zones_;
    std::unique_ptr<store::Committer> committer_;
    std::unique_ptr<dnsd::Server> dns_;
    std::unique_ptr<acme::Certificates> certificates_;
    std::vector<std::int64_t> servers_;
    std::map<std::int64_t, std::optional<Sha256>> before_;
    std::mutex transitions_mutex_;
    std::map<std::int64_t, acme::StateName> handed_over_;
    std::map<std::int64_t, acme::StateName> durable_;
};

}  // namespace
}  // namespace hairpin::tests

int main(int count, char** texts) {
    try {
        return hairpin::tests::Rig(hairpin::tests::parse(count, texts)).run();
    } catch (const std::exception& error) {
        std::fprintf(stderr, "acme_rig: %s\n", error.what());
        return 1;
    }
}
