/* A database that fails, and one whose files are no longer where they were. */
#include "store/trouble.h"

#include <linux/limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "limits.h"
#include "store/query.h"

#define MS_NS UINT64_C(1000000)

static bool identify(const struct store *s, int file, struct file_id *ret_id)
{
	static const char *const suffixes[STORE_FILES] = {"", "-wal", "-shm"};
	char path[PATH_MAX];
	struct stat st;

	snprintf(path, sizeof(path), "%s%s", s->path, suffixes[file]);
	if (stat(path, &st) < 0)
		return false;
	*ret_id = (struct file_id){st.st_dev, st.st_ino};
	return true;
}

int trouble_remember_files(struct store *s, struct err *e)
{
	for (int i = 0; i < STORE_FILES; i++) {
		if (!identify(s, i, &s->files[i]))
			return err_set(e, ERR_IO, "%s: the log could not be opened", s->path);
	}
	return 0;
}

int trouble_look_at_files(const struct store *s, struct err *e)
{
	struct file_id is;

	for (int i = 0; i < STORE_FILES; i++) {
		if (!identify(s, i, &is) || is.dev != s->files[i].dev || is.ino != s->files[i].ino)
			return err_set(e, ERR_IO,
				"%s, or a file that goes with it, was moved, removed or replaced:"
				" put the old one back, or stop the daemon to go on with what is"
				" there",
				s->path);
	}
	return 0;
}

/* -- on the store thread -- */

/* By its name the log may be taken for another database's, or be lost: what it holds goes to the
 * file that it belongs to, wherever that is. */
int trouble_check_files(struct store *s, struct err *e)
{
	int status = trouble_look_at_files(s, e);

	if (!status)
		return 0;
	(void)db_exec(&s->db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL);
	s->db.trouble = *e;
	return status;
}

static void try_in(struct store *s, uint64_t wait_ns)
{
	struct writer *w = &s->writer;

	w->retry_ns = wait_ns < STORE_TRY_MAX_MS * MS_NS ? wait_ns : STORE_TRY_MAX_MS * MS_NS;
	w->retry_at_ns = uv_hrtime() + w->retry_ns;
}

/* One error is enough to mistrust it, and only what was written clears it. */
void trouble_judge(struct store *s, bool wrote)
{
	struct writer *w = &s->writer;
	const struct err *seen = &s->db.trouble;
	struct err now = w->trouble; /* nobody else writes it */

	if (now.code == ERR_CORRUPT)
		return; /* it lasts */
	if (seen->code && !now.code) {
		bool again = w->healed_at_ns &&
			     uv_hrtime() - w->healed_at_ns < STORE_TRY_CALM_MS * MS_NS;

		try_in(s, again ? 2 * w->retry_ns : s->retry_ns);
	} else if (!seen->code && now.code && wrote) {
		w->healed_at_ns = uv_hrtime();
	}
	if (!seen->code && !wrote)
		return;
	uv_mutex_lock(&w->mutex);
	w->trouble = seen->code ? *seen : (struct err){0};
	uv_mutex_unlock(&w->mutex);
}

void trouble_try(struct store *s)
{
	struct writer *w = &s->writer;
	struct err e;
	int status;

	s->db.trouble.code = 0;
	status = trouble_check_files(s, &e);
	if (status == 0)
		status = query_exec_values(&w->tx, NULL,
			"INSERT OR REPLACE INTO meta (key, value) VALUES ('tried', julianday())",
			NO_VALUES);
	trouble_judge(s, status == 0);
	try_in(s, 2 * w->retry_ns);
	uv_async_send(&s->report);
}

/* -- on the loop thread -- */

void trouble_tell(struct store *s, const struct err *trouble)
{
	bool same = trouble->code == s->trouble.code && strcmp(trouble->text, s->trouble.text) == 0;

	s->trouble = *trouble;
	if (same)
		return;
	if (trouble->code == ERR_CORRUPT)
		s->unverified = true; /* the next start looks */
	if (trouble->code)
		log_event(LOG_ERROR, "database.failing", "database=%s code=%s error=%s note=%s",
			s->path, err_name(trouble->code), trouble->text,
			trouble->code == ERR_CORRUPT
				? "no feed is polled any more: see tidings db check"
				: "no feed is polled until it works again");
	else
		log_event(LOG_INFO, "database.recovered", "database=%s", s->path);
	if (s->troubled)
		s->troubled(s->troubled_ctx);
}

const struct err *store_trouble(const struct store *s)
{
	return &s->trouble;
}

void store_watch(struct store *s, void (*changed)(void *ctx), void *ctx)
{
	s->troubled = changed;
	s->troubled_ctx = ctx;
}
