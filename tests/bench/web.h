/* Servers of a thousand feeds whose documents change as virtual time goes on, and a client that
 * reads what the daemon tells, each a process of its own, so that they do not count. */
#ifndef TESTS_BENCH_WEB_H
#define TESTS_BENCH_WEB_H

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>

/* What the processes share. */
struct world {
	_Atomic int64_t now_ms;   /* virtual */
	_Atomic int64_t requests; /* that the servers answered */
	_Atomic int64_t days;     /* that the client has been asked to live through */
	_Atomic int64_t lived;    /* ... and has */
	_Atomic int64_t told;     /* changes that the client heard of */
	int64_t begin_ms;
	int feeds;
	uint16_t port;
};

/* Forks the servers; WEB_HOSTS addresses of loopback share a port. Ends the program if that fails.
 */
void web_start(struct world *world);

/* Writes a `feed` section for each. */
void web_write_sections(const struct world *world, FILE *out);

/* Forks the client: it follows the event stream, and once a day lists stories and items, and reads
 * and stars some. */
void client_start(struct world *world, const char *socket_path);

#endif
