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
static int64_t guid_key(const struct item *item)
{
	return given(item->id) ? hash_part(hash_part(0, "guid"), without_scheme(item->id)) : 0;
}

static int64_t link_key(const struct item *item)
{
	return given(item->link) ? hash_part(hash_part(0, "link"), without_scheme(item->link)) : 0;
}

/* Of what several items link to only the title tells them apart, so that their texts may change. */
static int64_t text_key(const struct item *item)
{
	const char *const text[] = {item->id, item->title, item->summary, item->content};
	int64_t key = hash_part(0, "text");

	if (given(item->link) && given(item->title))
		return hash_part(link_key(item), item->title);
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		key = hash_part(key, text[i]);
	return key;
}

static const char *link_of(const struct item *item)
{
	return given(item->link) ? without_scheme(item->link) : NULL;
}

static const char *title_of(const struct item *item)
{
	if (given(item->title))
		return item->title;
	return given(item->summary) ? item->summary : item->content;
}

/* Stands for the item of a name that is on different ones. */
static struct item several;

/* Keeps for each name, a guid or a link, the first item that has it, preferably one that has the
 * text, too, by which different ones are told. Name 0: none. */
static int note(struct map *names, int64_t name, struct item *item,
	const char *(*text_of)(const struct item *))
{
	struct item *first = name ? map_get(names, name) : &several;

	if (!first || (first != &several && !given(text_of(first))))
		return map_put(names, name, item);
	if (first == &several || !given(text_of(item)) ||
		strcmp(text_of(first), text_of(item)) == 0)
		return 0;
	return map_put(names, name, &several);
}

static bool is_name(const struct map *names, int64_t name)
{
	return name && map_get(names, name) != &several;
}

int identity_keys(const struct feed_content *feed, int64_t *keys)
{
	struct map guids = {0}, links = {0};
	size_t index = 0;
	int rv = 0;

	for (struct item *item = feed->items; item && !rv; item = item->next)
		rv = note(&guids, guid_key(item), item, link_of);
	for (struct item *item = feed->items; item && !rv; item = item->next) {
		if (!is_name(&guids, guid_key(item)))
			rv = note(&links, link_key(item), item, title_of);
	}
	for (const struct item *item = feed->items; item && !rv; item = item->next) {
		int64_t guid = guid_key(item), link = link_key(item);

		if (is_name(&guids, guid))
			keys[index++] = guid;
		else
			keys[index++] = is_name(&links, link) ? link : text_key(item);
	}
	map_finish(&guids);
	map_finish(&links);
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
