/* Documents that were fetched for somebody who only looked: a handful of places. */
#include "kept.h"

#include <stddef.h>
#include <string.h>

static const size_t texts[] = {
	offsetof(struct fetch_result, url),
	offsetof(struct fetch_result, etag),
	offsetof(struct fetch_result, last_modified),
	offsetof(struct fetch_result, content_type),
	offsetof(struct fetch_result, link),
};

static bool copy_texts(struct fetch_result *result, struct arena *arena)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const char **text = (const char **)(void *)((char *)result + texts[i]);

		if (!*text)
			continue;
		*text = arena_strdup(arena, *text);
		if (!*text)
			return false;
	}
	return true;
}

static void forget(struct kept_document *d)
{
	arena_finish(&d->arena);
	buf_finish(&d->body);
	*d = (struct kept_document){0};
}

void kept_expire(struct kept *k, int64_t now_ms)
{
	for (int i = 0; i < KEPT_MOST; i++)
		if (k->documents[i].url && k->documents[i].since_ms <= now_ms - KEPT_MS)
			forget(&k->documents[i]);
}

static struct kept_document *find(struct kept *k, const char *url)
{
	for (int i = 0; i < KEPT_MOST; i++)
		if (k->documents[i].url && strcmp(k->documents[i].url, url) == 0)
			return &k->documents[i];
	return NULL;
}

/* A place for so many bytes. */
static struct kept_document *make_room(struct kept *k, size_t len)
{
	for (;;) {
		struct kept_document *oldest = NULL, *free_one = NULL;
		size_t sum = len;

		for (int i = 0; i < KEPT_MOST; i++) {
			struct kept_document *d = &k->documents[i];

			sum += d->body.len;
			if (!d->url)
				free_one = d;
			else if (!oldest || d->since_ms < oldest->since_ms)
				oldest = d;
		}
		if (free_one && sum <= KEPT_BYTES)
			return free_one;
		forget(oldest);
	}
}

void kept_put(struct kept *k, const char *url, bool page, struct fetch_request *request,
	const struct fetch_result *result, int64_t now_ms)
{
	struct kept_document *d = find(k, url);

	if (d)
		forget(d);
	kept_expire(k, now_ms);
	if (request->body.len > KEPT_BYTES)
		return;
	d = make_room(k, request->body.len);
	arena_init(&d->arena, FETCH_HEAD_MAX);
	d->page = page;
	d->since_ms = now_ms;
	d->result = *result;
	/* found by the address to which it moved; and who asked for a pause was heard */
	d->result.permanent = false;
	d->result.moved_url = d->result.coding = NULL;
	d->result.used_up_ms = -1;
	d->url = arena_strdup(&d->arena, url);
	if (!d->url || !copy_texts(&d->result, &d->arena)) {
		forget(d);
		return;
	}
	d->body = request->body;
	request->body = (struct buf){0};
}

static int64_t less(int64_t ms, int64_t age_ms)
{
	if (ms < 0)
		return ms;
	return ms > age_ms ? ms - age_ms : 0;
}

bool kept_take(struct kept *k, bool page, struct fetch_request *request,
	struct fetch_result *ret_result, int64_t now_ms)
{
	struct kept_document *d;
	int64_t age_ms;

	kept_expire(k, now_ms);
	d = find(k, request->url);
	if (!d || d->page != page)
		return false;
	*ret_result = d->result;
	if (!copy_texts(ret_result, request->arena))
		return false;
	age_ms = now_ms - d->since_ms;
	ret_result->fresh_ms = less(ret_result->fresh_ms, age_ms);
	ret_result->retry_after_ms = less(ret_result->retry_after_ms, age_ms);
	request->body = d->body;
	d->body = (struct buf){0};
	forget(d);
	return true;
}
