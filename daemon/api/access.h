/* The credentials of clients in memory: says who a request comes from, and makes who guesses wait.
 */
#ifndef TIDINGS_API_ACCESS_H
#define TIDINGS_API_ACCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "api/peer.h"
#include "limits.h"
#include "store/credentials.h"

/* Loop thread. Zeroed: nobody is known. */
struct access {
	struct credentials known;

	/* Who failed lately: an address together with a name that there is, or with all others. */
	struct access_slow {
		int64_t who;
		int failures;
		int64_t last_ms, until_ms; /* loop time; last_ms 0: free */
	} slow[ACCESS_SLOW_MAX];
};

/* What a request shows; NULL: nothing of the kind. The first that is there counts. */
struct access_means {
	const char *key;           /* of the field X-Auth-Token: a password */
	const char *authorization; /* the field: "Basic ..." or "GoogleLogin auth=TOKEN" */
	const char *token;         /* a bare "name/hex", as of a form's field T */
};

enum access_verdict {
	ACCESS_SILENT,   /* nothing was shown */
	ACCESS_GRANTED,  /* ... to *ret_who */
	ACCESS_WRONG,    /* no such credential */
	ACCESS_TOO_SOON, /* ... again: wait */
};

struct access_answer {
	const struct credential *who; /* lent until the credentials change */
	int64_t wait_ms;              /* of ACCESS_TOO_SOON */
	bool failed;                  /* it was looked at, and wrong */
};

/* `now_ms` is loop time. Two failures are free, each further one costs its address, and the name it
 * tried, twice as long; the right means are let in at any time, and make it forgotten. */
enum access_verdict access_check(struct access *access, const struct peer *peer,
	const struct access_means *means, int64_t now_ms, struct access_answer *ret_answer);

/* The same for a login; then ret_answer->who->token is what the client shows from then on. */
enum access_verdict access_login(struct access *access, const struct peer *peer, const char *name,
	const char *password, int64_t now_ms, struct access_answer *ret_answer);

/* Of one credential, until it is removed; another one of the same name has another. Not 0. */
int64_t access_id(const struct credential *who);
const struct credential *access_find(const struct access *access, int64_t id); /* or NULL */

#endif
