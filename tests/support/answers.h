/* A web server on a Unix socket that says always the same, for clients of the daemon. */
#ifndef TESTS_SUPPORT_ANSWERS_H
#define TESTS_SUPPORT_ANSWERS_H

#include <pthread.h>
#include <semaphore.h>
#include <stddef.h>

#include "support/tmp.h"

/* The first row whose `request` is how the request begins ("GET /api/v1/feeds?"), is answered;
 * without one it is status 500. */
struct answer_row {
	const char *request;
	int status;
	const char *type, *body; /* the connection ends behind it */
};

struct answers {
	struct tmp tmp;
	char path[300]; /* of the socket */
	int fd;
	pthread_t thread;
	sem_t begun;
	const struct answer_row *rows; /* ends with a NULL request */
};

/* Serves in a thread of its own, which asks for no memory once this has returned: a copy of the
 * process that is made while another thread is inside the allocator of a sanitizer waits for it for
 * ever. Failures fail the test. */
void answers_start(struct answers *a, const struct answer_row *rows);
void answers_stop(struct answers *a);

#endif
