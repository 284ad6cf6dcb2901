// The table of options as a whole, from its parts: see options.hpp.

#include <algorithm>
#include <limits>
#include <vector>

#include "core/nearest_name.hpp"
#include "daemon/acme_rows.hpp"
#include "daemon/options.hpp"

namespace hairpin::daemon {
namespace {

/// A table of the file is written once, so the rows of [acme] stand together.
std::vector<Option> all_options() {
    const auto main = main_options();
    std::vector<Option> all(main.begin(), main.end());
    const auto store = std::find_if(
        all.begin(), all.end(), [](const Option& each) { return each.key.starts_with("store."); });
    const auto coupling = coupling_options();
    const auto next = all.insert(store, coupling.begin(), coupling.end());
    const auto issuers = acme_rows();
    all.insert(next, issuers.begin(), issuers.end());
    return all;
}

}  // namespace

std::span<const Option> options() noexcept {
    static const std::vector<Option> kAll = all_options();
    return kAll;
}

std::string nearest_key(std::string_view key) {
    constexpr std::size_t kMaxKeyLetters = 100;
    if (key.size() > kMaxKeyLetters) return {};
    const Option* nearest = nullptr;
    std::size_t least = std::numeric_limits<std::size_t>::max();
    for (const Option& option : options()) {
        // A key put into the wrong table is near too: only its last part is compared then.
        const std::string_view last = option.key.substr(option.key.rfind('.') + 1);
        const std::size_t far = std::min(edit_distance(key, option.key),
                                         edit_distance(key.substr(key.rfind('.') + 1), last) + 1);
        if (far < least) {
            least = far;
            nearest = &option;
        }
    }
    return least <= 1 + key.size() / 3 ? std::string(nearest->key) : std::string();
}

}  // namespace hairpin::daemon
