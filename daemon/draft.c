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

/* What each item is written into in its turn. */
struct scratch {
	struct buf text;
	struct buf summary, content; /* as lines */
};

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

static int take_lines(const struct item *item, struct scratch *s)
{
	const char *const html[] = {item->summary, item->content};
	struct buf *const lines[] = {&s->summary, &s->content};

	for (size_t i = 0; i < sizeof(html) / sizeof(html[0]); i++) {
		buf_reset(lines[i]);
		if (html[i])
			parse_line(html[i], lines[i]);
		if (buf_status(lines[i]) == ERR_NOMEM)
			return ERR_NOMEM;
	}
	return 0;
}

/* Where the words stand, in its summary or its content, is no matter. */
static int64_t hash_words(const struct item *item, const struct scratch *s)
{
	int64_t words = hash_part(0, item->title);

	if (s->summary.len)
		words = hash_part(words, buf_string(&s->summary));
	return s->content.len ? hash_part(words, buf_string(&s->content)) : words;
}

static int take_excerpt(
	const struct item *item, struct arena *a, struct scratch *s, struct draft *draft)
{
	const struct buf *line = item->summary ? &s->summary : &s->content;

	parse_excerpt(buf_string(line), line->len, EXCERPT_MAX, &s->text);
	return keep(&s->text, a, &draft->row.excerpt);
}

/* What is older costs no more than its identity. */
static int take_fingerprint(const struct item *item, int64_t now_ms, struct arena *a,
	struct scratch *s, struct draft *draft)
{
	const struct buf *line = item->content ? &s->content : &s->summary;
	int rv;

	draft->recent =
		now_ms != TIME_NONE &&
		grouping_takes(
			item->published_ms == TIME_NONE ? now_ms : item->published_ms, now_ms);
	if (!draft->recent)
		return 0;
	parse_excerpt(buf_string(line), line->len, FINGERPRINT_TEXT_MAX, &s->text);
	rv = buf_status(&s->text);
	if (!rv)
		rv = fingerprint_make(item->title, buf_string(&s->text), a, &draft->fingerprint);
	buf_reset(&s->text);
	return rv;
}

static int fill(const struct item *item, int64_t key, struct arena *a, struct scratch *s,
	struct draft *draft)
{
	static void (*const put[])(const struct item *, struct buf *) = {
		put_authors, put_enclosures, put_categories};
	struct item_draft *row = &draft->row;
	const char **const target[] = {&row->author, &row->enclosures, &row->categories};
	int rv = canonical_key(item->link, a, &draft->url_key);

	row->item = item;
	row->key = key;
	row->digest = identity_digest(item);
	if (!rv)
		rv = take_lines(item, s);
	if (!rv)
		rv = take_excerpt(item, a, s, draft);
	row->words = hash_words(item, s);
	for (size_t i = 0; i < sizeof(put) / sizeof(put[0]) && !rv; i++) {
		put[i](item, &s->text);
		rv = keep(&s->text, a, target[i]);
	}
	return rv;
}

/* Fills in the drafts from the last one down. */
static int fill_all(const struct feed_content *feed, const int64_t *keys, int64_t now_ms,
	struct arena *a, struct draft **first)
{
	struct scratch s;
	struct map seen = {0};
	size_t index = 0;
	int rv = 0;

	buf_init(&s.text, PARSE_ITEM_BYTES_MAX);
	buf_init(&s.summary, PARSE_ITEM_BYTES_MAX);
	buf_init(&s.content, PARSE_ITEM_BYTES_MAX);
	for (const struct item *item = feed->items; item && !rv; item = item->next, index++) {
		if (map_get(&seen, keys[index]))
			continue;
		rv = map_put(&seen, keys[index], *first);
		if (!rv)
			rv = fill(item, keys[index], a, &s, --*first);
		if (!rv)
			rv = take_fingerprint(item, now_ms, a, &s, *first);
	}
	map_finish(&seen);
	buf_finish(&s.content);
	buf_finish(&s.summary);
	buf_finish(&s.text);
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
