/* How much there is to read of each feed and category, as Miniflux counts it. */
#include <stdio.h>
#include <string.h>

#include "api/miniflux.h"
#include "store/counts.h"
#include "store/folders.h"

/* Feeds are found by their folders, of which there are FOLDERS_MAX, without looking at all. */
enum { HEADS = 512 };

struct counted {
	struct counted *next, *alike; /* ... of those whose folders have the same head */
	int64_t feed, folder, total, unread;
};

struct counting {
	struct arena *arena;
	struct counted *first, **last;
	struct counted *at; /* counts come in the order of feeds, too */
	struct counted *heads[HEADS];
	bool full;
};

struct counted_query {
	bool stories;
};

int miniflux_parse_counted(struct http_request *r)
{
	struct counted_query *q = request_query(r, sizeof(*q));

	if (!q)
		return ERR_NOMEM;
	q->stories = r->stories;
	return 0;
}

static int note_feed(void *ctx, const struct feed *feed)
{
	struct counting *c = ctx;
	struct counted *one = arena_alloc(c->arena, sizeof(*one));
	struct counted **head = &c->heads[feed->folder_id % HEADS];

	c->full = !one;
	if (!one)
		return 1;
	*one = (struct counted){.alike = *head, .feed = feed->id, .folder = feed->folder_id};
	*head = one;
	*c->last = one;
	c->last = &one->next;
	return 0;
}

static struct counted *find_counted(struct counting *c, int64_t feed)
{
	while (c->at && c->at->feed < feed)
		c->at = c->at->next;
	return c->at && c->at->feed == feed ? c->at : NULL;
}

static void note_unread(void *ctx, const struct counts *counts)
{
	struct counted *one = counts->of == COUNTS_FEEDS ? find_counted(ctx, counts->id) : NULL;

	if (one)
		one->unread = counts->unread;
}

static void note_total(void *ctx, int64_t feed, int64_t total)
{
	struct counted *one = find_counted(ctx, feed);

	if (one)
		one->total = total;
}

/* Of stories those that lists have under each feed. */
static int count_feeds(
	struct store_tx *tx, struct http_request *r, struct counting *c, struct err *e)
{
	static const struct feed_filter filter = {.detached = true};
	const struct counted_query *q = r->query;
	int code;

	c->arena = &r->arena;
	c->last = &c->first;
	code = feeds_list(tx, &filter, note_feed, c, e);
	if (code == 0 && c->full)
		code = err_set(e, ERR_NOMEM, NULL);
	c->at = c->first;
	if (code == 0)
		code = (q->stories ? counts_list_stories : counts_list)(tx, note_unread, c, e);
	c->at = c->first;
	if (code == 0)
		code = counts_list_totals(tx, q->stories, note_total, c, e);
	return code;
}

int miniflux_run_counters(struct store_tx *tx, struct http_request *r, struct err *e)
{
	struct counting counts = {0};
	char key[24];
	struct json j;
	int code = count_feeds(tx, r, &counts, e);

	if (code < 0)
		return code;
	answer_begin(r, &j);
	for (int unread = 0; unread < 2; unread++) {
		json_put_object(&j, unread ? "unreads" : "reads");
		for (const struct counted *c = counts.first; c; c = c->next) {
			snprintf(key, sizeof(key), "%lld", (long long)c->feed);
			json_put_int(&j, key, unread ? c->unread : c->total - c->unread);
		}
		json_end(&j);
	}
	answer_end(&j);
	return 0;
}

/* -- categories -- */

struct categories {
	struct json j;
	struct counting counts;
	bool counted;
};

static void put_listed(struct categories *l, int64_t id, const char *title)
{
	int64_t feeds = 0, unread = 0;

	miniflux_begin_category(&l->j, NULL, id, title);
	for (const struct counted *c = l->counts.heads[id % HEADS]; c; c = c->alike) {
		feeds += c->folder == id;
		unread += c->folder == id ? c->unread : 0;
	}
	if (l->counted) {
		json_put_int(&l->j, "feed_count", feeds);
		json_put_int(&l->j, "total_unread", unread);
	}
	json_end(&l->j);
}

static void put_folder(void *ctx, const struct folder *folder)
{
	put_listed(ctx, folder->id, folder->name);
}

/* That of feeds in no folder is always there: it is where new ones go. */
int miniflux_run_categories(struct store_tx *tx, struct http_request *r, struct err *e)
{
	const char *counts = form_text(&r->form, "counts");
	struct categories l = {.counted = counts && strcmp(counts, "true") == 0};
	int code = l.counted ? count_feeds(tx, r, &l.counts, e) : 0;

	if (code < 0)
		return code;
	json_init(&l.j, &r->out);
	json_put_array(&l.j, NULL);
	code = folders_list(tx, put_folder, &l, e);
	put_listed(&l, 0, NULL);
	answer_end(&l.j);
	return code;
}
