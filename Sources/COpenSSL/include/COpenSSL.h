#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* RFC 3161 time stamps by libcrypto, with no type of its own in sight: BoringSSL, which other targets carry, has types
 * of the same names. */

#define COPENSSL_IMPRINT_BYTES 32

typedef struct {
    const uint8_t *bytes;
    size_t count;
} copenssl_bytes;

/* What a time stamp is asked for, or must be of. */
typedef struct {
    /* SHA-256 of what is stamped: COPENSSL_IMPRINT_BYTES bytes. */
    const uint8_t *imprint;
    bool has_nonce;
    uint64_t nonce;
    /* Dotted decimal; NULL for any. */
    const char *policy;
} copenssl_query;

/* Whether the text is an object identifier in dotted decimal. */
bool copenssl_is_policy(const char *policy);

/* Encodes a TimeStampReq that asks for the authority's certificate.
 * Returns its length; 0 if it cannot be made, or is longer than `capacity`. */
size_t copenssl_request(const copenssl_query *query, uint8_t *out, size_t capacity);

typedef struct {
    /* PKIStatus: 0 is granted, 1 granted with modifications. */
    int64_t status;
    /* The bits of PKIFailureInfo that are set, bit n of the standard as 1 << n. */
    uint32_t failures;
    /* The authority's own words, cut and ended with 0. */
    char text[256];
    /* Bytes of the token that were written to `token`; 0 if there is none. */
    size_t token_count;
} copenssl_answer;

/* Reads a TimeStampResp and copies its token, encoded as DER.
 * Returns whether it is one; false too if the token is longer than `capacity`. */
bool copenssl_read_answer(copenssl_bytes response, copenssl_answer *answer, uint8_t *token, size_t capacity);

enum {
    COPENSSL_FINE = 0,
    /* No TimeStampToken. */
    COPENSSL_MALFORMED = 1,
    /* The certificates that are believed cannot be read. */
    COPENSSL_NO_AUTHORITY = 2,
    /* Of something else. */
    COPENSSL_OTHER_IMPRINT = 3,
    COPENSSL_OTHER_NONCE = 4,
    COPENSSL_OTHER_POLICY = 5,
    /* The signature does not fit, or is not by the certificate that it names. */
    COPENSSL_WRONG_SIGNATURE = 6,
    /* No chain to a certificate that is believed. */
    COPENSSL_UNTRUSTED = 7,
    /* A certificate was not valid at the token's time. */
    COPENSSL_OUT_OF_DATE = 8,
    /* The certificate is not for time stamps alone (RFC 3161 section 2.3). */
    COPENSSL_OTHER_PURPOSE = 9,
    /* Signed over a hash, or with a key, that can be forged. */
    COPENSSL_WEAK = 10,
    /* Any other reason. */
    COPENSSL_REFUSED = 11,
};

typedef struct {
    /* UTC microseconds since 1970. */
    int64_t time;
    /* Microseconds by which it may be wrong; 0 if the authority does not say. */
    int64_t accuracy;
    char policy[128];
    /* The subject of the authority's certificate (RFC 2253), cut and ended with 0. */
    char authority[256];
    /* Why it is refused, in libcrypto's words. */
    char reason[256];
} copenssl_stamp;

/* Checks a token against what it must be of, and against the certificates in `authorities` (PEM), at the token's own
 * time. Fills in `stamp` as far as it came. Returns one of the constants above. */
int copenssl_check_token(
    copenssl_bytes token, const copenssl_query *query, copenssl_bytes authorities, copenssl_stamp *stamp);

/* How many certificates a PEM text holds; -1 if it holds anything that is none. */
int copenssl_count_certificates(copenssl_bytes pem);
