/* Who a request comes from. */
#include "api/access.h"

#include <string.h>
#include <strings.h>

#include "base/hash.h"

/* What was shown, understood. */
struct claim {
	char name[CREDENTIAL_NAME_BYTES];
	bool named;        /* else any credential with that password is meant */
	const char *token; /* NULL: `hash` is that of a password */
	unsigned char hash[SECRET_HASH_BYTES];
};

/* A name that is too long is nobody's, and neither is one that has been cut. */
static bool take_name(struct claim *claim, const char *name, size_t len)
{
	claim->named = true;
	if (len >= sizeof(claim->name))
		return false;
	memcpy(claim->name, name, len);
	return true;
}

static bool take_password(struct claim *claim, const char *password)
{
	return secret_hash(password, strlen(password), claim->hash) == 0;
}

static bool take_token(struct claim *claim, const char *token)
{
	claim->token = token;
	return take_name(claim, token, strcspn(token, "/"));
}

static bool take_basic(struct claim *claim, const char *base64)
{
	char both[ACCESS_FIELD_MAX];

	claim->named = true;
	if (secret_decode(base64, both, sizeof(both)) < 0)
		return false;
	char *colon = strchr(both, ':');
	return colon && take_name(claim, both, (size_t)(colon - both)) &&
	       take_password(claim, colon + 1);
}

/* What follows the scheme, NULL when it is another (RFC 9110, 11.1: capitals do not matter). */
static const char *after_scheme(const char *field, const char *scheme)
{
	size_t len = strlen(scheme);

	if (strncasecmp(field, scheme, len) != 0)
		return NULL;
	return field + len + strspn(field + len, " ");
}

static bool take_authorization(struct claim *claim, const char *field)
{
	const char *basic = after_scheme(field, "Basic ");
	const char *login = after_scheme(field, "GoogleLogin auth=");

	if (basic)
		return take_basic(claim, basic);
	return login && take_token(claim, login);
}

static bool is_meant(const struct claim *claim, const struct credential *c)
{
	size_t len = strlen(c->token);

	if (claim->named && strcmp(claim->name, c->name) != 0)
		return false;
	if (claim->token)
		return strlen(claim->token) == len && secret_equal(claim->token, c->token, len);
	return secret_equal(claim->hash, c->hash, sizeof(c->hash));
}

/* Looks at all of them whatever is found, so that time tells nothing. */
static const struct credential *find(const struct access *access, const struct claim *claim)
{
	const struct credential *found = NULL;

	for (int i = 0; i < access->known.count; i++) {
		if (is_meant(claim, &access->known.rows[i]))
			found = &access->known.rows[i];
	}
	return found;
}

/* -- waiting -- */

/* By the name that was tried; who makes names up has them all counted together. */
static int64_t who_of(
	const struct access *access, const struct peer *peer, const struct claim *claim)
{
	const char *name = "";

	for (int i = 0; claim->named && i < access->known.count; i++) {
		if (strcmp(access->known.rows[i].name, claim->name) == 0)
			name = claim->name;
	}
	return hash_part(hash64(peer->address, sizeof(peer->address)), name);
}

/* Its place, or that of whoever failed longest ago. */
static struct access_slow *slow_of(struct access *access, int64_t who, int64_t now_ms)
{
	struct access_slow *oldest = &access->slow[0];

	for (int i = 0; i < ACCESS_SLOW_MAX; i++) {
		struct access_slow *s = &access->slow[i];
		if (s->last_ms && now_ms - s->last_ms > ACCESS_FORGET_MS)
			*s = (struct access_slow){0};
		if (s->last_ms && s->who == who)
			return s;
		if (s->last_ms < oldest->last_ms)
			oldest = s;
	}
	return oldest;
}

static enum access_verdict note_failure(struct access_slow *slow, int64_t who, int64_t now_ms)
{
	int64_t wait_ms = 0;

	if (slow->who != who || !slow->last_ms)
		*slow = (struct access_slow){.who = who};
	slow->failures++;
	slow->last_ms = now_ms;
	if (slow->failures >= ACCESS_FREE_FAILURES) {
		int doubled = slow->failures - ACCESS_FREE_FAILURES;
		wait_ms = doubled < 16 ? ACCESS_WAIT_MS << doubled : ACCESS_WAIT_MAX_MS;
	}
	slow->until_ms = now_ms + (wait_ms < ACCESS_WAIT_MAX_MS ? wait_ms : ACCESS_WAIT_MAX_MS);
	return wait_ms ? ACCESS_TOO_SOON : ACCESS_WRONG;
}

/* `good`: it could be understood. The right means are let in at any time: otherwise whoever fails
 * on purpose would keep others out, and no password that was made here can be guessed. */
static enum access_verdict judge(struct access *access, const struct peer *peer,
	const struct claim *claim, bool good, int64_t now_ms, struct access_answer *ret_answer)
{
	int64_t who = who_of(access, peer, claim);
	struct access_slow *slow = slow_of(access, who, now_ms);
	bool known = slow->last_ms && slow->who == who;
	const struct credential *found = find(access, claim);
	enum access_verdict verdict = ACCESS_TOO_SOON;

	*ret_answer = (struct access_answer){0};
	if (good && found) {
		if (known)
			*slow = (struct access_slow){0};
		ret_answer->who = found;
		return ACCESS_GRANTED;
	}
	if (!known || slow->until_ms <= now_ms) {
		ret_answer->failed = true;
		verdict = note_failure(slow, who, now_ms);
	}
	ret_answer->wait_ms = verdict == ACCESS_TOO_SOON ? slow->until_ms - now_ms : 0;
	return verdict;
}

enum access_verdict access_check(struct access *access, const struct peer *peer,
	const struct access_means *means, int64_t now_ms, struct access_answer *ret_answer)
{
	struct claim claim = {0};
	bool good;

	*ret_answer = (struct access_answer){0};
	if (means->key)
		good = take_password(&claim, means->key);
	else if (means->authorization)
		good = take_authorization(&claim, means->authorization);
	else if (means->token)
		good = take_token(&claim, means->token);
	else
		return ACCESS_SILENT;
	return judge(access, peer, &claim, good, now_ms, ret_answer);
}

enum access_verdict access_login(struct access *access, const struct peer *peer, const char *name,
	const char *password, int64_t now_ms, struct access_answer *ret_answer)
{
	struct claim claim = {0};
	bool good = take_name(&claim, name, strlen(name)) && take_password(&claim, password);

	return judge(access, peer, &claim, good, now_ms, ret_answer);
}

int64_t access_id(const struct credential *who)
{
	return hash64(who->hash, sizeof(who->hash)) | 1;
}

const struct credential *access_find(const struct access *access, int64_t id)
{
	for (int i = 0; i < access->known.count; i++) {
		if (access_id(&access->known.rows[i]) == id)
			return &access->known.rows[i];
	}
	return NULL;
}
