/* Secrets: what others compute is computed here, too, and passwords are as they should be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/secret.h"

static void put_hex(const unsigned char *bytes, char out[SECRET_HEX_BYTES])
{
	for (size_t i = 0; i < SECRET_HASH_BYTES; i++) {
		out[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
		out[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
	}
	out[SECRET_HEX_BYTES - 1] = '\0';
}

/* FIPS 180-4 and RFC 1321 have the vectors of "abc". */
static void test_digests(void **state)
{
	unsigned char hash[SECRET_HASH_BYTES], key[SECRET_HASH_BYTES];
	char hex[SECRET_HEX_BYTES], md5[SECRET_MD5_BYTES];

	(void)state;
	assert_int_equal(secret_hash("abc", 3, hash), 0);
	put_hex(hash, hex);
	assert_string_equal(
		hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_int_equal(secret_hash("", 0, hash), 0);
	put_hex(hash, hex);
	assert_string_equal(
		hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert_int_equal(secret_md5("abc", md5), 0);
	assert_string_equal(md5, "900150983cd24fb0d6963f7d28e17f72");
	/* python3: hmac.new(b"k" * 32, b"h" * 32, "sha256").hexdigest() */
	memset(key, 'k', sizeof(key));
	memset(hash, 'h', sizeof(hash));
	assert_int_equal(secret_sign(key, hash, hex), 0);
	assert_string_equal(
		hex, "b8ab3891a29a0ba7363deb136e8df57f2e93ce427dd9914bcf9f4d750fa22333");
}

static void test_passwords(void **state)
{
	char one[SECRET_PASSWORD_BYTES], other[SECRET_PASSWORD_BYTES];
	bool seen[256] = {false};
	int letters = 0;

	(void)state;
	for (int n = 0; n < 200; n++) {
		assert_int_equal(secret_password(one), 0);
		assert_int_equal(secret_password(other), 0);
		assert_int_equal(strlen(one), SECRET_PASSWORD_BYTES - 1);
		assert_string_not_equal(one, other);
		for (const char *c = one; *c; c++) {
			assert_non_null(strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxy"
					       "z0123456789",
				*c));
			letters += !seen[(unsigned char)*c];
			seen[(unsigned char)*c] = true;
		}
	}
	assert_int_equal(letters, 62); /* of 5,600: that one is missing does not happen */
}

static void test_equal(void **state)
{
	(void)state;
	assert_true(secret_equal("abc", "abd", 2));
	assert_false(secret_equal("abc", "abd", 3));
	assert_true(secret_equal("", "x", 0));
}

static void test_base64(void **state)
{
	static const struct {
		const char *from, *to; /* NULL: refused */
	} cases[] = {
		{"am9lOnNlY3JldA==", "joe:secret"},
		{"YTpi", "a:b"},
		{"YTo=", "a:"},
		{"YWJjZGVmZ2hpamtsbW4=", "abcdefghijklmn"},
		{"YWJjZGVmZ2hpamtsbW5v", "abcdefghijklmno"},
		{"YWJjZGVmZ2hpamtsbW5vcA==", NULL}, /* 16 do not fit into 16 */
		{"", NULL},
		{"====", NULL},
		{"YTp", NULL},
		{"YTo", NULL},
		{" YTpi", NULL},
		{"YTpi    ", NULL},
		{"YTp*", NULL},
		{"YT=i", NULL},
		{"AAAA", NULL}, /* NUL */
		{"YQBi", NULL},
	};
	char out[17];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int code = secret_decode(cases[i].from, out, sizeof(out));

		if (code != (cases[i].to ? 0 : ERR_INVALID))
			fail_msg("%s: %s", cases[i].from, err_name(code));
		if (cases[i].to)
			assert_string_equal(out, cases[i].to);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_digests),
		cmocka_unit_test(test_passwords),
		cmocka_unit_test(test_equal),
		cmocka_unit_test(test_base64),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
