/* Who may come by TCP: one name and password a client, made by us, of which only digests are kept.
 */
#ifndef TIDINGS_STORE_CREDENTIALS_H
#define TIDINGS_STORE_CREDENTIALS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/secret.h"
#include "limits.h"
#include "store/store.h"

enum {
	CREDENTIAL_NAME_BYTES = CREDENTIAL_NAME_MAX + 1,
	CREDENTIAL_TOKEN_BYTES = CREDENTIAL_NAME_MAX + 1 + SECRET_HEX_BYTES,
};

struct credential {
	char name[CREDENTIAL_NAME_BYTES];
	bool read_only;
	bool stories;                           /* the client is shown stories in place of items */
	unsigned char hash[SECRET_HASH_BYTES];  /* of the password */
	unsigned char fever[SECRET_HASH_BYTES]; /* of the hexadecimal MD5 of "name:password" */
	char token[CREDENTIAL_TOKEN_BYTES]; /* "name/hex", what stands for both after a login; it
					       lasts as long as they do */
	int64_t created_ms;
	int64_t used_ms; /* about; TIME_NONE: never */
};

struct credentials {
	int count;
	struct credential rows[CREDENTIALS_MAX]; /* by name */
};

/* 1 to CREDENTIAL_NAME_MAX of letters, digits, "-", "_" and ".": it stands in tokens, paths and
 * configurations. */
bool credentials_is_name(const char *name);

/* In write jobs. The password is told here and nowhere else. ERR_INVALID: no name, or there are too
 * many; ERR_EXISTS. */
int credentials_add(struct store_tx *tx, const char *name, bool read_only, bool stories,
	int64_t now_ms, char ret_password[SECRET_PASSWORD_BYTES], struct err *e);
int credentials_remove(struct store_tx *tx, const char *name, struct err *e); /* ERR_NOT_FOUND */
int credentials_use(struct store_tx *tx, const char *name, int64_t now_ms, struct err *e);

int credentials_load(struct store_tx *tx, struct credentials *ret_all, struct err *e);

#endif
