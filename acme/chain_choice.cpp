#include "acme/chain_choice.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <utility>

#include "acme/chain.hpp"
#include "acme/messages.hpp"
#include "acme/openssl_handles.hpp"
#include "core/assert.hpp"
#include "core/handle.hpp"

namespace hairpin::acme {
namespace {

using LinkCertificate = Handle<X509, X509_free>;

std::string_view without_blanks(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
        text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
        text.remove_suffix(1);
    return text;
}

bool is_same_word(std::string_view text, std::string_view lower) {
    return std::equal(text.begin(), text.end(), lower.begin(), lower.end(), [](char a, char b) {
        return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
    });
}

/// Whether one of ";name=value" is rel with the word among its words.
bool has_relation(std::string_view parameters, std::string_view word) {
    while (!parameters.empty()) {
        const auto end = std::min(parameters.find(';'), parameters.size());
        const std::string_view one = without_blanks(parameters.substr(0, end));
        parameters.remove_prefix(std::min(end + 1, parameters.size()));
        const auto equals = one.find('=');
        if (equals == one.npos || !is_same_word(without_blanks(one.substr(0, equals)), "rel"))
            continue;
        std::string_view words = without_blanks(one.substr(equals + 1));
        if (words.size() >= 2 && words.front() == '"' && words.back() == '"')
            words = words.substr(1, words.size() - 2);
        while (!words.empty()) {
            const auto blank = std::min(words.find(' '), words.size());
            if (is_same_word(words.substr(0, blank), word)) return true;
            words.remove_prefix(std::min(blank + 1, words.size()));
        }
        return false;  // RFC 8288 section 3.3: the first rel counts.
    }
    return false;
}

}  // namespace

std::vector<std::string> alternate_links(const std::vector<net::Header>& headers) {
    std::vector<std::string> links;
    for (const net::Header& header : headers) {
        if (header.name != "link") continue;
        std::string_view rest = header.value;
        while (links.size() < kMaxAlternates) {
            const auto open = rest.find('<');
            if (open == rest.npos) break;
            const auto close = rest.find('>', open);
            if (close == rest.npos) break;
            const std::string_view url = rest.substr(open + 1, close - open - 1);
            rest.remove_prefix(close + 1);
            // A comma ends the link; one inside of quotes would at worst hide a relation.
            const std::string_view parameters = rest.substr(0, rest.find(','));
            if (has_relation(parameters, "alternate") && is_usable_url(url))
                links.emplace_back(url);
        }
    }
    return links;
}

std::string root_of_chain(std::string_view pem) {
    if (pem.size() > kMaxChainOctets) return {};
    const BioHandle bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    HAIRPIN_ASSERT(bio != nullptr);
    LinkCertificate last;
    while (LinkCertificate next{PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr)})
        last = std::move(next);
    ERR_clear_error();
    if (!last) return {};
    const X509_NAME* issuer = X509_get_issuer_name(last.get());
    const int index = X509_NAME_get_index_by_NID(issuer, NID_commonName, -1);
    if (index < 0) return {};
    const ASN1_STRING* text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(issuer, index));
    return printable({reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                      static_cast<std::size_t>(ASN1_STRING_length(text))},
                     200);
}

}  // namespace hairpin::acme
