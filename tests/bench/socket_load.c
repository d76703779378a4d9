/* Clients of the daemon's socket, and how long each waits.
 *
 *   socket_load requests SOCKET TARGET CONNECTIONS SECONDS [RATE]
 *   socket_load streams SOCKET COUNT SECONDS RATE ITEM
 *
 * requests: GET of TARGET, keep-alive, one under way a connection. With RATE they are due at so
 * many a second, and what each waits is counted from then on, whether a connection was free or not.
 * streams: COUNT readers of the event stream, while ITEM is starred and unstarred RATE times a
 * second. Each waits from before the change is asked for, and from its answer, which leaves right
 * after the commit, until the last reader has all of the event.
 * Both end early at SIGTERM, requests also when the daemon ends, and print one line of JSON. */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { READ_BYTES = 65536, HEAD_BYTES = 2048, LINE_BYTES = 64, EVENTS = 256 };

static volatile sig_atomic_t stopping;

static void on_term(int number)
{
	(void)number;
	stopping = 1;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void give_up(const char *what)
{
	fprintf(stderr, "socket_load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void *get_memory(size_t count, size_t size)
{
	void *memory = calloc(count, size);

	if (!memory)
		give_up("memory");
	return memory;
}

static int connect_to(const char *path)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		give_up(path);
	return fd;
}

static void send_text(int fd, const char *text)
{
	if (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0 && errno != EPIPE)
		give_up("send"); /* one that ended is found by reading */
}

static void watch(int epoll, int fd, void *ptr)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = ptr};

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		give_up("epoll");
}

static size_t receive(int fd, char *out, size_t size)
{
	ssize_t n = recv(fd, out, size, 0);

	if (n == 0)
		errno = ECONNRESET;
	if (n <= 0)
		give_up("the daemon");
	return (size_t)n;
}

/* -- what was waited -- */

struct waits {
	double *s;
	size_t count, room;
};

static void add_wait(struct waits *w, double s)
{
	if (w->count == w->room) {
		w->room = w->room ? 2 * w->room : 4096;
		w->s = realloc(w->s, w->room * sizeof(*w->s));
		if (!w->s)
			give_up("memory");
	}
	w->s[w->count++] = s;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void print_waits(struct waits *w, const char *prefix)
{
	if (w->count == 0) {
		fprintf(stderr, "socket_load: nothing was answered\n");
		exit(1);
	}
	qsort(w->s, w->count, sizeof(*w->s), by_size);
	printf(", \"%sp50_ms\": %.3f, \"%sp99_ms\": %.3f, \"%smax_ms\": %.3f", prefix,
		w->s[w->count / 2] * 1e3, prefix, w->s[w->count * 99 / 100] * 1e3, prefix,
		w->s[w->count - 1] * 1e3);
	free(w->s);
}

static void print_own_cpu(void)
{
	struct rusage used;

	getrusage(RUSAGE_SELF, &used);
	printf(", \"client_cpu_s\": %.2f}\n",
		(double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
			(double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6);
}

/* -- requests -- */

struct conn {
	int fd;
	bool busy;
	double since; /* when its request was sent, or due */
	size_t got, need;
	char head[HEAD_BYTES];
};

struct requests {
	char text[HEAD_BYTES];
	struct conn *conns;
	int count, epoll, turn;
	double interval_s, next; /* 0: as fast as they are answered */
	struct waits waits;
	size_t bad, bytes;
};

static void begin_request(struct requests *r, struct conn *c, double since)
{
	c->busy = true;
	c->since = since;
	c->got = c->need = 0;
	send_text(c->fd, r->text);
}

/* Those that are due, as far as there are connections for them; in turn, so that none is idle. */
static void begin_due(struct requests *r)
{
	for (int i = 0; i < r->count; i++) {
		struct conn *c = &r->conns[r->turn];
		double t = now();

		if (r->interval_s > 0 && r->next > t)
			return;
		r->turn = (r->turn + 1) % r->count;
		if (c->busy)
			continue;
		begin_request(r, c, r->interval_s > 0 ? r->next : t);
		r->next += r->interval_s;
	}
}

static void read_head(struct requests *r, struct conn *c)
{
	char *end, *length;

	c->head[c->got < HEAD_BYTES ? c->got : HEAD_BYTES - 1] = '\0';
	end = strstr(c->head, "\r\n\r\n");
	length = strstr(c->head, "Content-Length: ");
	if (!end)
		return;
	c->need = (size_t)(end + 4 - c->head) + (length ? strtoul(length + 16, NULL, 10) : 0);
	r->bad += strncmp(c->head, "HTTP/1.1 2", 10) != 0;
}

static void take_answer(struct requests *r, struct conn *c)
{
	static char bytes[READ_BYTES];
	ssize_t received = recv(c->fd, bytes, sizeof(bytes), 0);
	size_t n = received > 0 ? (size_t)received : 0;

	stopping = stopping || received <= 0;
	if (!c->need && c->got < HEAD_BYTES - 1) {
		size_t room = HEAD_BYTES - 1 - c->got;

		memcpy(c->head + c->got, bytes, n < room ? n : room);
	}
	c->got += n;
	r->bytes += n;
	if (!c->need)
		read_head(r, c);
	if (!c->need || c->got < c->need)
		return;
	add_wait(&r->waits, now() - c->since);
	c->busy = false;
}

static int wait_ms(const struct requests *r)
{
	double left = r->next - now();

	return r->interval_s <= 0 || left > 0.1 ? 100 : left > 0 ? (int)(left * 1000) + 1 : 0;
}

static bool any_is_free(const struct requests *r)
{
	for (int i = 0; i < r->count; i++) {
		if (!r->conns[i].busy)
			return true;
	}
	return false;
}

static void run_requests(struct requests *r, double seconds)
{
	double began = now(), end = began + seconds;

	r->next = began;
	while (!stopping && now() < end) {
		struct epoll_event events[EVENTS];
		int n;

		begin_due(r);
		n = epoll_wait(r->epoll, events, EVENTS, any_is_free(r) ? wait_ms(r) : 100);
		for (int i = 0; i < n; i++)
			take_answer(r, events[i].data.ptr);
	}
	seconds = now() - began;
	printf("{\"requests\": %zu, \"a_second\": %.0f, \"bad\": %zu, \"bytes\": %zu",
		r->waits.count, (double)r->waits.count / seconds, r->bad,
		r->waits.count ? r->bytes / r->waits.count : 0);
	print_waits(&r->waits, "");
	print_own_cpu();
}

static int requests(char **args, int count)
{
	struct requests r = {
		.count = (int)strtol(args[2], NULL, 10), .epoll = epoll_create1(EPOLL_CLOEXEC)};
	double rate = count > 4 ? strtod(args[4], NULL) : 0;

	snprintf(r.text, sizeof(r.text), "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", args[1]);
	r.interval_s = rate > 0 ? 1 / rate : 0;
	r.conns = get_memory((size_t)r.count, sizeof(*r.conns));
	for (int i = 0; i < r.count; i++) {
		r.conns[i].fd = connect_to(args[0]);
		watch(r.epoll, r.conns[i].fd, &r.conns[i]);
	}
	run_requests(&r, strtod(args[3], NULL));
	free(r.conns);
	return 0;
}

/* -- streams -- */

struct stream {
	int fd;
	long long id, seq; /* of the event that is being read, of the last whole one */
	size_t len;
	char line[LINE_BYTES]; /* its beginning */
};

struct streams {
	struct stream *all;
	int count, epoll, writer, current; /* current: how many have `wanted` */
	long long wanted;
	struct waits waits, since_answer;
};

static void end_line(struct streams *s, struct stream *stream)
{
	const char *dash = memchr(stream->line, '-', stream->len);

	if (stream->len > 4 && dash && memcmp(stream->line, "id: ", 4) == 0) {
		stream->id = strtoll(dash + 1, NULL, 10);
	} else if (stream->len == 0 && stream->id > stream->seq) {
		s->current += stream->seq < s->wanted && stream->id >= s->wanted;
		stream->seq = stream->id;
	}
	stream->len = 0;
}

static void take_events(struct streams *s, struct stream *stream)
{
	static char bytes[READ_BYTES];
	const char *end = bytes + receive(stream->fd, bytes, sizeof(bytes));

	for (const char *at = bytes, *line_end; at < end; at = line_end + 1) {
		line_end = memchr(at, '\n', (size_t)(end - at));
		size_t n = (size_t)((line_end ? line_end : end) - at);
		size_t room = LINE_BYTES - 1 - stream->len;

		memcpy(stream->line + stream->len, at, n < room ? n : room);
		stream->len += n < room ? n : room;
		stream->line[stream->len] = '\0';
		if (!line_end)
			return;
		end_line(s, stream);
	}
}

/* Until so much time has gone by, or every stream has `wanted`. */
static void read_streams(struct streams *s, double until)
{
	struct epoll_event events[EVENTS];

	while (s->current < s->count && now() < until) {
		int n = epoll_wait(s->epoll, events, EVENTS, 100);

		for (int i = 0; i < n; i++)
			take_events(s, events[i].data.ptr);
	}
}

/* Returns the number of the change. */
static long long make_change(struct streams *s, const char *item, bool starred)
{
	static char answer[READ_BYTES];
	char request[512], body[32];
	const char *rev;

	snprintf(body, sizeof(body), "{\"starred\":%s}", starred ? "true" : "false");
	snprintf(request, sizeof(request),
		"PATCH /api/v1/items/%s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %zu\r\n\r\n"
		"%s",
		item, strlen(body), body);
	send_text(s->writer, request);
	answer[receive(s->writer, answer, sizeof(answer) - 1)] = '\0';
	rev = strstr(answer, "\"rev\":");
	if (strncmp(answer, "HTTP/1.1 200", 12) != 0 || !rev) {
		fprintf(stderr, "socket_load: %.300s\n", answer);
		exit(1);
	}
	return strtoll(rev + 6, NULL, 10);
}

static void tell_all(struct streams *s, const char *item, bool starred)
{
	double began = now(), answered;

	s->current = 0;
	s->wanted = make_change(s, item, starred);
	answered = now();
	read_streams(s, answered + 10);
	if (s->current < s->count) {
		fprintf(stderr, "socket_load: %d of %d streams were told\n", s->current, s->count);
		exit(1);
	}
	add_wait(&s->waits, now() - began);
	add_wait(&s->since_answer, now() - answered);
}

static int streams(char **args, int count)
{
	static char hello[] = "GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n";
	struct streams s = {
		.count = (int)strtol(args[1], NULL, 10), .epoll = epoll_create1(EPOLL_CLOEXEC)};
	double began = now(), end = began + strtod(args[2], NULL),
	       interval_s = 1 / strtod(args[3], NULL);

	(void)count;
	s.all = get_memory((size_t)s.count, sizeof(*s.all));
	for (int i = 0; i < s.count; i++) {
		s.all[i].fd = connect_to(args[0]);
		watch(s.epoll, s.all[i].fd, &s.all[i]);
		send_text(s.all[i].fd, hello);
	}
	s.writer = connect_to(args[0]);
	s.wanted = 1;
	read_streams(&s, now() + 10); /* all have begun */
	for (bool starred = true; !stopping && now() < end; starred = !starred) {
		double next = now() + interval_s;

		tell_all(&s, args[4], starred);
		s.current = 0;
		s.wanted = s.wanted + 1000; /* what nobody has: what else is told is read, too */
		read_streams(&s, next);
	}
	printf("{\"streams\": %d, \"changes\": %zu", s.count, s.waits.count);
	print_waits(&s.waits, "");
	print_waits(&s.since_answer, "after_answer_");
	print_own_cpu();
	free(s.all);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int least, most;
		int (*run)(char **args, int count);
	} modes[] = {{"requests", 4, 5, requests}, {"streams", 5, 5, streams}};
	struct rlimit files;

	signal(SIGTERM, on_term);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	for (size_t i = 0; argc > 1 && i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (strcmp(argv[1], modes[i].name) == 0 && argc - 2 >= modes[i].least &&
			argc - 2 <= modes[i].most)
			return modes[i].run(argv + 2, argc - 2);
	}
	fprintf(stderr, "usage: socket_load requests SOCKET TARGET CONNECTIONS SECONDS [RATE]\n"
			"       socket_load streams SOCKET COUNT SECONDS RATE ITEM\n");
	return 2;
}
