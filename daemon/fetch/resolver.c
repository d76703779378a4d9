/* Names to addresses: /etc/hosts by a pool job, then c-ares on the loop; a bounded cache. */
#include "fetch/resolver.h"

#include <ares.h>
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/hash.h"
#include "base/map.h"
#include "fetch/poll.h"

/* Since 1.31 it has a cache, too: of 0 s, so that ours is the only one. */
#ifndef ARES_OPT_QUERY_CACHE
#define ARES_OPT_QUERY_CACHE 0
#endif

enum { TRY_MS = 1500, TRIES = 3, V4_FIRST_MS = 600000 };

/* A name of the cache; while `pending` it is looked up and cannot be evicted. */
struct name {
	uv_work_t work;       /* looks into /etc/hosts */
	int64_t config_stamp; /* of /etc/resolv.conf by then */
	struct list node;     /* least recently asked first */
	struct list waiting;
	struct resolver *resolver;
	int64_t hash;
	int64_t expires_ms;
	int64_t v4_first_end_ms;
	bool pending;
	struct addresses addresses;
	struct err error;
	char host[]; /* NUL-terminated */
};

struct resolver {
	uv_loop_t *loop;
	ares_channel channel; /* asks name servers only */
	ares_channel hosts;   /* what reading /etc/hosts needs: any */
	struct resolver_options options;
	struct poll *polls[ARES_GETSOCK_MAXNUM];
	bool deaf; /* a socket of the channel is not watched */
	uv_timer_t timer;
	struct map names; /* by hash of the host; of two with the same one the later counts */
	struct list order;
	struct addresses literal;

	char *config_path;
	int64_t config_stamp; /* when the channel was opened */
	int looking;          /* names that the pool looks up */

	void (*closed)(void *ctx);
	void *ctx;
	int closing; /* handles that still have to close */
};

static int64_t now_ms(const struct resolver *r)
{
	return (int64_t)uv_now(r->loop);
}

/* -- c-ares on the loop -- */

static void set_timer(struct resolver *r);
static void reopen(struct resolver *r);

static void on_ready(void *ctx, int fd, int events)
{
	struct resolver *r = ctx;

	ares_process_fd(r->channel, !events || events & UV_READABLE ? fd : ARES_SOCKET_BAD,
		events & UV_WRITABLE ? fd : ARES_SOCKET_BAD);
	set_timer(r);
}

static void on_timer(uv_timer_t *timer)
{
	struct resolver *r = timer->data;

	if (r->deaf) {
		reopen(r);
		return;
	}
	ares_process_fd(r->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	set_timer(r);
}

static void set_timer(struct resolver *r)
{
	struct timeval tv;

	if (ares_timeout(r->channel, NULL, &tv))
		uv_timer_start(&r->timer, on_timer,
			(uint64_t)(tv.tv_sec * 1000 + tv.tv_usec / 1000 + 1), 0);
	else
		uv_timer_stop(&r->timer);
}

/* The place of a socket, or a free one for it, or NULL. */
static struct poll **poll_slot(struct resolver *r, int fd)
{
	struct poll **free_slot = NULL;

	for (int i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
		if (r->polls[i] && r->polls[i]->fd == fd)
			return &r->polls[i];
		if (!r->polls[i])
			free_slot = &r->polls[i];
	}
	return free_slot;
}

/* Should a socket find no room or memory here, its queries are asked anew after the first time-out:
 * the channel would use it for all that follow. */
static void on_socket_state(void *ctx, ares_socket_t fd, int readable, int writable)
{
	struct resolver *r = ctx;
	struct poll **slot = poll_slot(r, fd);

	if (!readable && !writable) {
		if (slot)
			poll_close(*slot);
		if (slot)
			*slot = NULL;
		return;
	}
	if (slot && !*slot)
		*slot = poll_create(r->loop, fd, on_ready, r);
	r->deaf = r->deaf || !slot || !*slot;
	if (slot && *slot)
		poll_watch(*slot, (readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0));
}

static int open_channel(struct resolver *r, ares_channel *ret_channel)
{
	static char lookups[] = "b";
	struct ares_options options = {
		.timeout = r->options.try_ms ? r->options.try_ms : TRY_MS,
		.tries = TRIES,
		.lookups = lookups,
		.sock_state_cb = on_socket_state,
		.sock_state_cb_data = r,
		.resolvconf_path = r->config_path,
		.udp_port = r->options.port,
	};
	int status = ares_init_options(ret_channel, &options,
		ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB |
			ARES_OPT_RESOLVCONF | ARES_OPT_QUERY_CACHE |
			(r->options.port ? ARES_OPT_UDP_PORT : 0));

	if (status)
		return status == ARES_ENOMEM ? ERR_NOMEM : ERR_RESOLVER;
	if (r->options.servers && ares_set_servers_ports_csv(*ret_channel, r->options.servers)) {
		ares_destroy(*ret_channel);
		return ERR_RESOLVER;
	}
	return 0;
}

/* -- the cache -- */

static void forget(struct name *n)
{
	if (map_get(&n->resolver->names, n->hash) == n)
		map_remove(&n->resolver->names, n->hash);
	list_remove(&n->node);
	free(n);
}

static void make_room(struct resolver *r)
{
	if (r->names.count < RESOLVER_NAMES_MAX)
		return;
	list_for_each_safe (node, &r->order) {
		struct name *n = container_of(node, struct name, node);

		if (!n->pending) {
			forget(n);
			return;
		}
	}
}

static struct name *remember(struct resolver *r, const char *host, int64_t hash)
{
	size_t len = strlen(host);
	struct name *n;

	make_room(r);
	n = calloc(1, sizeof *n + len + 1);
	if (!n)
		return NULL;
	memcpy(n->host, host, len);
	n->hash = hash;
	n->resolver = r;
	list_init(&n->waiting);
	if (map_put(&r->names, hash, n)) {
		free(n);
		return NULL;
	}
	list_push(&r->order, &n->node);
	return n;
}

void resolver_flush(struct resolver *r)
{
	list_for_each_safe (node, &r->order) {
		struct name *n = container_of(node, struct name, node);

		if (!n->pending)
			forget(n);
	}
}

/* -- changes of /etc/resolv.conf -- */

/* 0 when there is no such file. Blocks. */
static int64_t stamp(const char *path)
{
	struct stat st = {0};
	bool found = stat(path, &st) == 0;
	int64_t parts[] = {st.st_mtim.tv_sec, st.st_mtim.tv_nsec, st.st_size, (int64_t)st.st_ino};

	return found ? hash64(parts, sizeof parts) : 0;
}

/* The old channel hands its queries over by ARES_EDESTRUCTION. */
static void reopen(struct resolver *r)
{
	ares_channel old = r->channel, fresh;

	if (open_channel(r, &fresh))
		return;
	r->deaf = false;
	r->channel = fresh;
	ares_destroy(old);
	resolver_flush(r);
	set_timer(r);
}

/* -- queries -- */

/* The answer lives as long as its shortest-lived part, within limits of ours. */
static int64_t read_answer(const struct ares_addrinfo *answer, struct addresses *out)
{
	int ttl_s = RESOLVER_TTL_MAX_S;

	for (const struct ares_addrinfo_node *node = answer->nodes; node; node = node->ai_next) {
		if (node->ai_ttl < ttl_s)
			ttl_s = node->ai_ttl;
		if (out->count < RESOLVER_ADDRESSES_MAX && node->ai_addrlen <= sizeof *out->list)
			memcpy(&out->list[out->count++], node->ai_addr, node->ai_addrlen);
	}
	for (const struct ares_addrinfo_cname *alias = answer->cnames; alias; alias = alias->next)
		if (alias->ttl < ttl_s)
			ttl_s = alias->ttl;
	return (int64_t)(ttl_s > RESOLVER_TTL_MIN_S ? ttl_s : RESOLVER_TTL_MIN_S) * 1000;
}

static const struct {
	int status;
	int code;
	const char *before, *after; /* of the name, in the text */
	int keep_s;                 /* for how long that is believed */
} failures[] = {
	{ARES_ENOTFOUND, ERR_DNS, "there is no host ", "", RESOLVER_NEGATIVE_S},
	{ARES_EBADNAME, ERR_DNS, "there is no host ", "", RESOLVER_NEGATIVE_S},
	{ARES_ENODATA, ERR_DNS, "the host ", " has no address", RESOLVER_NEGATIVE_S},
	{ARES_ENOMEM, ERR_NOMEM, "out of memory for ", "", 0},
	{ARES_ETIMEOUT, ERR_RESOLVER, "no name server answered for ", "", RESOLVER_FAILURE_S},
	{ARES_ECONNREFUSED, ERR_RESOLVER, "no name server answered for ", "", RESOLVER_FAILURE_S},
	{0, ERR_RESOLVER, "the name server could not look up ", "", RESOLVER_FAILURE_S},
};

/* Fills in what became of a name; returns for how long that is to be believed. */
static int64_t read_failure(struct name *n, int status)
{
	size_t i = 0;

	while (failures[i].status && failures[i].status != status)
		i++;
	err_set(&n->error, failures[i].code, "%s%s%s", failures[i].before, n->host,
		failures[i].after);
	return (int64_t)failures[i].keep_s * 1000;
}

static bool is_v6(const union address *a)
{
	return a->any.sa_family == AF_INET6;
}

/* The next address of a family from `at` on, or the count. */
static int next_of(const struct addresses *a, bool v6, int at)
{
	while (at < a->count && is_v6(&a->list[at]) != v6)
		at++;
	return at;
}

/* Brings them into the order that is promised. */
static void arrange(struct addresses *a, bool v4_first)
{
	struct addresses sorted = {.count = 0};
	bool v6 = a->count && is_v6(&a->list[0]) && !v4_first;
	int at[2] = {next_of(a, false, 0), next_of(a, true, 0)};

	while (sorted.count < a->count) {
		if (at[v6] == a->count) /* there are no more of this family */
			v6 = !v6;
		sorted.list[sorted.count++] = a->list[at[v6]];
		at[v6] = next_of(a, v6, at[v6] + 1);
		v6 = !v6;
	}
	if (sorted.count > 1 && sorted.count < RESOLVER_ADDRESSES_MAX && is_v6(&sorted.list[0]) &&
		!is_v6(&sorted.list[1])) {
		sorted.list[sorted.count] = sorted.list[0];
		sorted.count++;
	}
	*a = sorted;
}

void resolver_prefer_v4(struct resolver *r, const char *host)
{
	struct name *n = map_get(&r->names, hash64(host, strlen(host)));

	if (!n || n->pending || strcmp(n->host, host) != 0 || !n->addresses.count)
		return;
	n->v4_first_end_ms = now_ms(r) + V4_FIRST_MS;
	arrange(&n->addresses, true);
}

/* The name is looked up, for better or worse. */
static void settle(struct name *n, int64_t keep_ms)
{
	struct resolver *r = n->resolver;
	struct list *node;

	arrange(&n->addresses, now_ms(r) < n->v4_first_end_ms);
	n->pending = false;
	n->expires_ms = now_ms(r) + keep_ms;
	for (node = list_pop(&n->waiting); node; node = list_pop(&n->waiting)) {
		struct lookup *l = container_of(node, struct lookup, node);

		l->done(l, &n->addresses, &n->error);
	}
}

static void ask_servers(struct name *n);

static void on_answer(void *ctx, int status, int timeouts, struct ares_addrinfo *answer)
{
	struct name *n = ctx;
	int64_t keep_ms = 0;

	(void)timeouts;
	if (status == ARES_EDESTRUCTION && !n->resolver->closed) {
		ask_servers(n); /* the channel was replaced */
		return;
	}
	if (status == ARES_SUCCESS)
		keep_ms = read_answer(answer, &n->addresses);
	if (!n->addresses.count)
		keep_ms = read_failure(n, status == ARES_SUCCESS ? ARES_ENODATA : status);
	ares_freeaddrinfo(answer);
	settle(n, keep_ms);
}

static void ask_servers(struct name *n)
{
	struct ares_addrinfo_hints hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};

	ares_getaddrinfo(n->resolver->channel, n->host, NULL, &hints, on_answer, n);
	set_timer(n->resolver);
}

/* On a pool thread, so that no file is read on the loop's: /etc/hosts may list a network's worth of
 * names. Each family has the first line of its own. */
static void look_in_files(uv_work_t *work)
{
	struct name *n = work->data;
	static const int families[] = {AF_INET6, AF_INET};

	n->config_stamp = stamp(n->resolver->config_path);
	for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
		struct hostent *found = NULL;
		union address *to = &n->addresses.list[n->addresses.count];

		if (ares_gethostbyname_file(n->resolver->hosts, n->host, families[i], &found))
			continue;
		memset(to, 0, sizeof *to);
		to->any.sa_family = (sa_family_t)found->h_addrtype;
		if (found->h_addrtype == AF_INET6)
			memcpy(&to->v6.sin6_addr, found->h_addr_list[0], sizeof to->v6.sin6_addr);
		else
			memcpy(&to->v4.sin_addr, found->h_addr_list[0], sizeof to->v4.sin_addr);
		n->addresses.count++;
		ares_free_hostent(found);
	}
}

static void close_step(struct resolver *r);

static void looked(uv_work_t *work, int status)
{
	struct name *n = work->data;
	struct resolver *r = n->resolver;

	(void)status; /* nobody cancels it */
	r->looking--;
	if (!r->closed && !r->options.servers && n->config_stamp != r->config_stamp) {
		r->config_stamp = n->config_stamp;
		reopen(r);
	}
	if (r->closed) {
		n->pending = false;
		close_step(r);
	} else if (n->addresses.count) {
		settle(n, RESOLVER_TTL_MIN_S * INT64_C(1000));
	} else {
		ask_servers(n);
	}
}

static void ask(struct name *n)
{
	n->pending = true;
	n->addresses.count = 0;
	n->error.code = 0;
	n->work.data = n;
	n->resolver->looking++;
	/* fails only without a function to run */
	(void)!uv_queue_work(n->resolver->loop, &n->work, look_in_files, looked);
}

/* -- the face -- */

/* Decimal, octal and hexadecimal spellings mean what inet_aton() says, as in browsers; one final
 * dot is nothing. */
bool resolver_literal(const char *host, union address *ret_address)
{
	char text[INET6_ADDRSTRLEN];
	size_t len = strlen(host);

	memset(ret_address, 0, sizeof *ret_address);
	if (inet_pton(AF_INET6, host, &ret_address->v6.sin6_addr) == 1) {
		ret_address->v6.sin6_family = AF_INET6;
		return true;
	}
	if (len == 0 || len >= sizeof text || host[0] < '0' || host[0] > '9')
		return false;
	memcpy(text, host, len + 1);
	if (text[len - 1] == '.')
		text[len - 1] = '\0';
	if (!inet_aton(text, &ret_address->v4.sin_addr))
		return false;
	ret_address->v4.sin_family = AF_INET;
	return true;
}

bool resolver_is_onion(const char *host)
{
	size_t len = strlen(host);

	if (len > 0 && host[len - 1] == '.')
		len--;
	return len >= 5 && strncasecmp(host + len - 5, "onion", 5) == 0 &&
	       (len == 5 || host[len - 6] == '.');
}

int resolver_lookup(struct resolver *r, const char *host, struct lookup *lookup,
	const struct addresses **ret_addresses, struct err *e)
{
	int64_t hash;
	struct name *n;

	list_init(&lookup->node);
	r->literal.count = 1;
	if (resolver_literal(host, &r->literal.list[0])) {
		*ret_addresses = &r->literal;
		return 0;
	}
	if (resolver_is_onion(host))
		return err_set(
			e, ERR_BLOCKED, "%s needs Tor; such names are never looked up", host);
	hash = hash64(host, strlen(host));
	n = map_get(&r->names, hash);
	if (!n || strcmp(n->host, host) != 0)
		n = remember(r, host, hash);
	if (!n)
		return err_set(e, ERR_NOMEM, NULL);
	list_remove(&n->node);
	list_push(&r->order, &n->node);
	if (!n->pending && n->expires_ms <= now_ms(r))
		ask(n);
	if (n->pending) {
		list_push(&n->waiting, &lookup->node);
		return LOOKUP_PENDING;
	}
	if (n->error.code) {
		*e = n->error;
		return n->error.code;
	}
	*ret_addresses = &n->addresses;
	return 0;
}

void resolver_cancel(struct lookup *lookup)
{
	list_remove(&lookup->node);
}

int resolver_create(uv_loop_t *loop, const struct resolver_options *options,
	struct resolver **ret_resolver, struct err *e)
{
	struct resolver *r = calloc(1, sizeof *r);
	int code;

	if (!r)
		return err_set(e, ERR_NOMEM, NULL);
	r->loop = loop;
	r->options = *options;
	list_init(&r->order);
	r->config_path = strdup(options->config ? options->config : "/etc/resolv.conf");
	if (!r->config_path) {
		free(r);
		return err_set(e, ERR_NOMEM, NULL);
	}
	r->config_stamp = stamp(r->config_path);
	code = ares_library_init(ARES_LIB_INIT_ALL) || ares_init_options(&r->hosts, NULL, 0)
		       ? ERR_NOMEM
		       : open_channel(r, &r->channel);
	if (code) {
		ares_destroy(r->hosts);
		free(r->config_path);
		free(r);
		return err_set(e, code, "the name resolver could not be set up");
	}
	uv_timer_init(loop, &r->timer);
	r->timer.data = r;
	*ret_resolver = r;
	return 0;
}

/* The last of timer and file look-ups to come back frees everything. */
static void close_step(struct resolver *r)
{
	void (*closed)(void *ctx) = r->closed;
	void *ctx = r->ctx;

	if (--r->closing > 0)
		return;
	resolver_flush(r);
	map_finish(&r->names);
	ares_destroy(r->hosts);
	ares_library_cleanup();
	free(r->config_path);
	free(r);
	closed(ctx);
}

static void on_timer_closed(uv_handle_t *handle)
{
	close_step(handle->data);
}

void resolver_close(struct resolver *r, void (*closed)(void *ctx), void *ctx)
{
	r->closed = closed;
	r->ctx = ctx;
	r->closing = 1 + r->looking;
	ares_destroy(r->channel); /* answers every query with ARES_EDESTRUCTION */
	uv_close((uv_handle_t *)&r->timer, on_timer_closed);
}
