/* Whether a request may come in, and with what right: where it says it goes, from which page it
 * comes, and who sends it. */
#ifndef TIDINGS_API_ADMIT_H
#define TIDINGS_API_ADMIT_H

#include "api/request.h"
#include "store/credentials.h"

/* Before anything else is done with a request of a connection. On the Unix socket the peer's right
 * counts, and what credentials allow if some are shown; by TCP, and where
 * peers are not trusted, nothing but credentials counts, and Host (by TCP alone) and Origin must be
 * ours: a page in a browser on this machine can send requests, too. On failure the problem is set.
 * Loop thread. */
int admit(struct http_request *r, enum api_right *ret_right) __attribute__((warn_unused_result));

/* The same for a name and a password that a login shows, of which *ret_who is lent. The request
 * still has its connection. Loop thread. */
int admit_login(struct http_request *r, const char *name, const char *password,
	const struct credential **ret_who) __attribute__((warn_unused_result));

/* Whether `host`, the field, names us: 127.0.0.1, localhost, [::1] or the address we listen at,
 * without a port or with ours; or as one of `hosts` is written, which may leave the port out. Pure.
 */
bool admit_is_our_host(
	const char *host, const struct sockaddr_storage *here, const char *const *hosts);

/* Whose credentials the request came with; NULL: it showed none, or the client has gone. Loop
 * thread.
 */
const struct credential *admit_who(const struct http_request *r);

/* The credentials have changed: ends what goes on in the name of one that is gone. Loop thread. */
void admit_changed(struct api *api, const struct credentials *now);

#endif
