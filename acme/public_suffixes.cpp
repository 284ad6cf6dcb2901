#include "acme/public_suffixes.hpp"

#include <libpsl.h>

#include <utility>

namespace hairpin::acme {

Result<PublicSuffixes> PublicSuffixes::create() {
    // The newer of the distribution's file and the one built in.
    Handle list(psl_latest(nullptr), psl_free);
    if (!list)
        return fail(Error{ErrorCode::Unavailable, "the Public Suffix List",
                          "is not there: install the package publicsuffix"});
    return PublicSuffixes(std::move(list));
}

std::string PublicSuffixes::registered_domain(std::string_view name) const {
    const std::string text(name);
    const char* const found = psl_registrable_domain(list_.get(), text.c_str());
    return found == nullptr ? text : std::string(found);
}

}  // namespace hairpin::acme
