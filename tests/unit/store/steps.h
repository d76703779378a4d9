/* What the tests of feeds share: one step of a configuration, a list or the socket, and feeds as a
 * line of text. */
#ifndef TESTS_UNIT_STORE_STEPS_H
#define TESTS_UNIT_STORE_STEPS_H

#include "fixture.h"

#define CONFIG FEED_OWNER_CONFIG
#define LIST   FEED_OWNER_LIST

struct declared {
	const char *section, *url, *name, *folder;
	int64_t interval_ms, interval_min_ms, interval_max_ms;
};

struct step {
	enum feed_owner owner; /* 0: the step is `url` added through the socket */
	struct declared declared[4];
	const char *url;
	struct feed_sync_counts counts; /* added, changed, detached, attached */
	/* "id:section:url:folder" of each feed in order, "-" for none; "!" in front of what is
	 * detached */
	const char *feeds;
};

struct text {
	char bytes[1024];
};

static inline int describe(void *ctx, const struct feed *feed)
{
	struct text *t = ctx;
	size_t len = strlen(t->bytes);

	snprintf(t->bytes + len, sizeof(t->bytes) - len, "%s%s%lld:%s:%s:%s", len ? " " : "",
		feed->detached_ms == TIME_NONE ? "" : "!", (long long)feed->id,
		feed->section ? feed->section : "-", feed->url, feed->folder ? feed->folder : "-");
	return 0;
}

struct sync_job {
	const struct step *step;
	struct feed_sync_counts counts;
	int64_t id;
};

static inline int take_step(struct store_tx *tx, void *arg, struct err *e)
{
	struct feed_declaration declarations[4];
	struct sync_job *job = arg;
	size_t count = 0;

	if (!job->step->owner)
		return add_feed(tx, job->step->url, NULL, &job->id, e);
	for (; count < 4 && job->step->declared[count].url; count++) {
		const struct declared *d = &job->step->declared[count];

		declarations[count] = (struct feed_declaration){.section = d->section,
			.url = d->url,
			.name = d->name,
			.folder = d->folder,
			.interval_ms = d->interval_ms,
			.interval_min_ms = d->interval_min_ms,
			.interval_max_ms = d->interval_max_ms};
	}
	return feeds_sync(tx, job->step->owner, declarations, count, NOW, &job->counts, e);
}

static inline void run_step(struct fixture *f, struct step step)
{
	struct sync_job job = {.step = &step};

	must_write(f, take_step, &job);
}

#endif
