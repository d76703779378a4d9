/* Secrets by means of OpenSSL's libcrypto. */
#include "base/secret.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>
#include <sys/random.h>

#include "base/buf.h"
#include "base/err.h"

int secret_random(void *out, size_t len)
{
	/* Up to 256 bytes come whole or not at all (getrandom(2)). */
	return getrandom(out, len, 0) == (ssize_t)len ? 0 : ERR_IO;
}

int secret_password(char out[SECRET_PASSWORD_BYTES])
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	enum { LETTERS = sizeof(letters) - 1, FAIR = 256 - 256 % LETTERS };
	size_t len = 0;

	while (len < SECRET_PASSWORD_BYTES - 1) {
		unsigned char byte;
		int code = secret_random(&byte, 1);
		if (code < 0)
			return code;
		if (byte < FAIR) /* else the first letters would come oftener */
			out[len++] = letters[byte % LETTERS];
	}
	out[len] = '\0';
	return 0;
}

static void put_hex(const unsigned char *bytes, size_t len, char *out)
{
	for (size_t i = 0; i < len; i++) {
		out[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
		out[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
	}
	out[2 * len] = '\0';
}

int secret_hash(const void *data, size_t len, unsigned char out[SECRET_HASH_BYTES])
{
	return EVP_Digest(data, len, out, NULL, EVP_sha256(), NULL) ? 0 : ERR_NOMEM;
}

int secret_sign(const unsigned char key[SECRET_HASH_BYTES],
	const unsigned char hash[SECRET_HASH_BYTES], char out[SECRET_HEX_BYTES])
{
	unsigned char bytes[EVP_MAX_MD_SIZE];

	if (!HMAC(EVP_sha256(), key, SECRET_HASH_BYTES, hash, SECRET_HASH_BYTES, bytes, NULL))
		return ERR_NOMEM;
	put_hex(bytes, SECRET_HASH_BYTES, out);
	return 0;
}

int secret_md5(const char *text, char out[SECRET_MD5_BYTES])
{
	unsigned char bytes[EVP_MAX_MD_SIZE];

	if (!EVP_Digest(text, strlen(text), bytes, NULL, EVP_md5(), NULL))
		return ERR_DENIED;
	put_hex(bytes, (SECRET_MD5_BYTES - 1) / 2, out);
	return 0;
}

bool secret_equal(const void *one, const void *other, size_t len)
{
	return CRYPTO_memcmp(one, other, len) == 0;
}

int secret_decode(const char *base64, char *out, size_t size)
{
	size_t len = strlen(base64);
	size_t pad = len > 0 && base64[len - 1] == '=';

	/* EVP_DecodeBlock() passes over spaces at the ends and writes zeros for what is padding. */
	if (len == 0 || len % 4 != 0 || len / 4 * 3 >= size)
		return ERR_INVALID;
	pad += pad && base64[len - 2] == '=';
	if (strcspn(base64, "= \t\r\n") != len - pad)
		return ERR_INVALID;
	int n = EVP_DecodeBlock((unsigned char *)out, (const unsigned char *)base64, (int)len);
	if (n < 0)
		return ERR_INVALID;
	out[(size_t)n - pad] = '\0';
	return strlen(out) == (size_t)n - pad ? 0 : ERR_INVALID;
}

void secret_encode(const void *data, size_t len, struct buf *out)
{
	if (buf_reserve(out, (len + 2) / 3 * 4) == 0)
		out->len += (size_t)EVP_EncodeBlock(
			(unsigned char *)out->data + out->len, data, (int)len);
}
