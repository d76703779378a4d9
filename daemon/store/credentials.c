/* Credentials of clients. */
#include "store/credentials.h"

#include <stdio.h>
#include <string.h>

#include "store/query.h"

/* As the column has them. */
enum { RIGHT_READ = 1, RIGHT_WRITE = 2 };

bool credentials_is_name(const char *name)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
	size_t len = strlen(name);

	return len > 0 && len <= CREDENTIAL_NAME_MAX && strspn(name, letters) == len &&
	       name[0] != '.';
}

/* Made with the first credential and never again: tokens are signed with it. */
static int make_key(struct store_tx *tx, struct err *e)
{
	unsigned char bytes[SECRET_HASH_BYTES];
	struct buf key;
	int status = secret_random(bytes, sizeof(bytes));

	if (status)
		return err_set(e, status, "no random numbers are to be had");
	buf_init(&key, sizeof(bytes));
	buf_append(&key, bytes, sizeof(bytes));
	status = buf_status(&key);
	if (status == 0)
		status = query_exec(tx, e,
			"INSERT OR IGNORE INTO meta (key, value) VALUES ('secret', ?)",
			as_bytes(&key));
	else
		err_set(e, status, NULL);
	buf_finish(&key);
	return status;
}

static int check(struct store_tx *tx, const char *name, struct err *e)
{
	int64_t count = 0, same = 0;
	int status;

	if (!credentials_is_name(name))
		return err_set(e, ERR_INVALID,
			"a name has 1 to %d letters, digits, - and _ (and dots, but not first)",
			CREDENTIAL_NAME_MAX);
	status = query_find(
		tx, &same, e, "SELECT count(*) FROM credential WHERE name = ?", as_text(name));
	if (status == 0 && same)
		status = err_set(e, ERR_EXISTS, "there is a credential %s already", name);
	if (status == 0)
		status = query_find_values(
			tx, &count, e, "SELECT count(*) FROM credential", NO_VALUES);
	if (status == 0 && count >= CREDENTIALS_MAX)
		status = err_set(
			e, ERR_INVALID, "there are %d credentials already", CREDENTIALS_MAX);
	return status;
}

/* SHA-256 of what the client's key is: the hexadecimal MD5 of "name:password". */
static int hash_fever(const char *name, const char *password, unsigned char out[SECRET_HASH_BYTES])
{
	char both[CREDENTIAL_NAME_BYTES + SECRET_PASSWORD_BYTES], key[SECRET_MD5_BYTES];
	int status;

	snprintf(both, sizeof(both), "%s:%s", name, password);
	status = secret_md5(both, key);
	/* Where the system forbids MD5, nobody can have the key, and the others still work. */
	if (status == ERR_DENIED)
		return secret_random(out, SECRET_HASH_BYTES);
	return status ? status : secret_hash(key, sizeof(key) - 1, out);
}

static int insert(struct store_tx *tx, const struct credential *c, struct err *e)
{
	struct buf hash, fever;
	int status;

	buf_init(&hash, sizeof(c->hash));
	buf_init(&fever, sizeof(c->fever));
	buf_append(&hash, c->hash, sizeof(c->hash));
	buf_append(&fever, c->fever, sizeof(c->fever));
	status = buf_status(&hash) ? buf_status(&hash) : buf_status(&fever);
	if (status)
		err_set(e, status, NULL);
	else
		status = query_exec(tx, e,
			"INSERT INTO credential (name, \"right\", stories, hash, fever, created_ms)"
			" VALUES (?, ?, ?, ?, ?, ?)",
			as_text(c->name), as_int(c->read_only ? RIGHT_READ : RIGHT_WRITE),
			as_int(c->stories), as_bytes(&hash), as_bytes(&fever),
			as_int(c->created_ms));
	buf_finish(&hash);
	buf_finish(&fever);
	return status;
}

int credentials_add(struct store_tx *tx, const char *name, bool read_only, bool stories,
	int64_t now_ms, char ret_password[SECRET_PASSWORD_BYTES], struct err *e)
{
	struct credential c = {.read_only = read_only, .stories = stories, .created_ms = now_ms};
	int status = check(tx, name, e);

	if (status)
		return status;
	snprintf(c.name, sizeof(c.name), "%s", name);
	status = secret_password(ret_password);
	if (status == 0)
		status = secret_hash(ret_password, SECRET_PASSWORD_BYTES - 1, c.hash);
	if (status == 0)
		status = hash_fever(name, ret_password, c.fever);
	if (status)
		return err_set(e, status, "a password could not be made");
	status = make_key(tx, e);
	return status ? status : insert(tx, &c, e);
}

int credentials_remove(struct store_tx *tx, const char *name, struct err *e)
{
	int status = query_exec(tx, e, "DELETE FROM credential WHERE name = ?", as_text(name));

	if (status == 0 && !query_changes(tx))
		status = err_set(
			e, ERR_NOT_FOUND, "there is no credential %.*s", CREDENTIAL_NAME_MAX, name);
	return status;
}

int credentials_use(struct store_tx *tx, const char *name, int64_t now_ms, struct err *e)
{
	return query_exec(tx, e, "UPDATE credential SET used_ms = ? WHERE name = ?", as_int(now_ms),
		as_text(name));
}

static int read_row(struct query *q, const struct buf *key, struct credential *c)
{
	const char *name = NULL;
	char hex[SECRET_HEX_BYTES];
	int right = 0, status;
	struct buf digests;

	buf_init(&digests, sizeof(c->hash) + sizeof(c->fever));
	query_read(q, into(&name), into(&right), into(&c->stories), into(&digests), into(&digests),
		into(&c->created_ms), into_time(&c->used_ms));
	status = name ? buf_status(&digests) : ERR_NOMEM;
	if (status == 0) {
		memcpy(c->hash, digests.data, sizeof(c->hash));
		memcpy(c->fever, digests.data + sizeof(c->hash), sizeof(c->fever));
		status = secret_sign((const unsigned char *)(const void *)key->data, c->hash, hex);
	}
	if (status == 0) {
		c->read_only = right != RIGHT_WRITE;
		snprintf(c->name, sizeof(c->name), "%s", name);
		snprintf(c->token, sizeof(c->token), "%.*s/%s", CREDENTIAL_NAME_MAX, name, hex);
	}
	buf_finish(&digests);
	return status;
}

/* Of what another program wrote there only what has its right size. */
static int read_rows(
	struct store_tx *tx, const struct buf *key, struct credentials *all, struct err *e)
{
	struct query q;
	int status = 0, ended;

	query_begin(&q, tx,
		"SELECT name, \"right\", stories, hash, fever, created_ms, used_ms FROM credential"
		" WHERE length(name) <= ? AND length(hash) = 32 AND length(fever) = 32"
		" ORDER BY name LIMIT ?");
	query_bind(&q, as_int(CREDENTIAL_NAME_MAX), as_int(CREDENTIALS_MAX));
	while (status == 0 && query_row(&q))
		status = read_row(&q, key, &all->rows[all->count++]);
	ended = query_end(&q, e);
	if (ended)
		return ended;
	return status ? err_set(e, status, NULL) : 0;
}

int credentials_load(struct store_tx *tx, struct credentials *ret_all, struct err *e)
{
	struct buf key;
	int status;

	memset(ret_all, 0, sizeof(*ret_all));
	buf_init(&key, STORE_ROW_BYTES);
	status = query_one(tx, NULL, e,
		"SELECT value FROM meta WHERE key = 'secret' AND length(value) = 32", NO_VALUES,
		COLUMNS(into(&key)));
	if (status > 0)
		status = read_rows(tx, &key, ret_all, e);
	buf_finish(&key);
	return status < 0 ? status : 0;
}
