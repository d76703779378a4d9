/* Is this the same item, and did it change? */
#include "story/identity.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/hash.h"
#include "base/map.h"
#include "limits.h"

static bool given(const char *s)
{
	return s && *s;
}

/* A site that moves to https has the same items. */
static const char *without_scheme(const char *url)
{
	if (strncasecmp(url, "http:", 5) == 0)
		return url + 5;
	return strncasecmp(url, "https:", 6) == 0 ? url + 6 : url;
}

/* The first part names the kind of key, so that a guid never equals a link. 0: there is none. */
static int64_t key_of(const char *kind, const char *text)
{
	return given(text) ? hash_part(hash_part(0, kind), without_scheme(text)) : 0;
}

static int64_t guid_key(const struct item *item)
{
	return key_of("guid", item->id);
}

static int64_t link_key(const struct item *item)
{
	return key_of("link", item->link);
}

static int64_t text_key(const struct item *item)
{
	const char *const text[] = {NULL, item->title, item->summary, item->content};
	int64_t key = hash_part(0, "text");

	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		key = hash_part(key, text[i]);
	return key;
}

/* Of what several items link to only the title tells them apart, so that their texts may change. */
static int64_t titled_key(const struct item *item)
{
	if (given(item->link) && given(item->title))
		return hash_part(link_key(item), item->title);
	return text_key(item);
}

static int64_t dated_key(const struct item *item)
{
	const int64_t both[] = {text_key(item), item->published_ms};

	return item->published_ms == TIME_NONE ? both[0] : hash64(both, sizeof(both));
}

static const char *head_of(const struct item *item)
{
	if (given(item->title))
		return item->title;
	return given(item->summary) ? item->summary : item->content;
}

/* What differs in both is no second version of the same. */
static bool differ(const struct item *a, const struct item *b)
{
	bool same_time = a->published_ms != TIME_NONE && a->published_ms == b->published_ms;

	if (given(a->link) && given(b->link) && link_key(a) != link_key(b))
		return true;
	return !same_time && given(head_of(a)) && given(head_of(b)) &&
	       strcmp(head_of(a), head_of(b)) != 0;
}

static bool differ_in_time(const struct item *a, const struct item *b)
{
	return a->published_ms != b->published_ms;
}

/* A kind of key, and what parts items that have the same one. */
struct kind {
	int64_t (*key)(const struct item *item); /* 0: it has none */
	bool (*differ)(const struct item *a, const struct item *b);
};

/* Stands for the items of a key that different ones have. */
static struct item several;

/* Keeps for each key the first item that has it, preferably one with a link. */
static int note(struct map *seen, const struct kind *kind, struct item *item)
{
	int64_t key = kind->key(item);
	struct item *first = key ? map_get(seen, key) : &several;

	if (first == &several)
		return 0;
	if (first && kind->differ(first, item))
		return map_put(seen, key, &several);
	return !first || !given(first->link) ? map_put(seen, key, item) : 0;
}

/* Keys of one kind for those that have none yet. */
static int take_keys(const struct feed_content *feed, const struct kind *kind, int64_t *keys)
{
	struct map seen = {0};
	size_t index = 0;
	int rv = 0;

	for (struct item *item = feed->items; item && !rv; item = item->next, index++)
		rv = keys[index] ? 0 : note(&seen, kind, item);
	index = 0;
	for (const struct item *item = feed->items; item && !rv; item = item->next, index++) {
		int64_t key = keys[index] ? 0 : kind->key(item);

		if (key && map_get(&seen, key) != &several)
			keys[index] = key;
	}
	map_finish(&seen);
	return rv;
}

int identity_keys(const struct feed_content *feed, enum identity_rule rule, int64_t *keys)
{
	static const struct kind kinds[] = {
		[IDENTITY_GUID] = {guid_key, differ},
		[IDENTITY_LINK] = {link_key, differ},
		[IDENTITY_TEXT] = {titled_key, differ_in_time},
	};
	size_t index = 0;
	int rv = 0;

	memset(keys, 0, feed->item_count * sizeof(*keys));
	for (unsigned kind = rule; rule != IDENTITY_TEXT && kind <= IDENTITY_TEXT && !rv; kind++)
		rv = take_keys(feed, &kinds[kind], keys);
	for (const struct item *item = feed->items; item && !rv; item = item->next, index++)
		keys[index] = keys[index] ? keys[index] : dated_key(item);
	return rv;
}

int64_t identity_digest(const struct item *item)
{
	const char *const text[] = {item->title, item->link, item->summary, item->content};
	int64_t digest = 0;

	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		digest = hash_part(digest, text[i]);
	for (const struct person *p = item->authors; p; p = p->next)
		digest = hash_part(digest, p->name);
	digest = hash_part(digest, "enclosures");
	for (const struct enclosure *e = item->enclosures; e; e = e->next)
		digest = hash_part(digest, e->url);
	digest = hash_part(digest, "categories");
	for (const struct category *c = item->categories; c; c = c->next)
		digest = hash_part(digest, c->name);
	return digest;
}

enum edit identity_edit(
	const struct item_mark *stored, const struct item_mark *received, int64_t now_ms)
{
	if (stored->digest != received->digest)
		return stored->words && stored->words == received->words ? EDIT_MARKUP : EDIT_TEXT;
	return received->updated_ms > stored->updated_ms &&
			       received->updated_ms <= now_ms - ITEM_SETTLE_MS
		       ? EDIT_DATE
		       : EDIT_NONE;
}
