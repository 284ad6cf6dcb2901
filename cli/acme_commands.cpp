#include "cli/acme_commands.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "cli/zone_import.hpp"

namespace hairpin::cli {

int run_acme_rollover(const AcmeOptions& options) {
    auto api = RestClient::create(options.api);
    if (!api) {
        fmt::print(stderr, "hairpin: {}\n", api.error().text());
        return kFailed;
    }
    const auto answer = (*api)->call("POST", "/v1/acme/account/rollover", {});
    if (!answer) {
        fmt::print(stderr, "hairpin: {}\n", answer.error().text());
        return kFailed;
    }
    if (answer->status != 204) {
        fmt::print(stderr, "hairpin: the account keeps its key, Hairpin answers {}\n",
                   problem_text(*answer));
        return kFailed;
    }
    fmt::print("the account at the CA has a new key\n");
    return std::fflush(stdout) == 0 ? kDone : kFailed;
}

}  // namespace hairpin::cli
