/* A month of the daemon in minutes: what it holds at the end of each day, at rest.
 *
 *   years [DAYS [FEEDS]]
 *
 * The daemon is the real one but for its clocks, which stand still while it works and go on to the
 * next alarm when it has nothing to do. Build it with -DTIDINGS_SANITIZE=address: that counts every
 * byte of every library. Exit 1 when memory or descriptors grew after day 2. */
#include <dirent.h>
#include <malloc.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "alarm.h"
#include "base/log.h"
#include "base/times.h"
#include "config.h"
#include "limits.h"
#include "parse/parse.h"
#include "schedule.h"
#include "server.h"
#include "signals.h"
#include "store/store.h"
#include "web.h"

#define DAY_MS (24 * 3600 * 1000LL)

enum { POLLS = 8 /* under way when the clock goes on */, FIRST_DAY = 2, DAYS_MAX = 1000 };

struct sample {
	size_t heap, rss;
	int descriptors;
};

static struct {
	struct world *world;
	int64_t end_ms; /* of the day */
	int days, day;
	struct schedule *schedule;
	struct store *store;
	bool resting;
	struct alarm *alarm;
	int64_t alarm_ms; /* 0: not set */
	uv_timer_t *daily;
	uv_timer_cb daily_cb;
	uv_prepare_t turn;
	uv_timer_t wait; /* for the client */
	char folder[256];
	struct timespec began;
	struct sample samples[DAYS_MAX + 1];
} years;

/* -- memory -- */

/* Of the address sanitizer, where there is one. What was freed is not kept for long: it would count
 * as resident. */
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));
void __sanitizer_purge_allocator(void) __attribute__((weak));
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "quarantine_size_mb=4:thread_local_quarantine_size_kb=16:malloc_context_size=1";
}

static size_t heap_bytes(void)
{
	struct mallinfo2 info;

	if (__sanitizer_get_current_allocated_bytes)
		return __sanitizer_get_current_allocated_bytes();
	info = mallinfo2();
	return info.uordblks + info.hblkhd;
}

/* Bytes, of a line of /proc/self/status. */
static size_t status_bytes(const char *name)
{
	FILE *f = fopen("/proc/self/status", "r");
	char line[256];
	size_t kb = 0;

	while (f && fgets(line, sizeof(line), f)) {
		if (strncmp(line, name, strlen(name)) == 0)
			kb = strtoul(line + strlen(name), NULL, 10);
	}
	if (f)
		fclose(f);
	return kb * 1024;
}

static int count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	while (dir && readdir(dir))
		count++;
	if (dir)
		closedir(dir);
	return count;
}

static long long file_kb(const char *ending)
{
	char path[512];
	struct stat st;

	snprintf(path, sizeof(path), "%s/tidings.db%s", years.folder, ending);
	return stat(path, &st) == 0 ? (long long)st.st_size / 1024 : 0;
}

static void sample(void)
{
	struct sample *s = &years.samples[years.day];
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (__sanitizer_purge_allocator)
		__sanitizer_purge_allocator(); /* as malloc_trim() for malloc() */
	*s = (struct sample){heap_bytes(), status_bytes("VmRSS:"), count_descriptors()};
	printf("{\"day\":%d,\"heap_kb\":%zu,\"rss_kb\":%zu,\"anonymous_kb\":%zu,\"descriptors\":%d,"
	       "\"requests\":%lld,"
	       "\"told_kb\":%lld,\"db_kb\":%lld,\"wal_kb\":%lld,\"seconds\":%lld}\n",
		years.day, s->heap / 1024, s->rss / 1024, status_bytes("RssAnon:") / 1024,
		s->descriptors, (long long)years.world->requests,
		(long long)years.world->told / 1024, file_kb(""), file_kb("-wal"),
		(long long)(now.tv_sec - years.began.tv_sec));
	fflush(stdout);
}

/* -- the clocks of the daemon: the linker puts these in place of the real ones -- */

int64_t __wrap_times_now_ms(void);
int64_t __wrap_times_now_ms(void)
{
	return years.world->now_ms;
}

int64_t __wrap_alarm_clock_ms(void);
int64_t __wrap_alarm_clock_ms(void)
{
	return years.world->now_ms - years.world->begin_ms + 1000;
}

static void set_clock(int64_t now_ms)
{
	if (now_ms > years.world->now_ms)
		years.world->now_ms = now_ms;
}

struct schedule *__real_schedule_create(const struct schedule_options *options);
struct schedule *__wrap_schedule_create(const struct schedule_options *options);
struct schedule *__wrap_schedule_create(const struct schedule_options *options)
{
	years.schedule = __real_schedule_create(options);
	return years.schedule;
}

int __real_store_start(
	struct store *s, uv_loop_t *loop, void (*committed)(void *, int64_t), void *ctx);
int __wrap_store_start(
	struct store *s, uv_loop_t *loop, void (*committed)(void *, int64_t), void *ctx);
int __wrap_store_start(
	struct store *s, uv_loop_t *loop, void (*committed)(void *, int64_t), void *ctx)
{
	years.store = s;
	return __real_store_start(s, loop, committed, ctx);
}

/* The day is over once nothing is under way; the client then has its turn, and the round begins. */
static void end_day(void)
{
	set_clock(years.end_ms);
	years.world->days++;
	uv_timer_again(&years.wait);
}

/* The client is through, and then the daemon has given back what it does not need. */
static void client_lived(uv_timer_t *timer)
{
	if (years.world->lived < years.world->days)
		return;
	if (!years.resting)
		store_rest(years.store);
	years.resting = true;
	if (store_queue_length(years.store) > 0)
		return;
	years.resting = false;
	uv_timer_stop(timer);
	years.day++;
	sample();
	if (years.day == years.days) {
		raise(SIGTERM);
		return;
	}
	years.end_ms += DAY_MS;
	years.daily_cb(years.daily);
}

/* In front of each wait of the loop. */
static void on_turn(uv_prepare_t *turn)
{
	int64_t polling =
		years.schedule ? schedule_counts(years.schedule, alarm_clock_ms()).polling : 0;
	int64_t at_ms = years.alarm_ms + years.world->begin_ms - 1000;

	(void)turn;
	if (!years.alarm_ms || polling >= POLLS || uv_is_active((uv_handle_t *)&years.wait) ||
		years.day == years.days)
		return;
	if (at_ms > years.end_ms) {
		if (polling == 0)
			end_day();
		return;
	}
	years.alarm_ms = 0;
	set_clock(at_ms);
	years.alarm->rang(years.alarm->ctx);
}

int __wrap_alarm_open(
	struct alarm *a, uv_loop_t *loop, void (*rang)(void *ctx), void *ctx, struct err *e);
int __wrap_alarm_open(
	struct alarm *a, uv_loop_t *loop, void (*rang)(void *ctx), void *ctx, struct err *e)
{
	(void)e;
	a->rang = rang;
	a->ctx = ctx;
	years.alarm = a;
	uv_prepare_init(loop, &years.turn);
	uv_prepare_start(&years.turn, on_turn);
	uv_timer_init(loop, &years.wait);
	uv_timer_start(&years.wait, client_lived, 1, 1);
	uv_timer_stop(&years.wait);
	return 0;
}

void __wrap_alarm_set(struct alarm *a, int64_t at_ms);
void __wrap_alarm_set(struct alarm *a, int64_t at_ms)
{
	(void)a;
	years.alarm_ms = at_ms > 0 ? at_ms : 1;
}

void __wrap_alarm_close(struct alarm *a);
void __wrap_alarm_close(struct alarm *a)
{
	(void)a;
	uv_close((uv_handle_t *)&years.turn, NULL);
	uv_close((uv_handle_t *)&years.wait, NULL);
}

int __real_uv_timer_start(uv_timer_t *timer, uv_timer_cb cb, uint64_t timeout, uint64_t repeat);
int __wrap_uv_timer_start(uv_timer_t *timer, uv_timer_cb cb, uint64_t timeout, uint64_t repeat);
int __wrap_uv_timer_start(uv_timer_t *timer, uv_timer_cb cb, uint64_t timeout, uint64_t repeat)
{
	if (repeat != DAILY_MS)
		return __real_uv_timer_start(timer, cb, timeout, repeat);
	years.daily = timer;
	years.daily_cb = cb;
	return 0;
}

/* -- the run -- */

/* Keeps so little that the database has its size after ten days. */
static void write_config(const char *path)
{
	FILE *f = fopen(path, "w");

	if (!f)
		abort();
	fputs("allow = { '127.0.0.0/8' }\nlog_level = error\nkeep_age = 3d\nkeep_unread = 8d\n"
	      "keep_items = 40\n",
		f);
	web_write_sections(years.world, f);
	fclose(f);
}

static int run(void)
{
	char config_path[512], database[512], socket_path[512];
	struct server_options options = {
		.config_path = config_path, .database_path = database, .socket_path = socket_path};
	struct config config;
	struct err e = {0};
	int code;

	snprintf(config_path, sizeof(config_path), "%s/tidings.conf", years.folder);
	snprintf(database, sizeof(database), "%s/tidings.db", years.folder);
	snprintf(socket_path, sizeof(socket_path), "%s/s", years.folder);
	write_config(config_path);
	client_start(years.world, socket_path);
	if (config_load(config_path, &config, NULL, NULL, &e)) {
		fprintf(stderr, "years: %s\n", e.text);
		return 1;
	}
	log_init((enum log_level)config.log_level);
	signal(SIGPIPE, SIG_IGN);
	signals_block();
	parse_global_init();
	code = server_run(&options, &config);
	parse_global_finish();
	return code;
}

static double growth(size_t first, size_t last)
{
	return 100.0 * ((double)last - (double)first) / (double)first;
}

/* Days are alike but for chance: three count together. What is resident beside the heap in use are
 * pages that malloc() cannot give back for a few bytes in them: some per cent more or less by the
 * day.
 */
static struct sample three_from(int day)
{
	const struct sample *s = &years.samples[day];

	return (struct sample){.heap = s[0].heap + s[1].heap + s[2].heap,
		.rss = s[0].rss + s[1].rss + s[2].rss,
		.descriptors = s[2].descriptors};
}

static int judge(void)
{
	const struct sample first = three_from(FIRST_DAY), last = three_from(years.days - 2);
	double heap = growth(first.heap, last.heap), rss = growth(first.rss, last.rss);
	int descriptors = last.descriptors - first.descriptors;

	printf("{\"heap %% after day 2\":%.2f,\"rss %% after day 2\":%.2f,\"descriptors "
	       "more\":%d}\n",
		heap, rss, descriptors);
	return heap <= 1 && rss <= 5 && descriptors <= 0 ? 0 : 1;
}

static void remove_folder(void)
{
	static const char *const names[] = {"tidings.conf", "tidings.db", "tidings.db.lock", "s"};
	char path[512];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", years.folder, names[i]);
		remove(path);
	}
	rmdir(years.folder);
}

int main(int argc, char **argv)
{
	const char *tmp = getenv("TMPDIR");
	int code;

	years.world = mmap(NULL, sizeof(*years.world), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, 0, 0);
	years.days = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 30;
	snprintf(years.folder, sizeof(years.folder), "%s/tidings-years-XXXXXX", tmp ? tmp : "/tmp");
	if (years.world == MAP_FAILED || years.days < 8 || years.days > DAYS_MAX ||
		!mkdtemp(years.folder)) {
		fprintf(stderr, "usage: years [DAYS [FEEDS]], eight days at least\n");
		return 2;
	}
	years.world->feeds = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 1000;
	years.world->begin_ms = 1798761600000; /* 2027 */
	years.world->now_ms = years.world->begin_ms;
	years.end_ms = years.world->begin_ms + DAY_MS;
	setenv("UV_THREADPOOL_SIZE", "4", 0);
	clock_gettime(CLOCK_MONOTONIC, &years.began);
	web_start(years.world);
	code = run();
	remove_folder();
	return code ? code : judge();
}
