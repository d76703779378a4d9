/* The listening socket and who may use it. */
#include "unit/api/fixture.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "api/listener.h"
#include "support/skip.h"

enum { NOBODY = 65534, SOMEBODY = 65533, SOME_GROUP = 4242 };

static uid_t child_uid = NOBODY;

static void expect_create(struct world *w, int code, const char *wanted)
{
	struct err e = {0};

	assert_int_equal(world_try_api(w, &e), code);
	if (!strstr(e.text, wanted))
		fail_msg("no \"%s\" in \"%s\"", wanted, e.text);
	w->api = NULL;
}

/* A listening socket of nobody's; closed at once it is stale. */
static int bind_at(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(strlen(path) < sizeof(address.sun_path));
	memcpy(address.sun_path, path, strlen(path));
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 0), 0);
	return fd;
}

static void test_c19_modes(void **state)
{
	static const struct {
		mode_t mask, mode;
	} cases[] = {{0, 0600}, {077, 0660}, {022, 0666}, {0777, 0600}};
	struct world w;
	struct stat st;

	(void)state;
	world_init(&w);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		mode_t before = umask(cases[i].mask);
		w.options.socket_mode = cases[i].mode;
		world_start_api(&w);
		assert_int_equal(stat(w.socket_path, &st), 0);
		assert_int_equal(st.st_mode & 0777, cases[i].mode);
		assert_int_equal(umask(before), cases[i].mask); /* is as it was */
		world_stop_api(&w);
	}
	world_close(&w);
}

static void test_c19_stale(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	close(bind_at(w.socket_path));
	world_start_api(&w);
	expect(&w, "GET", "/api/v1/ping", NULL, 204, NULL);
	world_close(&w);
}

static void test_c19_living(void **state)
{
	struct world w;
	struct api *first;
	char pid[40];

	(void)state;
	world_open(&w);
	first = w.api;
	snprintf(pid, sizeof(pid), "process %d of user %u", (int)getpid(), (unsigned)geteuid());
	expect_create(&w, ERR_BUSY, pid);
	w.api = first;
	expect(&w, "GET", "/api/v1/ping", NULL, 204, NULL); /* still there */
	world_stop_api(&w);

	/* One that is too busy to accept lives all the same. */
	int fd = bind_at(w.socket_path);
	struct client c[3];
	for (int i = 0; i < 3; i++) {
		struct sockaddr_un address = {.sun_family = AF_UNIX};
		memcpy(address.sun_path, w.socket_path, strlen(w.socket_path));
		c[i].fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
		if (connect(c[i].fd, (struct sockaddr *)&address, sizeof(address)) < 0)
			assert_int_equal(errno, EAGAIN);
	}
	expect_create(&w, ERR_BUSY, "busy daemon");
	for (int i = 0; i < 3; i++)
		close(c[i].fd);
	close(fd);
	world_close(&w);
}

static void test_c19_not_ours(void **state)
{
	struct world w;
	struct stat st;
	char target[300];

	(void)state;
	world_init(&w);
	/* A file. */
	tmp_write_text(&w.f.tmp, "s", "precious");
	expect_create(&w, ERR_EXISTS, "not a socket");
	assert_int_equal(stat(w.socket_path, &st), 0);
	assert_int_equal(st.st_size, 8);
	unlink(w.socket_path);
	/* A symlink to a stale socket: neither is touched. */
	snprintf(target, sizeof(target), "%s", tmp_path(&w.f.tmp, "elsewhere"));
	close(bind_at(target));
	assert_int_equal(symlink(target, w.socket_path), 0);
	expect_create(&w, ERR_EXISTS, "not a socket");
	assert_int_equal(lstat(w.socket_path, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(lstat(target, &st), 0);
	unlink(w.socket_path);
	/* A folder. */
	assert_int_equal(mkdir(w.socket_path, 0700), 0);
	expect_create(&w, ERR_EXISTS, "not a socket");
	rmdir(w.socket_path);
	/* Another user's stale socket. */
	if (geteuid() == 0) {
		close(bind_at(w.socket_path));
		assert_int_equal(chown(w.socket_path, NOBODY, (gid_t)-1), 0);
		expect_create(&w, ERR_EXISTS, "belongs to user 65534");
		unlink(w.socket_path);
	}
	world_close(&w);
}

static void test_paths(void **state)
{
	struct world w;
	char path[300];

	(void)state;
	world_init(&w);
	memset(path, 'x', 108);
	path[0] = '/';
	path[108] = '\0';
	w.options.socket_path = path;
	expect_create(&w, ERR_TOO_BIG, "108 bytes");
	w.options.socket_path = "";
	expect_create(&w, ERR_INVALID, "no path");
	snprintf(path, sizeof(path), "%s", tmp_path(&w.f.tmp, "nowhere/s"));
	w.options.socket_path = path;
	struct err e = {0};
	assert_true(world_try_api(&w, &e) < 0);
	assert_non_null(strstr(e.text, "nowhere/s"));
	w.api = NULL;
	world_close(&w);
}

/* As systemd hands it over: the file stays. */
static void test_c19_handed_over(void **state)
{
	struct world w;
	struct stat st;
	int pair[2];

	(void)state;
	world_init(&w);
	w.options.listen_fd = bind_at(w.socket_path);
	w.options.socket_path = NULL;
	world_start_api(&w);
	expect(&w, "GET", "/api/v1/ping", NULL, 204, NULL);
	w.api_stopped = 0;
	api_stop(w.api, 0, world_on_stopped, &w);
	loop_run_until(&w.f.loop, &w.api_stopped, LIMIT_MS);
	api_destroy(w.api);
	assert_int_equal(stat(w.socket_path, &st), 0);
	/* What is no listening Unix socket is refused. */
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	w.options.listen_fd = pair[0];
	expect_create(&w, ERR_INVALID, "not a listening Unix stream socket");
	w.options.listen_fd = open("/dev/null", O_RDONLY);
	expect_create(&w, ERR_INVALID, "not a listening Unix stream socket");
	close(w.options.listen_fd);
	close(pair[0]);
	close(pair[1]);
	world_close(&w);
}

/* The file belongs to somebody else by now. */
static void test_c19_replaced(void **state)
{
	struct world w;
	struct stat st;

	(void)state;
	world_open(&w);
	unlink(w.socket_path);
	int fd = bind_at(w.socket_path);
	api_stop(w.api, 0, world_on_stopped, &w);
	loop_run_until(&w.f.loop, &w.api_stopped, LIMIT_MS);
	api_destroy(w.api);
	w.api = NULL;
	assert_int_equal(stat(w.socket_path, &st), 0);
	close(fd);
	world_close(&w);
}

/* -- rights -- */

/* Another user's program: connects, sends, and hands back all that it hears. */
static void child_main(const char *path, const char *request, int out)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const gid_t groups[] = {SOME_GROUP};
	char bytes[4096];
	ssize_t n = 0;

	memcpy(address.sun_path, path, strlen(path));
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (setgroups(1, groups) < 0 || setgid(NOBODY) < 0 || setuid(child_uid) < 0 ||
		connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		(*request && write(fd, request, strlen(request)) < 0))
		_exit(1);
	do {
		if (write(out, bytes, (size_t)n) != n)
			_exit(2);
		n = read(fd, bytes, sizeof(bytes));
	} while (n > 0);
	_exit(0);
}

/* Starts it; `c` reads what it hears as if it were the connection. */
static pid_t start_child(struct world *w, const char *request, struct client *c)
{
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		child_main(w->socket_path, request, ends[1]);
	close(ends[1]);
	assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
	*c = (struct client){.w = w, .fd = ends[0]};
	buf_init(&c->in, 1 << 20);
	return pid;
}

static void end_child(struct client *c, pid_t pid)
{
	int status;

	client_wait_end(c);
	client_close(c);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void expect_as_nobody(struct world *w, const char *request, int status, const char *wanted)
{
	char text[300];
	struct client c;
	struct answer a;

	snprintf(text, sizeof(text), "%s HTTP/1.1\r\nConnection: close\r\n\r\n", request);
	pid_t pid = start_child(w, text, &c);
	take_answer(&c, false, &a);
	if (a.status != status || (wanted && !strstr(a.body, wanted)))
		fail_msg("%s: %d instead of %d: %s", request, a.status, status, a.body);
	free_answer(&a);
	end_child(&c, pid);
}

static void set_rule(struct world *w, bool group, uint32_t id, enum api_right right)
{
	int n = w->options.access.count++;

	w->options.access.rules[n].group = group;
	w->options.access.rules[n].id = id;
	w->options.access.rules[n].right = right;
	if (w->api)
		api_configure(w->api, &w->options);
}

static void open_to_all(struct world *w)
{
	if (geteuid() != 0)
		skip_part("only root can be several users");
	world_init(w);
	assert_int_equal(chmod(w->f.tmp.dir, 0711), 0);
	w->options.socket_mode = 0666;
}

static void test_c5_rights(void **state)
{
	struct world w;

	(void)state;
	open_to_all(&w);
	world_start_api(&w);
	expect_as_nobody(&w, "GET /api/v1/", 403, "may not use this daemon");
	expect_as_nobody(&w, "GET /nothing", 403, "forbidden");
	expect_as_nobody(&w, "OPTIONS /api/v1/", 403, "forbidden");
	set_rule(&w, false, 12345, API_WRITE); /* somebody else */
	set_rule(&w, true, 54321, API_WRITE);
	expect_as_nobody(&w, "GET /api/v1/", 403, NULL);
	set_rule(&w, false, NOBODY, API_READ);
	expect_as_nobody(&w, "GET /api/v1/", 200, "tidings");
	expect_as_nobody(&w, "DELETE /api/v1/feeds/1", 403, "but not change");
	expect_as_nobody(&w, "POST /api/v1/feeds/1/refresh", 403, "but not change");
	assert_int_equal(w.refreshed, 0);
	set_rule(&w, true, SOME_GROUP, API_WRITE); /* a supplementary group; the best right wins */
	expect_as_nobody(&w, "DELETE /api/v1/feeds/1", 404, NULL);
	expect_as_nobody(&w, "POST /api/v1/feeds/1/refresh", 202, NULL);
	w.options.access.count = 0;
	set_rule(&w, true, NOBODY, API_READ); /* the primary group */
	expect_as_nobody(&w, "GET /api/v1/", 200, NULL);
	world_close(&w);
}

/* Nothing that a client says of itself counts. */
static void test_c5_headers_give_no_right(void **state)
{
	static const char *const fields[] = {"Remote-User: root", "X-Remote-User: root",
		"X-Forwarded-User: root", "X-Forwarded-For: 127.0.0.1", "X-Forwarded-Proto: https",
		"Authorization: Basic cm9vdDo=", "Cookie: uid=0", "Host: root@localhost"};
	char request[200];
	struct world w;

	(void)state;
	open_to_all(&w);
	world_start_api(&w);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		snprintf(request, sizeof(request), "GET /api/v1/ HTTP/1.1\r\n%s\r\nX:", fields[i]);
		expect_as_nobody(&w, request, 403, "may not use this daemon");
	}
	world_close(&w);
}

/* A stream ends when its right does. */
static void test_revoked(void **state)
{
	struct world w;
	struct client c;

	(void)state;
	open_to_all(&w);
	set_rule(&w, false, NOBODY, API_READ);
	world_start_api(&w);
	pid_t pid = start_child(&w, "GET /api/v1/events HTTP/1.1\r\n\r\n", &c);
	client_wait(&c, "event: hello");
	api_configure(w.api, &w.options);
	buf_reset(&c.in);
	client_expect_silence(&c);
	w.options.access.count = 0;
	api_configure(w.api, &w.options);
	end_child(&c, pid);
	world_close(&w);
}

/* A long poll that waits, too: it is told of nothing that comes after. */
static void test_revoked_while_waiting(void **state)
{
	struct world w;
	struct client c;

	(void)state;
	open_to_all(&w);
	set_rule(&w, false, NOBODY, API_READ);
	world_start_api(&w);
	pid_t pid = start_child(&w, "GET /api/v1/changes?since=0&wait=60 HTTP/1.1\r\n\r\n", &c);
	while (list_empty(&w.api->events.waiting))
		turn(&c);
	w.options.access.count = 0;
	api_configure(w.api, &w.options);
	world_add_feed(&w, "https://a.example/");
	client_wait_end(&c);
	assert_string_equal(buf_string(&c.in), "");
	end_child(&c, pid);
	world_close(&w);
}

/* -- crowds -- */

static void test_c18_clients_max(void **state)
{
	struct world w;
	struct client c[4];
	struct answer a;

	(void)state;
	world_init(&w);
	w.options.clients_max = 3;
	world_start_api(&w);
	for (int i = 0; i < 3; i++) {
		client_connect(&w, &c[i]);
		ask_on(&c[i], "GET", "/api/v1/ping", NULL, &a);
		free_answer(&a);
	}
	assert_int_equal(w.api->conn_count, 3);
	client_connect(&w, &c[3]);
	take_answer(&c[3], false, &a);
	assert_int_equal(a.status, 503);
	assert_non_null(strstr(a.body, "too-many-clients"));
	assert_non_null(strstr(a.head, "Retry-After: 1\r\n"));
	free_answer(&a);
	client_wait_end(&c[3]);
	client_close(&c[0]);
	while (w.api->conn_count > 2)
		uv_run(&w.f.loop.uv, UV_RUN_ONCE);
	expect(&w, "GET", "/api/v1/ping", NULL, 204, NULL);
	for (int i = 1; i < 4; i++)
		client_close(&c[i]);
	world_close(&w);
}

/* One user cannot take all places. */
static void test_c18_clients_of_one_user(void **state)
{
	struct world w;
	struct client c[4];
	pid_t pids[4];

	(void)state;
	open_to_all(&w);
	w.options.clients_max = 4;
	set_rule(&w, false, NOBODY, API_READ);
	world_start_api(&w);
	for (int i = 0; i < 3; i++) {
		pids[i] = start_child(&w, "GET /api/v1/events HTTP/1.1\r\n\r\n", &c[i]);
		client_wait(&c[i], "event: hello");
	}
	pids[3] = start_child(&w, "", &c[3]);
	client_wait(&c[3], "too-many-clients");
	end_child(&c[3], pids[3]);
	expect(&w, "GET", "/api/v1/ping", NULL, 204, NULL); /* a place for others is left */
	world_stop_api(&w);
	for (int i = 0; i < 3; i++)
		end_child(&c[i], pids[i]);
	world_close(&w);
}

/* Nor can several together keep out whoever looks after the daemon. */
static void test_c18_place_of_the_owner(void **state)
{
	struct world w;
	struct client c[8];
	pid_t pids[8];

	(void)state;
	open_to_all(&w);
	w.options.clients_max = 8;
	set_rule(&w, false, NOBODY, API_READ);
	set_rule(&w, false, SOMEBODY, API_READ);
	world_start_api(&w);
	for (int i = 0; i < 8; i++) {
		child_uid = i < 6 ? NOBODY : SOMEBODY;
		pids[i] =
			start_child(&w, i < 7 ? "GET /api/v1/events HTTP/1.1\r\n\r\n" : "", &c[i]);
		client_wait(&c[i], i < 7 ? "event: hello" : "too-many-clients");
	}
	child_uid = NOBODY;
	end_child(&c[7], pids[7]);
	expect(&w, "GET", "/api/v1/ping", NULL, 204, NULL);
	world_stop_api(&w);
	for (int i = 0; i < 7; i++)
		end_child(&c[i], pids[i]);
	world_close(&w);
}

/* Without descriptors, connections end at once, the loop does not spin, and it all comes back. */
static void test_c18_no_descriptors(void **state)
{
	struct rlimit before, low;
	struct world w;
	struct client c;
	int taken[256] = {0}, count = 0;

	(void)state;
	world_open(&w);
	expect(&w, "GET", "/api/v1/", NULL, 200, "tidings");
	client_connect(&w, &c);
	client_send(&c, "GET /api/v1/ping HTTP/1.1\r\n\r\n");
	client_wait(&c, "204");
	client_close(&c);
	while (w.api->conn_count > 0) /* its descriptor must not come free later */
		uv_run(&w.f.loop.uv, UV_RUN_ONCE);
	c.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	getrlimit(RLIMIT_NOFILE, &before);
	low = before;
	low.rlim_cur = 200;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	for (int fd = dup(c.fd); fd >= 0 && count < 256; fd = dup(c.fd))
		taken[count++] = fd;
	assert_int_equal(errno, EMFILE);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	memcpy(address.sun_path, w.socket_path, strlen(w.socket_path));
	assert_int_equal(connect(c.fd, (struct sockaddr *)&address, sizeof(address)), 0);
	client_wait_end(&c);
	int turns = 0;
	uv_timer_t timer;
	uv_timer_init(&w.f.loop.uv, &timer);
	uv_timer_start(&timer, (uv_timer_cb)(void (*)(void))uv_stop, 50, 0);
	while (uv_is_active((uv_handle_t *)&timer)) {
		uv_run(&w.f.loop.uv, UV_RUN_ONCE);
		turns++;
	}
	assert_true(turns < 20);
	uv_close((uv_handle_t *)&timer, NULL);
	while (count > 0)
		close(taken[--count]);
	close(c.fd);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	expect(&w, "GET", "/api/v1/", NULL, 200, "tidings");
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_c19_modes),
		cmocka_unit_test(test_c19_stale),
		cmocka_unit_test(test_c19_living),
		cmocka_unit_test(test_c19_not_ours),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_c19_handed_over),
		cmocka_unit_test(test_c19_replaced),
		cmocka_unit_test(test_c5_rights),
		cmocka_unit_test(test_c5_headers_give_no_right),
		cmocka_unit_test(test_revoked),
		cmocka_unit_test(test_revoked_while_waiting),
		cmocka_unit_test(test_c18_clients_max),
		cmocka_unit_test(test_c18_clients_of_one_user),
		cmocka_unit_test(test_c18_place_of_the_owner),
		cmocka_unit_test(test_c18_no_descriptors),
	};

	return skip_status(cmocka_run_group_tests(tests, NULL, NULL));
}
