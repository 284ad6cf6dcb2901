// order_load - orders certificates for many licences: acme/ between a real store, our own name
// server and a real CA.
//
// The store is in FOLDER and stays there, so that a second start takes up what the first left when
// it was killed. Each licence has one server with a device key; so many of them ask at the same
// time, and the next asks when one has its certificate. With --bare there is nothing but the
// protocol (bare_orders.hpp): what the CA and this machine can do at most.
//
// Standard output: "offered N" for each hundredth one, at the end a line of figures.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <future>
#include <string>
#include <unordered_map>
#include <vector>

#include "acme/certificates.hpp"
#include "acme/csr.hpp"
#include "acme/jws.hpp"
#include "bench/load/bare_orders.hpp"
#include "bench/load/order_clock.hpp"
#include "bench/load/order_options.hpp"
#include "core/log.hpp"
#include "dnsd/server.hpp"
#include "store/acme_rows.hpp"
#include "tests/support/store.hpp"

namespace hairpin::bench {
namespace {

using tests::must;

class OrderLoad {
public:
    explicit OrderLoad(const OrderOptions& options)
        : options_(options),
          path_(options.folder + "/hairpin.db"),
          sealer_(Sealer::from_key({1, 2, 3})),
          order_clock_(options.at_once) {}

    int run() {
        open_store();
        make_licences();
        serve_dns();
        store::Reader reader = must(store::Reader::open(path_));
        // What an earlier run began goes on by itself.
        std::vector<std::int64_t> to_ask;
        for (const std::int64_t server : servers_)
            if (!is_begun(reader, server)) to_ask.push_back(server);
        const auto began = std::chrono::steady_clock::now();
        certificates_ =
            must(acme::Certificates::start(acme_options(), clock_, *committer_, sealer_));
        for (const std::int64_t server : to_ask)
            if (!ask(server)) return too_slow();
        if (!order_clock_.await_all()) return too_slow();
        const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - began;
        const auto& counters = certificates_->counters();
        print_figures(order_clock_, passed.count(), counters.requests.load(),
                      counters.failed.load());
        certificates_->stop();
        return 0;
    }

private:
    int too_slow() {
        fmt::print(stderr, "order_load: nothing moves: {}\n", certificates_->trouble());
        return 1;
    }

    void open_store() {
        store::Database database = std::filesystem::exists(path_) ? tests::open_database(path_)
                                                                  : tests::make_database(path_);
        zones_ = std::make_unique<Published<zones::ZoneTable>>(
            std::make_shared<const zones::ZoneTable>(must(store::load_zones(database))));
        store::CommitterOptions options;
        options.path = path_;
        committer_ = must(store::Committer::open(std::move(options), clock_, *zones_));
    }

    [[nodiscard]] static std::string apex_of(std::size_t licence) {
        return fmt::format("pl-l{}.example.net.", licence);
    }

    /// Licences, their zones and servers that are missing.
    void make_licences() {
        std::vector<std::future<void>> made;
        store::Reader reader = must(store::Reader::open(path_));
        const std::size_t last = std::max(options_.fill, options_.licences);
        for (std::size_t licence = 1; licence <= last; ++licence) {
            const std::string label = fmt::format("l{}", licence);
            if (!must(reader->server(label, "nur1"))) made.push_back(make_licence(licence, label));
            if (made.size() < kFillAtOnce && licence < last) continue;
            for (auto& each : made)
                each.get();
            made.clear();
        }
        for (std::size_t licence = 1; licence <= options_.licences; ++licence) {
            servers_.push_back(must(reader->server(fmt::format("l{}", licence), "nur1"))->id);
            apexes_[servers_.back()] = apex_of(licence);
        }
    }

    std::future<void> make_licence(std::size_t licence, const std::string& label) {
        store::Work work;
        zones::ZoneChange zone = tests::create_zone(apex_of(licence));
        zone.kind = zones::ZoneKind::Licence;
        const zones::Name apex = zone.apex;
        work.change = tests::as_change({zone});
        work.rows = [label, apex](store::Writer& writer, zones::Change&) -> Result<void> {
            store::LicenceRow row;
            row.name = label;
            row.zone_apex = apex;
            row.created_at = writer.now();
            TRY(writer.insert_licence(row));
            store::ServerRow server;
            server.licence = label;
            server.label = "nur1";
            server.created_at = writer.now();
            TRY(writer.insert_server(server));
            return {};
        };
        auto promise = std::make_shared<std::promise<void>>();
        auto made = promise->get_future();
        committer_->submit(std::move(work), [promise](tests::Verdict done) {
            if (done) return promise->set_value();
            promise->set_exception(
                std::make_exception_ptr(std::runtime_error(store::to_error(done.error()).text())));
        });
        return made;
    }

    void serve_dns() {
        dnsd::ServerOptions options;
        options.listen = {{IpAddress::v4({127, 0, 0, 1}), options_.dns_port}};
        options.workers = 1;
        dns_ = must(dnsd::Server::bind(options, *zones_));
        must(dns_->start());
    }

    bool is_begun(store::Reader& reader, std::int64_t server) {
        store::AcmeQueries queries(reader->database());
        if (must(queries.current_certificate(server, clock_.now()))) return true;
        if (!must(queries.live_attempt(server))) return false;
        order_clock_.adopt(server);
        return true;
    }

    acme::Options acme_options() {
        acme::Options options;
        options.directory = options_.directory;
        options.ca_file = options_.ca_file;
        options.contacts = {"mailto:ops@example.net"};
        options.database_path = path_;
        options.listeners = dns_->endpoints();
        options.allowances = acme::Allowances{};  // Else the CA's limits would be measured.
        if (options_.poll.count() > 0) options.poll_interval = options_.poll;
        options.on_transition = [this](std::int64_t server, acme::StateName to, bool durable) {
            if (!durable || to != acme::StateName::Offered) return;
            order_clock_.end(server);
            if (order_clock_.ended() % kTellEach == 0) {
                fmt::print("offered {}\n", order_clock_.ended());
                std::fflush(stdout);
            }
        };
        return options;
    }

    [[nodiscard]] bool ask(std::int64_t server) {
        const std::string apex = apexes_.at(server);
        const std::string name = "nur1." + apex.substr(0, apex.size() - 1);
        const acme::SigningKey key = must(acme::SigningKey::generate());
        acme::DeviceKey device{must(acme::make_csr(key, {name, "i-" + name}))};
        if (!order_clock_.begin(server)) return false;
        certificates_->request(server, std::move(device),
                               {"server", "order_load", "127.0.0.1", "rest"},
                               [](const Result<acme::CertificateState>& state) {
                                   if (!state) {
                                       fmt::print(stderr, "{}\n", state.error().text());
                                       std::abort();
                                   }
                               });
        return true;
    }

    static constexpr std::size_t kFillAtOnce = 500;
    static constexpr std::size_t kTellEach = 100;

    const OrderOptions& options_;
    const std::string path_;
    const Sealer sealer_;
    SystemClock clock_;
    OrderClock order_clock_;
    std::unique_ptr<Published<zones::ZoneTable>> zones_;
    std::unique_ptr<store::Committer> committer_;
    std::unique_ptr<dnsd::Server> dns_;
    std::unique_ptr<acme::Certificates> certificates_;
    std::vector<std::int64_t> servers_;
    std::unordered_map<std::int64_t, std::string> apexes_;
};

}  // namespace
}  // namespace hairpin::bench

int main(int argc, char** argv) {
    hairpin::bench::OrderOptions options;
    CLI::App app("Orders certificates for many licences.");
    std::int64_t poll = 0;
    app.add_option("--folder", options.folder, "of the store")->required();
    app.add_option("--dns", options.dns_port, "port of our name server on 127.0.0.1")->required();
    app.add_option("--directory", options.directory, "of the CA")->required();
    app.add_option("--ca-file", options.ca_file, "trust for the CA's HTTPS")->required();
    app.add_option("--licences", options.licences, "each with one server");
    app.add_option("--fill", options.fill, "make so many licences, though fewer order");
    app.add_option("--at-once", options.at_once, "orders under way at the same time");
    app.add_option("--poll", poll, "the first pause before the order is looked at again, ms");
    app.add_flag("--bare", options.is_bare, "the protocol alone, without a store");
    CLI11_PARSE(app, argc, argv);
    options.poll = hairpin::Milliseconds(poll);
    try {
        // A line for each certificate would be measured too.
        hairpin::tests::must(hairpin::log::set_level("*", "warning"));
        if (options.is_bare) return hairpin::bench::order_bare(options);
        return hairpin::bench::OrderLoad(options).run();
    } catch (const std::exception& error) {
        fmt::print(stderr, "order_load: {}\n", error.what());
        return 1;
    }
}
