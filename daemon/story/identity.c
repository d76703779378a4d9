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

/* The first part names the kind of key, so that a guid never equals a link. 0: no guid. */
static int64_t guid_key(const struct item *item)
{
	return given(item->id) ? hash_part(hash_part(0, "guid"), without_scheme(item->id)) : 0;
}

static int64_t other_key(const struct item *item)
{
	const char *const text[] = {item->id, item->title, item->summary, item->content};
	int64_t key = hash_part(0, "text");

	if (given(item->link))
		return hash_part(hash_part(0, "link"), without_scheme(item->link));
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		key = hash_part(key, text[i]);
	return key;
}

/* Stands for the item of a guid that is on items with different links. */
static struct item several;

/* Keeps for each guid the first item that has it, preferably one with a link. */
static int note_guid(struct map *guids, struct item *item)
{
	struct item *first = map_get(guids, guid_key(item));

	if (!first || (first != &several && !given(first->link)))
		return map_put(guids, guid_key(item), item);
	if (first == &several || !given(item->link) ||
		strcmp(without_scheme(first->link), without_scheme(item->link)) == 0)
		return 0;
	return map_put(guids, guid_key(item), &several);
}

int identity_keys(const struct feed_content *feed, int64_t *keys)
{
	struct map guids = {0};
	size_t index = 0;
	int rv = 0;

	for (struct item *item = feed->items; item && !rv; item = item->next)
		rv = given(item->id) ? note_guid(&guids, item) : 0;
	for (const struct item *item = feed->items; item && !rv; item = item->next) {
		int64_t guid = guid_key(item);

		keys[index++] = guid && map_get(&guids, guid) != &several ? guid : other_key(item);
	}
	map_finish(&guids);
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
