/* The feeds of a virtual world. */
#include "web.h"

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/hash.h"

enum { WEB_HOSTS = 40, SHOWN = 20, REQUEST_BYTES = 8192, DOCUMENT_BYTES = 256 * 1024 };

#define HOUR 3600000LL

static const struct {
	const char *poll;
	int64_t item_ms; /* between two items */
} rhythms[] = {
	{"1h", HOUR / 4},
	{"2h", HOUR},
	{"4h", 3 * HOUR},
	{"8h", 8 * HOUR},
	{"12h", 24 * HOUR},
	{"24h", 72 * HOUR},
};

enum { RHYTHMS = sizeof(rhythms) / sizeof(rhythms[0]) };

/* What is special about one feed in fifty each. */
enum { MISSING = 7, BROKEN_AT_TIMES, CUT_AT_TIMES, MOVED, NO_VALIDATORS, SPECIALS = 50 };

static uint64_t scatter(int64_t a, int64_t b)
{
	const int64_t pair[2] = {a, b};

	return (uint64_t)hash64(pair, sizeof(pair));
}

static int64_t newest_item(const struct world *w, int feed)
{
	int64_t item_ms = rhythms[feed % RHYTHMS].item_ms;

	return SHOWN + (w->now_ms - w->begin_ms + (int64_t)(scatter(feed, 0) % (uint64_t)item_ms)) /
			       item_ms;
}

/* One item in eight is corrected two hours after it came, one in sixteen counts its readers. */
static int64_t edition(const struct world *w, int feed, int64_t item)
{
	int64_t age_ms = (newest_item(w, feed) - item) * rhythms[feed % RHYTHMS].item_ms;
	uint64_t kind = scatter(feed, item) % 16;

	if (kind == 0)
		return w->now_ms / (6 * HOUR);
	return kind == 1 || kind == 2 ? age_ms > 2 * HOUR : 0;
}

/* One item in four is told by three feeds of the same rhythm. */
static void write_link(FILE *out, int feed, int64_t item)
{
	int64_t group = item % 4 == 0 ? feed % RHYTHMS + feed / RHYTHMS / 3 * RHYTHMS : feed;

	fprintf(out, "<link>http://news.example/%lld/%lld%s</link>", (long long)group,
		(long long)item, item % 4 == 0 ? "" : "/own");
}

static void write_item(FILE *out, const struct world *w, int feed, int64_t item)
{
	static const char *const words[] = {"harbour", "crane", "ferry", "council", "budget",
		"bridge", "river", "storm", "market", "school", "player", "engine", "valley",
		"signal", "window", "garden"};
	uint64_t word = scatter(feed, item);
	int count = 40 + (int)(word % 400);

	fprintf(out,
		"<item><guid isPermaLink='false'>%d-%lld</guid><title>Item %lld of feed %d</title>",
		feed, (long long)item, (long long)item, feed);
	write_link(out, feed, item);
	fprintf(out, "<description>Edition %lld. ", (long long)edition(w, feed, item));
	for (int i = 0; i < count; i++, word = word * 6364136223846793005U + 1442695040888963407U)
		fprintf(out, "%s ", words[word >> 60]);
	fputs("</description></item>\n", out);
}

static uint64_t write_document(FILE *out, const struct world *w, int feed)
{
	int64_t newest = newest_item(w, feed);
	uint64_t state = (uint64_t)newest;

	fprintf(out,
		"<?xml version='1.0'?><rss version='2.0'><channel><title>Feed %d</title>"
		"<link>http://news.example/</link><description>d</description>\n",
		feed);
	for (int64_t item = newest; item > newest - SHOWN; item--) {
		state = scatter((int64_t)state, edition(w, feed, item));
		write_item(out, w, feed, item);
	}
	fputs("</channel></rss>\n", out);
	return state;
}

/* -- HTTP -- */

struct answer {
	int status;
	bool cut;
	char head[256]; /* further header lines */
	char *body;
	size_t len;
};

static void choose(struct answer *a, const struct world *w, int feed, const char *request)
{
	bool bad_day = w->now_ms / (24 * HOUR) % 3 == 0;
	char tag[40];
	uint64_t state;
	FILE *out = open_memstream(&a->body, &a->len);

	if (!out)
		abort();
	state = write_document(out, w, feed);
	fclose(out);
	snprintf(tag, sizeof(tag), "\"%016llx\"", (unsigned long long)state);
	a->status = 200;
	if (feed % SPECIALS == MISSING)
		a->status = 404;
	else if (feed % SPECIALS == BROKEN_AT_TIMES && bad_day)
		a->status = 503;
	else if (feed % SPECIALS == MOVED && !strstr(request, "/moved"))
		a->status = 302;
	else if (strstr(request, tag))
		a->status = 304;
	a->cut = feed % SPECIALS == CUT_AT_TIMES && bad_day;
	if (feed % SPECIALS != NO_VALIDATORS)
		snprintf(a->head, sizeof(a->head), "ETag: %s\r\n", tag);
	if (a->status == 302)
		snprintf(a->head, sizeof(a->head), "Location: http://127.0.0.%d:%d/%d/moved\r\n",
			1 + (feed + 1) % WEB_HOSTS, w->port, feed);
	if (a->status != 200)
		a->len = 0;
}

static void send_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

		if (n <= 0)
			return;
		data += n;
		len -= (size_t)n;
	}
}

static void answer_one(struct world *w, int fd)
{
	struct timeval patience = {.tv_sec = 2};
	char request[REQUEST_BYTES] = "", head[512];
	struct answer a = {0};
	size_t len = 0;
	ssize_t n = 1;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	while (n > 0 && len < sizeof(request) - 1 && !strstr(request, "\r\n\r\n")) {
		n = recv(fd, request + len, sizeof(request) - 1 - len, 0);
		len += n > 0 ? (size_t)n : 0;
		request[len] = '\0';
	}
	if (n > 0 && strncmp(request, "GET /", 5) == 0) {
		choose(&a, w, (int)strtol(request + 5, NULL, 10), request);
		snprintf(head, sizeof(head),
			"HTTP/1.1 %d X\r\nContent-Type: application/rss+xml\r\n%sConnection: "
			"close\r\nContent-Length: %zu\r\n\r\n",
			a.status, a.head, a.len);
		send_all(fd, head, strlen(head));
		send_all(fd, a.body, a.cut ? a.len / 2 : a.len);
		free(a.body);
		w->requests++;
	}
	close(fd);
}

static int listen_at(int host, uint16_t *port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(*port)};
	socklen_t len = sizeof(at);
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (unsigned)host);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
		bind(fd, (struct sockaddr *)&at, sizeof(at)) || listen(fd, 512) ||
		getsockname(fd, (struct sockaddr *)&at, &len)) {
		perror("years: server");
		exit(1);
	}
	*port = ntohs(at.sin_port);
	return fd;
}

void web_start(struct world *w)
{
	struct pollfd fds[WEB_HOSTS];

	for (int i = 0; i < WEB_HOSTS; i++)
		fds[i] = (struct pollfd){.fd = listen_at(i, &w->port), .events = POLLIN};
	if (fork() != 0) {
		for (int i = 0; i < WEB_HOSTS; i++)
			close(fds[i].fd);
		return;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (poll(fds, WEB_HOSTS, -1) > 0) {
		for (int i = 0; i < WEB_HOSTS; i++) {
			if (fds[i].revents & POLLIN)
				answer_one(w, accept(fds[i].fd, NULL, NULL));
		}
	}
	_exit(1);
}

void web_write_sections(const struct world *w, FILE *out)
{
	for (int feed = 0; feed < w->feeds; feed++)
		fprintf(out, "feed \"Feed %d\" { url = 'http://127.0.0.%d:%d/%d' interval = %s }\n",
			feed, 1 + feed % WEB_HOSTS, w->port, feed, rhythms[feed % RHYTHMS].poll);
}
