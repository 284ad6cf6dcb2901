#include "daemon/issuer_text.hpp"

#include <algorithm>
#include <array>

#include "acme/issuer_presets.hpp"
#include "acme/messages.hpp"
#include "daemon/option_words.hpp"

namespace hairpin::daemon {
namespace {

constexpr std::size_t kLongestIssuerName = 40;

std::string& name_in(IssuerConfig& issuer) {
    return issuer.options.name;
}
std::string& eab_kid_in(IssuerConfig& issuer) {
    return issuer.options.eab_kid;
}
std::string& eab_file_in(IssuerConfig& issuer) {
    return issuer.eab_key_file;
}
std::string& standby_kid_in(IssuerConfig& issuer) {
    return issuer.options.standby_eab_kid;
}
std::string& standby_file_in(IssuerConfig& issuer) {
    return issuer.standby_eab_key_file;
}
std::string& profile_in(IssuerConfig& issuer) {
    return issuer.options.profile;
}
std::string& ca_file_in(IssuerConfig& issuer) {
    return issuer.options.ca_file;
}
std::string& chain_in(IssuerConfig& issuer) {
    return issuer.options.preferred_chain;
}
std::string& staging_in(IssuerConfig& issuer) {
    return issuer.options.staging;
}

struct IssuerWord {
    std::string_view key;
    std::string& (*in)(IssuerConfig& issuer);
};
constexpr std::array kIssuerWords = {
    IssuerWord{"name", name_in},
    IssuerWord{"eab_kid", eab_kid_in},
    IssuerWord{"eab_key_file", eab_file_in},
    IssuerWord{"standby_eab_kid", standby_kid_in},
    IssuerWord{"standby_eab_key_file", standby_file_in},
    IssuerWord{"profile", profile_in},
    IssuerWord{"ca_file", ca_file_in},
    IssuerWord{"preferred_chain", chain_in},
    IssuerWord{"staging", staging_in},
};

/// One "key=value" behind the first part. Errors: a sentence.
Result<void, std::string> take_word(IssuerConfig& issuer, std::string_view part) {
    std::vector<std::string_view> known;
    for (const IssuerWord& each : kIssuerWords)
        known.push_back(each.key);
    const OptionWord found = TRY(read_option_word(part, known));
    const auto* word = std::find_if(kIssuerWords.begin(), kIssuerWords.end(),
                                    [&](const IssuerWord& each) { return each.key == found.key; });
    word->in(issuer) = found.value;
    return {};
}

/// What is wrong with the whole; empty: nothing.
std::string fault_of(const IssuerConfig& issuer) {
    const acme::IssuerOptions& options = issuer.options;
    const bool is_named = options.name.size() <= kLongestIssuerName &&
                          std::all_of(options.name.begin(), options.name.end(), [](char letter) {
                              return (letter >= 'a' && letter <= 'z') ||
                                     (letter >= '0' && letter <= '9') || letter == '-' ||
                                     letter == '.' || letter == '_';
                          });
    if (!is_named) return "name must be at most 40 of a-z, 0-9, -, . and _";
    if (options.eab_kid.empty() != issuer.eab_key_file.empty())
        return "eab_kid and eab_key_file go together: give both or neither";
    if (options.standby_eab_kid.empty() != issuer.standby_eab_key_file.empty())
        return "standby_eab_kid and standby_eab_key_file go together: give both or neither";
    if (!options.profile.empty() && !acme::is_profile_name(options.profile))
        return "profile " + quoted(options.profile) + " is no profile's name";
    if (!options.staging.empty() && !acme::is_usable_url(options.staging))
        return "staging must be an https:// URL, or off";
    const acme::IssuerPreset* preset = acme::issuer_preset_of(options.directory);
    if (preset != nullptr && preset->binding != acme::Binding::None && options.eab_kid.empty())
        return std::string(preset->title) +
               " binds accounts to one at its web site: get a key there and give it as eab_kid "
               "and eab_key_file";
    return {};
}

}  // namespace

Result<std::string, std::string> read_directory_text(std::string_view text, std::string_view also) {
    if (const acme::IssuerPreset* preset = acme::issuer_preset(text))
        return std::string(preset->directory);
    if (acme::is_usable_url(text)) return std::string(text);
    const std::string near = acme::nearest_preset(text);
    return fail("must be an https:// URL or one of " + acme::preset_names() + std::string(also) +
                (near.empty() ? "" : "; did you mean " + near + "?"));
}

std::string usual_name(std::string_view directory) {
    if (const acme::IssuerPreset* preset = acme::issuer_preset_of(directory))
        return std::string(preset->name);
    const auto scheme = directory.find("://");
    if (scheme != directory.npos) directory.remove_prefix(scheme + 3);
    std::string host(directory.substr(0, directory.find_first_of("/?#")));
    std::transform(host.begin(), host.end(), host.begin(), [](char letter) {
        const bool is_upper = letter >= 'A' && letter <= 'Z';
        return is_upper ? static_cast<char>(letter - 'A' + 'a') : letter == ':' ? '-' : letter;
    });
    return host.substr(0, kLongestIssuerName);
}

Result<IssuerConfig, std::string> read_issuer(std::string_view text) {
    IssuerConfig issuer;
    std::size_t end = std::min(text.find(';'), text.size());
    issuer.options.directory = TRY(read_directory_text(without_blanks(text.substr(0, end))));
    issuer.options.name = usual_name(issuer.options.directory);
    if (const auto* preset = acme::issuer_preset_of(issuer.options.directory))
        issuer.options.staging = preset->staging;
    while (end < text.size()) {
        const std::string_view rest = text.substr(end + 1);
        const std::size_t size = std::min(rest.find(';'), rest.size());
        TRY(take_word(issuer, without_blanks(rest.substr(0, size))));
        end += 1 + size;
    }
    if (issuer.options.staging == "off") issuer.options.staging.clear();
    if (std::string fault = fault_of(issuer); !fault.empty()) return fail(std::move(fault));
    return issuer;
}

std::string text_of(const IssuerConfig& issuer) {
    std::string text = issuer.options.directory;
    IssuerConfig copy = issuer;
    for (const IssuerWord& each : kIssuerWords)
        if (const std::string& value = each.in(copy); !value.empty())
            text += "; " + std::string(each.key) + "=" + value;
    return text;
}

}  // namespace hairpin::daemon
