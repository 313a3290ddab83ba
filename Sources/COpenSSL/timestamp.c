#define _GNU_SOURCE
#include "COpenSSL.h"

#include <limits.h>
#include <string.h>
#include <time.h>

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/pkcs7.h>
#include <openssl/ts.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

/* 112 bits: RSA with 2048 bits, and no SHA-1, in the chain. */
static const int auth_level = 2;

static void copy_text(char *out, size_t capacity, const char *text, size_t count) {
    if (count >= capacity) count = capacity - 1;
    memcpy(out, text, count);
    out[count] = 0;
}

// MARK: Requests

static ASN1_OBJECT *policy_object(const char *policy) { return OBJ_txt2obj(policy, 1); }

bool copenssl_is_policy(const char *policy) {
    ASN1_OBJECT *object = policy_object(policy);
    const bool is_policy = object != NULL && OBJ_length(object) > 0;
    ASN1_OBJECT_free(object);
    ERR_clear_error();
    return is_policy;
}

static bool set_imprint(TS_REQ *request, const uint8_t *imprint) {
    TS_MSG_IMPRINT *message = TS_MSG_IMPRINT_new();
    X509_ALGOR *algorithm = X509_ALGOR_new();
    const bool is_set = message && algorithm
        && X509_ALGOR_set0(algorithm, OBJ_nid2obj(NID_sha256), V_ASN1_NULL, NULL)
        && TS_MSG_IMPRINT_set_algo(message, algorithm)
        && TS_MSG_IMPRINT_set_msg(message, (unsigned char *)imprint, COPENSSL_IMPRINT_BYTES)
        && TS_REQ_set_msg_imprint(request, message);
    X509_ALGOR_free(algorithm);
    TS_MSG_IMPRINT_free(message);
    return is_set;
}

static bool set_nonce(TS_REQ *request, const copenssl_query *query) {
    if (!query->has_nonce) return true;
    ASN1_INTEGER *nonce = ASN1_INTEGER_new();
    const bool is_set = nonce && ASN1_INTEGER_set_uint64(nonce, query->nonce) && TS_REQ_set_nonce(request, nonce);
    ASN1_INTEGER_free(nonce);
    return is_set;
}

static bool set_policy(TS_REQ *request, const char *policy) {
    if (policy == NULL) return true;
    ASN1_OBJECT *object = policy_object(policy);
    const bool is_set = object && TS_REQ_set_policy_id(request, object);
    ASN1_OBJECT_free(object);
    return is_set;
}

/* What is asked for; what an answer is compared with is made of the same. */
static TS_REQ *make_request(const copenssl_query *query) {
    TS_REQ *request = TS_REQ_new();
    if (request && TS_REQ_set_version(request, 1) && set_imprint(request, query->imprint)
        && set_nonce(request, query) && set_policy(request, query->policy) && TS_REQ_set_cert_req(request, 1)) {
        return request;
    }
    TS_REQ_free(request);
    return NULL;
}

size_t copenssl_request(const copenssl_query *query, uint8_t *out, size_t capacity) {
    TS_REQ *request = make_request(query);
    const int count = request ? i2d_TS_REQ(request, NULL) : -1;
    size_t written = 0;
    if (count > 0 && (size_t)count <= capacity) {
        unsigned char *end = out;
        written = (size_t)i2d_TS_REQ(request, &end);
    }
    TS_REQ_free(request);
    ERR_clear_error();
    return written;
}

// MARK: Answers

/* All bits of PKIFailureInfo have numbers below 32. */
static uint32_t failure_bits(const ASN1_BIT_STRING *failures) {
    uint32_t bits = 0;
    for (int bit = 0; failures != NULL && bit < 32; bit++) {
        if (ASN1_BIT_STRING_get_bit(failures, bit)) bits |= UINT32_C(1) << bit;
    }
    return bits;
}

static void read_status(TS_RESP *response, copenssl_answer *answer) {
    TS_STATUS_INFO *info = TS_RESP_get_status_info(response);
    answer->status = -1;
    (void)ASN1_INTEGER_get_int64(&answer->status, TS_STATUS_INFO_get0_status(info));
    answer->failures = failure_bits(TS_STATUS_INFO_get0_failure_info(info));
    const STACK_OF(ASN1_UTF8STRING) *texts = TS_STATUS_INFO_get0_text(info);
    if (texts == NULL || sk_ASN1_UTF8STRING_num(texts) < 1) return;
    const ASN1_UTF8STRING *text = sk_ASN1_UTF8STRING_value(texts, 0);
    copy_text(
        answer->text, sizeof answer->text, (const char *)ASN1_STRING_get0_data(text), (size_t)ASN1_STRING_length(text));
}

static bool write_token(PKCS7 *token, copenssl_answer *answer, uint8_t *out, size_t capacity) {
    if (token == NULL) return true;
    const int count = i2d_PKCS7(token, NULL);
    if (count <= 0 || (size_t)count > capacity) return false;
    unsigned char *end = out;
    answer->token_count = (size_t)i2d_PKCS7(token, &end);
    return true;
}

bool copenssl_read_answer(copenssl_bytes response, copenssl_answer *answer, uint8_t *token, size_t capacity) {
    memset(answer, 0, sizeof *answer);
    if (response.count > LONG_MAX) return false;
    const unsigned char *end = response.bytes;
    TS_RESP *read = d2i_TS_RESP(NULL, &end, (long)response.count);
    const bool is_whole = read != NULL && end == response.bytes + response.count;
    bool is_read = false;
    if (is_whole) {
        read_status(read, answer);
        is_read = write_token(TS_RESP_get_token(read), answer, token, capacity);
    }
    TS_RESP_free(read);
    ERR_clear_error();
    return is_read;
}

// MARK: Certificates

static const int certificates_max = 64;

/* Adds the certificates of a PEM text to a store, where there is one. Returns how many; -1 if it is no such text. */
static int read_certificates(copenssl_bytes pem, X509_STORE *store) {
    if (pem.count > INT_MAX) return -1;
    BIO *text = BIO_new_mem_buf(pem.bytes, (int)pem.count);
    int count = 0;
    while (text != NULL) {
        X509 *certificate = PEM_read_bio_X509(text, NULL, NULL, NULL);
        if (certificate == NULL) {
            const bool is_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
            if (!is_end) count = -1;
            break;
        }
        const bool is_added = store == NULL || X509_STORE_add_cert(store, certificate);
        X509_free(certificate);
        if (!is_added || count == certificates_max) {
            count = -1;
            break;
        }
        count += 1;
    }
    BIO_free(text);
    ERR_clear_error();
    return count;
}

int copenssl_count_certificates(copenssl_bytes pem) { return read_certificates(pem, NULL); }

/* Why the chain of this thread's last check does not hold; libcrypto's own answer is a sentence. */
static _Thread_local int chain_error;

static int note_chain_error(int is_fine, X509_STORE_CTX *context) {
    if (!is_fine) chain_error = X509_STORE_CTX_get_error(context);
    return is_fine;
}

/* Certificates that are believed, also those that others have signed: a list of trusted authorities names such. */
static X509_STORE *make_store(copenssl_bytes authorities, time_t at) {
    X509_STORE *store = X509_STORE_new();
    if (store == NULL || read_certificates(authorities, store) < 1) {
        X509_STORE_free(store);
        return NULL;
    }
    X509_VERIFY_PARAM *terms = X509_STORE_get0_param(store);
    X509_VERIFY_PARAM_set_time(terms, at);
    X509_VERIFY_PARAM_set_auth_level(terms, auth_level);
    X509_VERIFY_PARAM_set_flags(terms, X509_V_FLAG_PARTIAL_CHAIN);
    X509_STORE_set_verify_cb(store, note_chain_error);
    return store;
}

// MARK: Tokens

static const int64_t second = 1000000;

/* The digits after the point, as microseconds. */
static int64_t fraction(const ASN1_GENERALIZEDTIME *time) {
    const unsigned char *text = ASN1_STRING_get0_data(time);
    const int count = ASN1_STRING_length(time);
    int place = 0;
    while (place < count && text[place] != '.') place += 1;
    int64_t value = 0;
    int64_t unit = second;
    for (place += 1; place < count && text[place] >= '0' && text[place] <= '9' && unit > 1; place++) {
        unit /= 10;
        value += (text[place] - '0') * unit;
    }
    return value;
}

static bool read_time(const ASN1_GENERALIZEDTIME *time, copenssl_stamp *stamp, time_t *seconds) {
    struct tm parts;
    memset(&parts, 0, sizeof parts);
    if (time == NULL || !ASN1_TIME_to_tm(time, &parts)) return false;
    *seconds = timegm(&parts);
    stamp->time = (int64_t)*seconds * second + fraction(time);
    return true;
}

static int64_t number(const ASN1_INTEGER *integer) {
    int64_t value = 0;
    if (integer == NULL || !ASN1_INTEGER_get_int64(&value, integer)) return 0;
    return value;
}

/* More than a day is told as a day: no authority is so far off, and sums stay small. */
static const int64_t accuracy_seconds_max = 86400;

static int64_t read_accuracy(TS_ACCURACY *accuracy) {
    if (accuracy == NULL) return 0;
    int64_t seconds = number(TS_ACCURACY_get_seconds(accuracy));
    int64_t millis = number(TS_ACCURACY_get_millis(accuracy));
    int64_t micros = number(TS_ACCURACY_get_micros(accuracy));
    if (seconds < 0 || seconds > accuracy_seconds_max) seconds = accuracy_seconds_max;
    if (millis < 0 || millis > 999) millis = 999;
    if (micros < 0 || micros > 999) micros = 999;
    return seconds * second + millis * 1000 + micros;
}

/* Whether what the one signer signed is hashed with SHA-2. */
static bool is_strong(PKCS7 *token) {
    STACK_OF(PKCS7_SIGNER_INFO) *signers = PKCS7_get_signer_info(token);
    if (signers == NULL || sk_PKCS7_SIGNER_INFO_num(signers) != 1) return false;
    X509_ALGOR *digest = NULL;
    PKCS7_SIGNER_INFO_get0_algs(sk_PKCS7_SIGNER_INFO_value(signers, 0), NULL, &digest, NULL);
    const ASN1_OBJECT *algorithm = NULL;
    if (digest != NULL) X509_ALGOR_get0(&algorithm, NULL, NULL, digest);
    switch (algorithm == NULL ? NID_undef : OBJ_obj2nid(algorithm)) {
    case NID_sha256:
    case NID_sha384:
    case NID_sha512: return true;
    default: return false;
    }
}

static void read_authority(PKCS7 *token, copenssl_stamp *stamp) {
    STACK_OF(X509) *signers = PKCS7_get0_signers(token, NULL, 0);
    BIO *text = BIO_new(BIO_s_mem());
    const unsigned long shape = (XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) | ASN1_STRFLGS_ESC_CTRL;
    if (signers != NULL && text != NULL && sk_X509_num(signers) > 0
        && X509_NAME_print_ex(text, X509_get_subject_name(sk_X509_value(signers, 0)), 0, shape) >= 0) {
        char *bytes = NULL;
        const long count = BIO_get_mem_data(text, &bytes);
        if (bytes != NULL && count > 0) copy_text(stamp->authority, sizeof stamp->authority, bytes, (size_t)count);
    }
    BIO_free(text);
    sk_X509_free(signers);
}

static int chain_result(void) {
    switch (chain_error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID: return COPENSSL_OUT_OF_DATE;
    case X509_V_ERR_INVALID_PURPOSE: return COPENSSL_OTHER_PURPOSE;
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
    case X509_V_ERR_CA_MD_TOO_WEAK: return COPENSSL_WEAK;
    default: return COPENSSL_UNTRUSTED;
    }
}

static int result_of(int reason) {
    switch (reason) {
    case TS_R_MESSAGE_IMPRINT_MISMATCH: return COPENSSL_OTHER_IMPRINT;
    case TS_R_NONCE_MISMATCH:
    case TS_R_NONCE_NOT_RETURNED: return COPENSSL_OTHER_NONCE;
    case TS_R_POLICY_MISMATCH: return COPENSSL_OTHER_POLICY;
    case TS_R_CERTIFICATE_VERIFY_ERROR: return chain_result();
    case TS_R_SIGNATURE_FAILURE:
    case TS_R_ESS_SIGNING_CERTIFICATE_ERROR:
    case TS_R_ESS_ADD_SIGNING_CERT_ERROR:
    case TS_R_THERE_MUST_BE_ONE_SIGNER: return COPENSSL_WRONG_SIGNATURE;
    default: return COPENSSL_REFUSED;
    }
}

/* What the checks of libcrypto left in this thread's queue: the reason, and a result for it. */
static int take_reason(copenssl_stamp *stamp) {
    int result = COPENSSL_REFUSED;
    unsigned long error;
    while ((error = ERR_get_error()) != 0) {
        const char *sentence = ERR_reason_error_string(error);
        if (ERR_GET_LIB(error) != ERR_LIB_TS) {
            if (sentence != NULL && stamp->reason[0] == 0) {
                copy_text(stamp->reason, sizeof stamp->reason, sentence, strlen(sentence));
            }
            continue;
        }
        result = result_of(ERR_GET_REASON(error));
        if (ERR_GET_REASON(error) == TS_R_CERTIFICATE_VERIFY_ERROR) {
            sentence = X509_verify_cert_error_string(chain_error);
        }
        if (sentence != NULL) copy_text(stamp->reason, sizeof stamp->reason, sentence, strlen(sentence));
    }
    return result;
}

static int verify(PKCS7 *token, const copenssl_query *query, X509_STORE *store, copenssl_stamp *stamp) {
    TS_REQ *request = make_request(query);
    TS_VERIFY_CTX *terms = request ? TS_REQ_to_TS_VERIFY_CTX(request, NULL) : NULL;
    TS_REQ_free(request);
    if (terms == NULL) {
        X509_STORE_free(store);
        return COPENSSL_REFUSED;
    }
    TS_VERIFY_CTX_add_flags(terms, TS_VFY_SIGNATURE);
    TS_VERIFY_CTX_set_store(terms, store);
    chain_error = X509_V_OK;
    ERR_clear_error();
    const int result = TS_RESP_verify_token(terms, token) == 1 ? COPENSSL_FINE : take_reason(stamp);
    TS_VERIFY_CTX_free(terms);
    return result;
}

static int check(
    PKCS7 *token, TS_TST_INFO *info, const copenssl_query *query, copenssl_bytes authorities, copenssl_stamp *stamp) {
    time_t seconds = 0;
    if (!read_time(TS_TST_INFO_get_time(info), stamp, &seconds)) return COPENSSL_MALFORMED;
    stamp->accuracy = read_accuracy(TS_TST_INFO_get_accuracy(info));
    OBJ_obj2txt(stamp->policy, sizeof stamp->policy, TS_TST_INFO_get_policy_id(info), 1);
    X509_STORE *store = make_store(authorities, seconds);
    if (store == NULL) return COPENSSL_NO_AUTHORITY;
    const int result = verify(token, query, store, stamp);
    if (result != COPENSSL_FINE) return result;
    if (!is_strong(token)) return COPENSSL_WEAK;
    read_authority(token, stamp);
    return COPENSSL_FINE;
}

int copenssl_check_token(
    copenssl_bytes token, const copenssl_query *query, copenssl_bytes authorities, copenssl_stamp *stamp) {
    memset(stamp, 0, sizeof *stamp);
    if (token.count > LONG_MAX) return COPENSSL_MALFORMED;
    const unsigned char *end = token.bytes;
    PKCS7 *read = d2i_PKCS7(NULL, &end, (long)token.count);
    const bool is_whole = read != NULL && end == token.bytes + token.count;
    TS_TST_INFO *info = is_whole ? PKCS7_to_TS_TST_INFO(read) : NULL;
    const int result = info ? check(read, info, query, authorities, stamp) : COPENSSL_MALFORMED;
    TS_TST_INFO_free(info);
    PKCS7_free(read);
    ERR_clear_error();
    return result;
}
