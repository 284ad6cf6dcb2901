#include "acme/renewal_id.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "acme/openssl_handles.hpp"
#include "core/octets.hpp"

namespace hairpin::acme {
namespace {

using NamedCertificateHandle = Handle<X509, X509_free>;

Error not_named(std::string cause) {
    ERR_clear_error();
    return Error{ErrorCode::Invalid, "certificate", std::move(cause)};
}

OctetView octets_of(const ASN1_STRING* text) {
    return {ASN1_STRING_get0_data(text), static_cast<std::size_t>(ASN1_STRING_length(text))};
}

Result<NamedCertificateHandle> first_certificate(std::string_view pem) {
    const BioHandle bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    if (!bio) return fail(not_named("cannot be read"));
    NamedCertificateHandle certificate(PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr));
    if (!certificate) return fail(not_named("is not PEM"));
    return certificate;
}

}  // namespace

Result<Octets> first_certificate_der(std::string_view pem) {
    const NamedCertificateHandle certificate = TRY(first_certificate(pem));
    unsigned char* raw = nullptr;
    const int size = i2d_X509(certificate.get(), &raw);
    if (size <= 0) return fail(not_named("cannot be written"));
    const OctetsHandle der(raw);
    return Octets(raw, raw + size);
}

Result<std::string> renewal_id(std::string_view pem) {
    const NamedCertificateHandle certificate = TRY(first_certificate(pem));
    const ASN1_OCTET_STRING* issuer_key = X509_get0_authority_key_id(certificate.get());
    if (issuer_key == nullptr) return fail(not_named("does not name its issuer's key"));
    // The content octets of the INTEGER, with the zero that keeps it positive (section 4.1).
    Octets serial;
    const ASN1_INTEGER* number = X509_get0_serialNumber(certificate.get());
    const OctetView magnitude = octets_of(number);
    if (!magnitude.empty() && (magnitude.front() & 0x80U) != 0) serial.push_back(0);
    serial.insert(serial.end(), magnitude.begin(), magnitude.end());
    return to_base64url(octets_of(issuer_key)) + "." + to_base64url(serial);
}

}  // namespace hairpin::acme
