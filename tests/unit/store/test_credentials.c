/* Credentials: made once, told once, found again, and gone when they are removed; whatever fails
 * meanwhile. */
#include "fixture.h"

#include "store/credentials.h"
#include "support/fault.h"
#include "support/faultvfs.h"

struct step {
	const char *name;
	bool read_only, stories;
	char password[SECRET_PASSWORD_BYTES];
	struct credentials all;
};

static int add(struct store_tx *tx, void *arg, struct err *e)
{
	struct step *s = arg;

	return credentials_add(tx, s->name, s->read_only, s->stories, NOW, s->password, e);
}

static int drop(struct store_tx *tx, void *arg, struct err *e)
{
	return credentials_remove(tx, ((struct step *)arg)->name, e);
}

static int use(struct store_tx *tx, void *arg, struct err *e)
{
	return credentials_use(tx, ((struct step *)arg)->name, NOW + 5, e);
}

static int load(struct store_tx *tx, void *arg, struct err *e)
{
	return credentials_load(tx, &((struct step *)arg)->all, e);
}

static void must_add(struct fixture *f, const char *name, struct step *s)
{
	s->name = name;
	must_write(f, add, s);
}

static void test_life(void **state)
{
	struct step one = {.read_only = true}, other = {.stories = true}, now = {0};
	unsigned char hash[SECRET_HASH_BYTES];
	char text[200], md5[SECRET_MD5_BYTES], token[CREDENTIAL_TOKEN_BYTES];
	struct fixture f;

	(void)state;
	fixture_open(&f);
	must_read(&f, load, &now);
	assert_int_equal(now.all.count, 0);
	must_add(&f, "newsboat", &one);
	must_add(&f, "liferea", &other);
	assert_int_equal(store_look(f.store, load, &now, NULL), 0);
	assert_int_equal(now.all.count, 2);
	const struct credential *c = &now.all.rows[1];
	assert_string_equal(now.all.rows[0].name, "liferea");
	assert_true(!now.all.rows[0].read_only && now.all.rows[0].stories);
	assert_string_equal(c->name, "newsboat");
	assert_true(c->read_only && !c->stories);
	assert_int_equal(c->created_ms, NOW);
	assert_int_equal(c->used_ms, TIME_NONE);
	/* what is kept is what others would compute of it */
	assert_int_equal(secret_hash(one.password, strlen(one.password), hash), 0);
	assert_memory_equal(hash, c->hash, sizeof(hash));
	snprintf(text, sizeof(text), "newsboat:%s", one.password);
	assert_int_equal(secret_md5(text, md5), 0);
	assert_int_equal(secret_hash(md5, strlen(md5), hash), 0);
	assert_memory_equal(hash, c->fever, sizeof(hash));
	assert_int_equal(strncmp(c->token, "newsboat/", 9), 0);
	assert_int_equal(strlen(c->token), 9 + 64);
	assert_string_not_equal(c->token + 9, now.all.rows[0].token + 8);
	/* and not the password */
	snprintf(text, sizeof(text), "SELECT count(*) FROM credential WHERE instr(hash, '%s')",
		one.password);
	assert_int_equal(peek(f.path, text), 0);
	/* a token is the same after another start */
	memcpy(token, c->token, sizeof(token));
	must_write(&f, use, &one);
	stop(&f);
	assert_int_equal(try_open(&f, NULL), 0);
	start(&f);
	must_read(&f, load, &now);
	assert_string_equal(now.all.rows[1].token, token);
	assert_int_equal(now.all.rows[1].used_ms, NOW + 5);
	/* the same name again is another credential */
	must_write(&f, drop, &one);
	assert_int_equal(do_write(&f, drop, &one, NULL), ERR_NOT_FOUND);
	memcpy(text, one.password, sizeof(one.password));
	must_add(&f, "newsboat", &one);
	assert_string_not_equal(text, one.password);
	must_read(&f, load, &now);
	assert_int_equal(now.all.count, 2);
	assert_string_not_equal(now.all.rows[1].token, token);
	fixture_close(&f);
}

static void test_refused(void **state)
{
	static const char *const wrong[] = {"", ".x", "a b", "a/b", "a:b", "\xc3\xa4", "a\n",
		"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"};
	struct step s = {0};
	char name[20];
	struct fixture f;
	struct err e = {0};

	(void)state;
	fixture_open(&f);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		s.name = wrong[i];
		assert_int_equal(do_write(&f, add, &s, &e), ERR_INVALID);
	}
	must_add(&f, wrong[7] + 1, &s); /* as long as it may be */
	assert_int_equal(do_write(&f, add, &s, &e), ERR_EXISTS);
	for (int n = 1; n < CREDENTIALS_MAX; n++) {
		snprintf(name, sizeof(name), "n%d", n);
		must_add(&f, name, &s);
	}
	s.name = "one-more";
	assert_int_equal(do_write(&f, add, &s, &e), ERR_INVALID);
	assert_non_null(strstr(e.text, "64 credentials"));
	must_read(&f, load, &s);
	assert_int_equal(s.all.count, CREDENTIALS_MAX);
	fixture_close(&f);
}

/* Rows that somebody else wrote let nobody in, and keep nobody out. */
static void test_strange_rows(void **state)
{
	struct step s = {0};
	struct fixture f;

	(void)state;
	fixture_open(&f);
	must_add(&f, "good", &s);
	poke(f.path, "INSERT INTO credential VALUES ('a', 2, 0, x'', x'', 0, NULL),"
		     " ('b', 2, 0, zeroblob(31), zeroblob(32), 0, NULL),"
		     " ('c', 2, 0, zeroblob(32), zeroblob(33), 0, NULL),"
		     " (printf('%.*c', 65, 'd'), 2, 0, zeroblob(32), zeroblob(32), 0, NULL)");
	must_read(&f, load, &s);
	assert_int_equal(s.all.count, 1);
	assert_string_equal(s.all.rows[0].name, "good");
	poke(f.path, "UPDATE meta SET value = x'00' WHERE key = 'secret'");
	must_read(&f, load, &s);
	assert_int_equal(s.all.count, 0);
	fixture_close(&f);
}

/* The one or the other is there, or both; never half of it. */
static void expect_sound(struct fixture *f, int status, const struct step *s)
{
	struct step now = {0};

	must_read(f, load, &now);
	assert_int_equal(now.all.count, status ? 0 : 1);
	if (status == 0)
		assert_string_equal(now.all.rows[0].name, s->name);
}

static void test_no_memory(void **state)
{
	struct step s = {.name = "newsboat"}, now = {0};
	long failed = 1;

	(void)state;
	for (long n = 0; failed; n++) {
		struct fixture f;
		struct err e = {0};
		int status;

		fixture_open(&f);
		fault_malloc_after(n);
		status = do_write(&f, add, &s, &e);
		failed = fault_malloc_off();
		assert_true(status == 0 || status == ERR_NOMEM);
		expect_sound(&f, status, &s);
		fault_malloc_after(n);
		if (store_look(f.store, load, &now, &e) != 0)
			assert_int_equal(e.code, ERR_NOMEM);
		else
			assert_int_equal(now.all.count, status ? 0 : 1);
		failed += fault_malloc_off();
		fixture_close(&f);
	}
}

static void test_no_disk(void **state)
{
	struct step s = {.name = "newsboat"};
	long failed = 1;

	(void)state;
	for (long n = 0; failed; n++) {
		struct fixture f;
		int status;

		fixture_open(&f);
		faultvfs_fail_after(n, FAULTVFS_WRITE, SQLITE_IOERR_WRITE, false);
		status = do_write(&f, add, &s, NULL);
		failed = faultvfs_off();
		assert_true(status == 0 || status == ERR_IO);
		expect_sound(&f, status, &s);
		fixture_close(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_strange_rows),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_no_disk),
	};

	faultvfs_use_malloc();
	faultvfs_install();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
