/* No memory in a command of `tidings`, in libcurl and in jansson: it says that it failed, or it
 * does and prints what it should. Each runs in a process of its own, since the first that lacks
 * memory ends it; of more than some hundred allocations some are passed over. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "cli/cli.h"
#include "cli/text.h"
#include "support/fault_curl.h"
#include "support/answers.h"
#include "support/fault.h"

#define JSON "application/json"
#define STORY(id, title)                                                                           \
	"{\"id\":" id ",\"title\":\"" title "\",\"url\":\"http://h/" id                            \
	"\",\"source\":\"S\",\"sources\":2,\"text\":\"one two\","                                  \
	"\"published\":\"2026-11-18T11:06:50.000Z\",\"members\":[{\"item\":1,\"title\":\"T\"},"    \
	"{\"item\":2,\"title\":\"U\"}]}"
#define FEED(id, name, polled)                                                                     \
	"{\"id\":" id ",\"name\":\"" name "\",\"url\":\"http://h/" name                            \
	"\",\"status\":\"ok\",\"items\":3,\"last_poll\":" polled                                   \
	",\"folder\":{\"id\":4,\"name\":\"F\"},\"error\":null}"
#define CHANGE(id) "{\"op\":\"new\",\"initial\":false,\"stories\":[" STORY(id, "new") "]}"

static const struct answer_row rows[] = {
	{"GET /api/v1/stories?read=false&limit=1000& ", 200, JSON,
		"{\"stories\":[" STORY("1", "a") "," STORY("2", "b") "],\"next\":null}"},
	{"GET /api/v1/stories?dir=desc&feed=7&folder=4&limit=30&cursor=x1 ", 200, JSON,
		"{\"stories\":[" STORY("3", "c") "],\"next\":null,\"seq\":9}"},
	{"GET /api/v1/stories?dir=desc&feed=7&folder=4&limit=", 200, JSON,
		"{\"stories\":[" STORY("1", "a") "],\"next\":\"x1\",\"seq\":9}"},
	{"GET /api/v1/stories/1?content=text ", 200, JSON, STORY("1", "a \xc2\x85 b")},
	{"GET /api/v1/changes?kinds=story.new&limit=500&since=0 ", 200, JSON,
		"{\"changes\":[" CHANGE("1") "," CHANGE("2") "],\"more\":true,\"epoch\":\"e\","
							     "\"seq\":5}"},
	{"GET /api/v1/changes?kinds=story.new&limit=500&since=e-5 ", 200, JSON,
		"{\"changes\":[" CHANGE("3") "],\"more\":false,\"epoch\":\"e\",\"seq\":9}"},
	{"GET /api/v1/feeds?", 200, JSON,
		"{\"feeds\":[" FEED("7", "Seven", "null") "," FEED("8", "Eight", "null") "]}"},
	{"GET /api/v1/feeds/8 ", 200, JSON, FEED("8", "Eight", "\"2026-11-18T11:06:50.000Z\"")},
	{"GET /api/v1/feeds/9 ", 200, JSON,
		"{\"id\":9,\"last_poll\":\"x\",\"error\":{\"code\":\"not-a-feed\",\"detail\":"
		"\"a page\"}}"},
	{"POST /api/v1/discover ", 200, JSON,
		"{\"feeds\":[{\"url\":\"http://h/offered\",\"title\":null,\"type\":\"t\"}]}"},
	{"GET /api/v1/feeds/", 200, JSON, FEED("7", "Seven", "\"2026-11-18T11:06:50.000Z\"")},
	{"POST /api/v1/feeds ", 201, JSON, "{\"id\":9,\"last_poll\":null}"},
	{"POST /api/v1/feeds/", 202, JSON, "{}"},
	{"PATCH /api/v1/feeds/9 ", 200, JSON, FEED("7", "Seven", "null")},
	{"DELETE /api/v1/feeds/", 204, JSON, ""},
	{"PATCH /api/v1/stories/", 200, JSON, "{}"},
	{"POST /api/v1/stories/batch ", 200, JSON, "{\"changed\":0}"},
	{"GET /api/v1/opml?credentials=true ", 200, "text/x-opml", "<opml/>\n"},
	{"POST /api/v1/opml ", 200, JSON,
		"{\"added\":[1],\"known\":[],\"refused\":[{\"url\":\"x\"}]}"},
	{"GET /api/v1/status ", 200, JSON,
		"{\"version\":\"1\",\"items\":3,\"feeds\":{\"total\":2}}"},
	{"POST /api/v1/db/backup ", 202, JSON, "{}"},
	{"GET /api/v1/db ", 200, JSON, "{\"items\":3,\"task\":{\"state\":\"done\"}}"},
	{NULL, 0, NULL, NULL},
};

static char list_path[300], cursor_path_of_test[300];

static const struct command {
	const char *name;
	int (*run)(struct cli *cli);
	struct options options;
	const char *arguments[3];
	int exit_code;
} commands[] = {
	{"list", cmd_list, {.feed = "seven", .folder = "F"}, {NULL}, EXIT_DONE},
	{"list", cmd_list, {.feed = "7", .folder = "F", .json = true}, {NULL}, EXIT_DONE},
	{"new", cmd_new, {.cursor = cursor_path_of_test}, {NULL}, EXIT_DONE},
	{"show", cmd_show, {.json = false}, {"1"}, EXIT_DONE},
	{"feeds", cmd_feeds, {.json = false}, {NULL}, EXIT_DONE},
	{"feeds", cmd_feeds, {.json = true}, {NULL}, EXIT_DONE},
	{"add", cmd_add, {.name = "N", .folder = "F"}, {"http://h/"}, EXIT_DONE},
	{"remove", cmd_remove, {.json = true}, {"Eight"}, EXIT_DONE},
	{"remove", cmd_remove, {.json = false}, {"Nine"}, EXIT_NOTHING},
	{"refresh", cmd_refresh, {.json = false}, {NULL}, EXIT_DONE},
	{"refresh", cmd_refresh, {.json = true}, {"7"}, EXIT_DONE},
	{"read", cmd_state, {.all = true}, {NULL}, EXIT_DONE},
	{"star", cmd_state, {.json = true}, {"1", "2"}, EXIT_DONE},
	{"export", cmd_export, {.credentials = true}, {NULL}, EXIT_DONE},
	{"import", cmd_import, {.json = false}, {list_path}, EXIT_FAILED},
	{"status", cmd_status, {.json = false}, {NULL}, EXIT_DONE},
	{"db", cmd_db, {.json = false}, {"backup", "x"}, EXIT_DONE},
	{"db", cmd_db, {.json = false}, {"stats"}, EXIT_DONE},
};

enum { RUNS = 60 / FAULT_THIN };

/* What the processes tell of their allocations. */
static struct told {
	long asked, failed;
} * told;

static void on_exit_tell(void)
{
	told->asked = fault_malloc_count();
	told->failed = fault_malloc_off();
}

static void run_here(const struct answers *a, const struct command *c, long n)
{
	char *arguments[3] = {NULL};
	struct options o = c->options;
	struct cli cli = {.command = c->name, .options = &o};
	int rc = EXIT_FAILED;

	for (; o.count < 3 && c->arguments[o.count]; o.count++)
		arguments[o.count] = strdup(c->arguments[o.count]);
	o.arguments = arguments;
	atexit(on_exit_tell);
	fault_malloc_after(n);
	output_init(&cli.out, stdout, COLOR_NEVER);
	cli.tidings = tidings_open(a->path);
	if (cli.tidings)
		rc = c->run(&cli);
	else
		cli_fail(rc, "out of memory");
	tidings_close(cli.tidings);
	for (int i = 0; i < o.count; i++)
		free(arguments[i]);
	output_flush(&cli.out);
	exit(rc);
}

static int run_command(const struct answers *a, const struct command *c, long n)
{
	int status;
	pid_t child;

	*told = (struct told){0};
	fflush(NULL);
	child = fork();
	if (child == 0) {
		const char *names[] = {"out", "err"};

		for (int i = 0; i < 2; i++) {
			int fd = open(
				tmp_path(&a->tmp, names[i]), O_CREAT | O_TRUNC | O_WRONLY, 0600);

			dup2(fd, i + 1);
			close(fd);
		}
		run_here(a, c, n);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (!WIFEXITED(status))
		fail_msg("%s, allocation %ld: signal %d", c->name, n, WTERMSIG(status));
	return WEXITSTATUS(status);
}

/* The cursor moves only when all was printed. */
static void check_cursor(const struct command *c, int rc)
{
	if (c->run != cmd_new)
		return;
	assert_int_equal(access(cursor_path_of_test, F_OK), rc == EXIT_DONE ? 0 : -1);
	unlink(cursor_path_of_test);
}

static void try_all(const struct answers *a, const struct command *c)
{
	int rc = run_command(a, c, INT32_MAX);
	char *wanted = tmp_read(&a->tmp, "out", NULL);
	long step = 1 + told->asked / RUNS;

	if (rc != c->exit_code)
		fail_msg("%s: %d %s", c->name, rc, tmp_read(&a->tmp, "err", NULL));
	check_cursor(c, rc);
	told->failed = 1;
	for (long n = 0; told->failed; n += step) {
		rc = run_command(a, c, n);
		char *out = tmp_read(&a->tmp, "out", NULL), *err = tmp_read(&a->tmp, "err", NULL);
		bool good = rc == c->exit_code && strcmp(out, wanted) == 0;

		if (!good && (rc != EXIT_FAILED && rc != EXIT_UNREACHABLE))
			fail_msg("%s, allocation %ld: %d\n%s%s", c->name, n, rc, out, err);
		if (!good && strncmp(err, "tidings: ", 9) != 0)
			fail_msg("%s, allocation %ld: not told: %s", c->name, n, err);
		if (!told->failed)
			assert_true(good);
		check_cursor(c, rc);
		free(out);
		free(err);
	}
	free(wanted);
}

static void test_commands(void **state)
{
	struct answers a;

	(void)state;
	answers_start(&a, rows);
	snprintf(list_path, sizeof(list_path), "%s", tmp_write_text(&a.tmp, "list", "http://h/\n"));
	snprintf(
		cursor_path_of_test, sizeof(cursor_path_of_test), "%s", tmp_path(&a.tmp, "cursor"));
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		try_all(&a, &commands[i]);
	answers_stop(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_commands)};
	int fd;

	text_init();
	fault_curl_init(fault_malloc);
	fd = memfd_create("told", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, sizeof(*told)) < 0)
		return 1;
	told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
