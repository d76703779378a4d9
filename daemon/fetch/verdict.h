/* What libcurl says of a transfer that has ended, in our codes and words. */
#ifndef TIDINGS_FETCH_VERDICT_H
#define TIDINGS_FETCH_VERDICT_H

#include <curl/curl.h>
#include <stdbool.h>

#include "fetch/transfer.h"

/* Of the others the body is not kept. */
bool verdict_is_document(int status);

/* Whether the request could be sent. */
bool verdict_connected(const struct transfer *t);

/* What is said of an answer that was given up here: too large (ERR_TOO_BIG), its head too large
 * (ERR_INVALID), damaged (ERR_PROTOCOL), a bomb (ERR_PARSE), empty (ERR_NOT_FEED), too much at once
 * (ERR_BUSY). Returns the code of the error. */
int verdict_stop(struct err *e, int why, const char *host, size_t max_bytes);

/* 0, or the code of the error that it fills in (t->error). */
int verdict_judge(struct transfer *t, CURLcode result);

#endif
