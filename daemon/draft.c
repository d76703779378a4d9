/* Parsed items made ready for the store. */
#include "draft.h"

#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/map.h"
#include "grouping.h"
#include "limits.h"
#include "parse/parse.h"
#include "story/canonical.h"

/* Moves a scratch buffer's text into the arena and empties the buffer; NULL for an empty one, and
 * for what is too long: 500 enclosures with endless addresses must not cost the item. */
static int keep(struct buf *b, struct arena *a, const char **ret_text)
{
	int rv = buf_status(b);
	char *text = NULL;

	if (rv == ERR_TOO_BIG) {
		rv = 0;
	} else if (!rv && b->len) {
		text = arena_strndup(a, b->data, b->len);
		rv = text ? 0 : ERR_NOMEM;
	}
	buf_reset(b);
	if (!rv)
		*ret_text = text;
	return rv;
}

static void put_authors(const struct item *item, struct buf *out)
{
	for (const struct person *p = item->authors; p; p = p->next) {
		const char *name = p->name ? p->name : p->email;

		if (!name)
			continue;
		if (out->len)
			buf_puts(out, ", ");
		buf_puts(out, name);
	}
}

static void put_enclosures(const struct item *item, struct buf *out)
{
	struct json j;

	if (!item->enclosures)
		return;
	json_init(&j, out);
	json_put_array(&j, NULL);
	for (const struct enclosure *e = item->enclosures; e; e = e->next) {
		json_put_object(&j, NULL);
		json_put_string(&j, "url", e->url);
		json_put_string(&j, "type", e->type);
		if (e->length_bytes >= 0)
			json_put_int(&j, "length", e->length_bytes);
		else
			json_put_null(&j, "length");
		json_end(&j);
	}
	json_end(&j);
}

static void put_categories(const struct item *item, struct buf *out)
{
	struct json j;

	if (!item->categories)
		return;
	json_init(&j, out);
	json_put_array(&j, NULL);
	for (const struct category *c = item->categories; c; c = c->next)
		json_put_string(&j, NULL, c->name);
	json_end(&j);
}

static void put_excerpt(const struct item *item, struct buf *out)
{
	const char *html = item->summary ? item->summary : item->content;

	if (html)
		parse_excerpt(html, EXCERPT_MAX, out);
}

/* Where the words stand, in its summary or its content, is no matter. */
static int take_words(const struct item *item, struct buf *scratch, int64_t *ret_words)
{
	const char *const html[] = {item->summary, item->content};
	int rv = 0;

	*ret_words = hash_part(0, item->title);
	for (size_t i = 0; i < sizeof(html) / sizeof(html[0]) && rv != ERR_NOMEM; i++) {
		if (html[i])
			parse_excerpt(html[i], PARSE_ITEM_BYTES_MAX, scratch);
		rv = buf_status(scratch);
		if (!rv && scratch->len)
			*ret_words = hash_part(*ret_words, buf_string(scratch));
		buf_reset(scratch);
	}
	return rv == ERR_NOMEM ? rv : 0;
}

/* What is older costs no more than its identity. */
static int take_fingerprint(const struct item *item, int64_t now_ms, struct arena *a,
	struct buf *scratch, struct draft *draft)
{
	const char *html = item->content ? item->content : item->summary;
	int rv;

	draft->recent =
		now_ms != TIME_NONE &&
		grouping_takes(
			item->published_ms == TIME_NONE ? now_ms : item->published_ms, now_ms);
	if (!draft->recent)
		return 0;
	if (html)
		parse_excerpt(html, FINGERPRINT_TEXT_MAX, scratch);
	rv = fingerprint_make(item->title, buf_string(scratch), a, &draft->fingerprint);
	buf_reset(scratch);
	return rv;
}

static int fill(const struct item *item, int64_t key, struct arena *a, struct buf *scratch,
	struct draft *draft)
{
	static void (*const put[])(const struct item *, struct buf *) = {
		put_authors, put_excerpt, put_enclosures, put_categories};
	struct item_draft *row = &draft->row;
	const char **const target[] = {
		&row->author, &row->excerpt, &row->enclosures, &row->categories};
	int rv = canonical_key(item->link, a, &draft->url_key);

	row->item = item;
	row->key = key;
	row->digest = identity_digest(item);
	if (!rv)
		rv = take_words(item, scratch, &row->words);
	for (size_t i = 0; i < sizeof(put) / sizeof(put[0]) && !rv; i++) {
		put[i](item, scratch);
		rv = keep(scratch, a, target[i]);
	}
	return rv;
}

/* Fills in the drafts from the last one down. */
static int fill_all(const struct feed_content *feed, const int64_t *keys, int64_t now_ms,
	struct arena *a, struct draft **first)
{
	struct buf scratch;
	struct map seen = {0};
	size_t index = 0;
	int rv = 0;

	buf_init(&scratch, PARSE_ITEM_BYTES_MAX);
	for (const struct item *item = feed->items; item && !rv; item = item->next, index++) {
		if (map_get(&seen, keys[index]))
			continue;
		rv = map_put(&seen, keys[index], *first);
		if (!rv)
			rv = fill(item, keys[index], a, &scratch, --*first);
		if (!rv)
			rv = take_fingerprint(item, now_ms, a, &scratch, *first);
	}
	map_finish(&seen);
	buf_finish(&scratch);
	return rv;
}

enum { SHARED_URL_MAX = 3 }; /* items of a document */

/* What many items of a document link to is what they are about, not what they are. */
static int drop_shared_urls(struct draft *drafts, size_t count)
{
	struct map seen = {0};
	int rv = 0;

	for (size_t i = 0; i < count && !rv; i++) {
		uintptr_t times = (uintptr_t)map_get(&seen, drafts[i].url_key);

		if (drafts[i].url_key)
			rv = map_put(&seen, drafts[i].url_key, (void *)(times + 1));
	}
	for (size_t i = 0; i < count && !rv; i++) {
		if ((uintptr_t)map_get(&seen, drafts[i].url_key) > SHARED_URL_MAX)
			drafts[i].url_key = 0;
	}
	map_finish(&seen);
	return rv;
}

int draft_items(const struct feed_content *feed, enum identity_rule rule, int64_t now_ms,
	struct arena *a, struct draft **ret_drafts, size_t *ret_count)
{
	struct draft *drafts, *first;
	int64_t *keys;
	int rv;

	*ret_count = 0;
	if (!feed->item_count)
		return 0;
	drafts = arena_alloc(a, feed->item_count * sizeof(*drafts));
	keys = arena_alloc(a, feed->item_count * sizeof(*keys));
	if (!drafts || !keys)
		return ERR_NOMEM;
	first = drafts + feed->item_count;
	rv = identity_keys(feed, rule, keys);
	if (!rv)
		rv = fill_all(feed, keys, now_ms, a, &first);
	if (rv)
		return rv;
	*ret_drafts = first;
	*ret_count = (size_t)(drafts + feed->item_count - first);
	return drop_shared_urls(first, *ret_count);
}
