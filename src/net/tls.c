/* SPDX-License-Identifier: MIT */
#include "net/tls.h"

#include <openssl/x509_vfy.h>

#include "base/i18n.h"
#include "base/banned.h"

/* The certificate may be mended, the network may be another one tomorrow: nothing is given up for
 * it. */
static int distrust(struct error *err, long verify, const char *fmt, const char *host)
{
    error_set(err, ERR_TLS, RETRY_LATER, fmt, host);
    err->sys = (int)verify;
    return -1;
}

int tls_distrust(const char *host, long verify, struct error *err)
{
    switch (verify) {
    case X509_V_OK:
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return distrust(err, verify,
                        _("the certificate is not for %s: check the host name in the "
                          "configuration; if it is right, somebody may be in between"),
                        host);
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return distrust(err, verify,
                        _("the certificate of %s has expired: its operator must renew it "
                          "(or the clock of this computer is wrong)"),
                        host);
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return distrust(err, verify,
                        _("the certificate of %s is not valid yet: is the clock of this "
                          "computer right?"),
                        host);
    case X509_V_ERR_CERT_REVOKED:
        return distrust(err, verify, _("the certificate of %s was revoked: do not trust it"), host);
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        return distrust(err, verify,
                        _("the certificate of %s is signed by nobody whom this computer knows: "
                          "if it is your own server, name its CA file with tls-ca"),
                        host);
    default:
        return distrust(err, verify, _("the certificate of %s cannot be trusted"), host);
    }
}
