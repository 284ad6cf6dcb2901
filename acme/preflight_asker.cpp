#include "acme/preflight_asker.hpp"

namespace hairpin::acme {
namespace {

constexpr Milliseconds kServerPatience{1'000};
constexpr Milliseconds kResolverPatience{3'000};
constexpr Milliseconds kSilence{60'000};  // So long a silent server is not asked again.
constexpr std::size_t kMostSilent = 1'000;

class Asker final : public PreflightAsker, public std::enable_shared_from_this<Asker> {
public:
    Asker(net::Loop& loop, SilentServers& silent, PreflightQuestions questions, Then then)
        : loop_(loop),
          silent_(silent),
          questions_(std::move(questions)),
          then_(std::move(then)),
          above_(questions_.caa) {}

    void begin() {
        later([](Asker& self) { self.ask_server(0); });
    }

private:
    using Answered = std::function<void(Asker& self, const Result<DnsAnswer>& answer)>;

    /// Not from inside of a question that is about to be replaced.
    void later(std::function<void(Asker& self)> step) {
        loop_.post([weak = weak_from_this(), step = std::move(step)] {
            if (const auto self = weak.lock()) step(*self);
        });
    }

    void ask(const Endpoint& server, const DnsQuestion& question, Milliseconds patience,
             Answered answered) {
        if (silent_.is_silent(server))
            return later([answered = std::move(answered), server](Asker& self) {
                answered(self, fail(Error{ErrorCode::Unavailable, server.text(),
                                          "did not answer a moment ago"}));
            });
        ask_ = DnsAsk::start(loop_, server, question, patience,
                             [this, server, answered = std::move(answered)](
                                 const Result<DnsAnswer>& answer) mutable {
                                 answer ? silent_.heard(server) : silent_.note(server);
                                 later([answered = std::move(answered), answer](Asker& self) {
                                     answered(self, answer);
                                 });
                             });
    }

    /// Resolvers from the one at `index` on; the last one's answer counts where none is good.
    void ask_resolvers(const DnsQuestion& question, std::size_t index, Answered answered) {
        const Endpoint resolver = questions_.resolvers[index];
        ask(resolver, question, kResolverPatience,
            [question, index, answered = std::move(answered)](Asker& self,
                                                              const Result<DnsAnswer>& answer) {
                const bool is_good = answer && !answer->has(Rcode::ServFail) &&
                                     !answer->has(Rcode::Refused) &&
                                     answer->rcode != kNotImplemented;
                if (is_good || index + 1 == self.questions_.resolvers.size())
                    return answered(self, answer);
                self.ask_resolvers(question, index + 1, answered);
            });
    }

    void ask_server(std::size_t index) {
        if (index == questions_.servers.size()) return ask_delegation();
        ask(questions_.servers[index].first, {questions_.apex, zones::RType::SOA, Asking::Server},
            kServerPatience, [index](Asker& self, const Result<DnsAnswer>& answer) {
                self.found_.push_back(judge_server(self.questions_.apex,
                                                   self.questions_.servers[index].second, answer));
                self.ask_server(index + 1);
            });
    }

    void ask_delegation() {
        if (questions_.resolvers.empty()) return finish();
        ask_resolvers({questions_.apex, zones::RType::NS, Asking::Resolver}, 0,
                      [](Asker& self, const Result<DnsAnswer>& answer) {
                          self.seen_.ns = answer;
                          const bool is_refused = answer && answer->has(Rcode::ServFail);
                          is_refused ? self.ask_unchecked() : self.ask_ds();
                      });
    }

    void ask_unchecked() {
        ask_resolvers({questions_.apex, zones::RType::NS, Asking::ResolverUnchecked}, 0,
                      [](Asker& self, const Result<DnsAnswer>& answer) {
                          self.seen_.unchecked = answer;
                          self.ask_ds();
                      });
    }

    void ask_ds() {
        ask_resolvers(
            {questions_.apex, zones::RType::DS, Asking::ResolverUnchecked}, 0,
            [](Asker& self, const Result<DnsAnswer>& answer) {
                const PreflightQuestions& asked = self.questions_;
                self.seen_.ds = answer;
                self.found_.push_back(judge_delegation(asked.apex, asked.our_servers, self.seen_));
                self.found_.push_back(judge_ds(asked.apex, asked.dnskeys, answer));
                const auto* elsewhere = std::get_if<CaaElsewhere>(&asked.caa);
                if (elsewhere == nullptr) return self.finish();
                self.ask_caa(elsewhere->from);
            });
    }

    void ask_caa(const zones::Name& at) {
        if (at.is_root()) {
            above_ = CaaNone{};
            return finish();
        }
        ask_resolvers({at, zones::RType::CAA, Asking::Resolver}, 0,
                      [at](Asker& self, const Result<DnsAnswer>& answer) {
                          auto place = caa_of_answer(at, answer);
                          if (!place) return self.ask_caa(at.without_labels(1));
                          self.above_ = *std::move(place);
                          self.finish();
                      });
    }

    void finish() {
        if (const Then then = std::exchange(then_, nullptr))
            then({std::move(found_), std::move(above_)});
    }

    static constexpr std::uint8_t kNotImplemented = 4;
    net::Loop& loop_;
    SilentServers& silent_;
    const PreflightQuestions questions_;
    Then then_;
    std::shared_ptr<DnsAsk> ask_;
    DelegationSeen seen_;
    std::vector<PreflightCheck> found_;
    CaaPlace above_;
};

}  // namespace

void SilentServers::note(const Endpoint& server) {
    const MonotonicTime now = clock_.monotonic();
    if (until_.size() >= kMostSilent)
        std::erase_if(until_, [&](const auto& each) { return each.second <= now; });
    if (until_.size() < kMostSilent) until_[server.text()] = now + kSilence;
}

bool SilentServers::is_silent(const Endpoint& server) const {
    const auto found = until_.find(server.text());
    return found != until_.end() && found->second > clock_.monotonic();
}

std::shared_ptr<PreflightAsker> PreflightAsker::start(net::Loop& loop, SilentServers& silent,
                                                      PreflightQuestions questions, Then then) {
    auto asker = std::make_shared<Asker>(loop, silent, std::move(questions), std::move(then));
    asker->begin();
    return asker;
}

}  // namespace hairpin::acme
