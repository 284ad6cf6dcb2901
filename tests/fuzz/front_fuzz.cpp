// What stock ACME clients send to our front, before anybody knows who they are: a flattened JWS,
// its headers, its JWK, its payload; a nonce; a kid.
//
// Held: nothing crashes; what was taken has the form that the rest relies on, and a JWK that was
// taken is the same key when it is read again as it is stored.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "admin/eab_keys.hpp"
#include "admin/front_json.hpp"
#include "admin/front_jws.hpp"
#include "admin/front_nonces.hpp"
#include "core/octets.hpp"

namespace {

using namespace hairpin;

void require(bool holds) {
    if (!holds) std::abort();
}

void check_key(const acme::PublicKey& key) {
    const auto again = admin::read_jwk(key.jwk());
    require(again && again->thumbprint() == key.thumbprint());
    require(again->spki_sha256() == key.spki_sha256());
}

void check_jws(std::string_view body, admin::FrontJwsPlace place) {
    const auto jws = admin::read_front_jws(body, place);
    if (!jws) return require(!jws.error().detail.empty() && jws.error().status >= 400);
    require(jws->jwk.has_value() != !jws->kid.empty());
    require(!jws->signature.empty());
    if (jws->jwk) check_key(*jws->jwk);
    const auto algorithm = acme::signature_algorithm(jws->algorithm);
    require(algorithm.has_value() || place == admin::FrontJwsPlace::Binding);
    if (algorithm && jws->jwk)
        static_cast<void>(
            jws->jwk->verify(*algorithm, as_octets(jws->signed_text), jws->signature));
    if (const auto payload = admin::front_object(jws->payload))
        static_cast<void>(admin::text_of(*payload, "status"));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
    const std::string_view body = as_text({octets, size});
    check_jws(body, admin::FrontJwsPlace::Request);
    check_jws(body, admin::FrontJwsPlace::Binding);
    check_jws(body, admin::FrontJwsPlace::KeyChange);
    if (const auto key = admin::read_jwk(body)) check_key(*key);
    static admin::FrontNonces nonces;
    require(!nonces.spend(body, MonotonicTime()));
    if (const auto name = admin::tsig_name_of_kid(body)) require(name->ends_with('.'));
    if (const auto id = admin::parse_authorization_id(body)) require(id->place <= 9);
    return 0;
}
