/* Digests, keys and comparisons for what must not be guessed (libcrypto, getrandom(2)). */
#ifndef TIDINGS_BASE_SECRET_H
#define TIDINGS_BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>

enum {
	SECRET_HASH_BYTES = 32,
	SECRET_HEX_BYTES = 2 * SECRET_HASH_BYTES + 1,
	SECRET_PASSWORD_BYTES = 29, /* 28 characters of 62: 166 bits */
	SECRET_MD5_BYTES = 33,      /* 32 hexadecimal digits */
};

/* Any thread. 0; ERR_NOMEM, or ERR_IO where the system has no random numbers. */
int secret_random(void *out, size_t len) __attribute__((warn_unused_result));

/* Letters and digits, each as likely as any other. */
int secret_password(char out[SECRET_PASSWORD_BYTES]) __attribute__((warn_unused_result));

/* SHA-256. */
int secret_hash(const void *data, size_t len, unsigned char out[SECRET_HASH_BYTES])
	__attribute__((warn_unused_result));

/* HMAC-SHA256 of a digest under a key of as many bytes, in lower-case hexadecimal digits. */
int secret_sign(const unsigned char key[SECRET_HASH_BYTES],
	const unsigned char hash[SECRET_HASH_BYTES], char out[SECRET_HEX_BYTES])
	__attribute__((warn_unused_result));

/* MD5 in lower-case hexadecimal digits: a client's key is made of it, nothing of ours rests on it.
 * ERR_DENIED where the system's policy forbids it. */
int secret_md5(const char *text, char out[SECRET_MD5_BYTES]) __attribute__((warn_unused_result));

/* Takes as long for any two. */
bool secret_equal(const void *one, const void *other, size_t len);

/* Base64 (RFC 4648, 4) to a C string in `out`, which has `size` bytes. ERR_INVALID for what is
 * none, is longer, or has NUL inside. */
int secret_decode(const char *base64, char *out, size_t size) __attribute__((warn_unused_result));

/* Appends bytes as Base64. */
struct buf;
void secret_encode(const void *data, size_t len, struct buf *out);

#endif
