/* A document shows items that nobody knows by their keys: which of them are old ones whose ids or
 * addresses have changed? */
#include "story/rekey.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/map.h"
#include "base/times.h"
#include "base/url.h"
#include "story/tokens.h"

#define HOUR_MS (3600 * 1000LL)

enum {
	TEXT_LEAST = 24, /* bytes; "Read more" is many items' text */
	TEXT_WORDS = 12, /* what comes later is cut or added to more often */
	WHOLE_PAIRS = 3, /* fewer may be chance */
};

#define BIT(mark) (1U << (mark))
#define LINK      BIT(MARK_LINK)
#define PATH      BIT(MARK_PATH)
#define TITLE     BIT(MARK_TITLE)
#define TEXT      BIT(MARK_TEXT)
#define TIME      BIT(MARK_TIME)

/* An item that is edited may be dated anew; the next day's under the same title is another one. */
#define EDITED_MS (20 * HOUR_MS)
/* A server that has moved may be in another time zone. */
#define ZONE_MS (14 * HOUR_MS)

/* What is enough: in any document, among items that are known, or only where most of the document
 * agrees with something old. The stronger come first, since what they take is no longer in the
 * others' way. */
static const struct sign {
	unsigned same;    /* these agree */
	unsigned unlike;  /* these do not all differ */
	int64_t apart_ms; /* the times at the most, where both have one; -1: any */
	enum { ALWAYS, AMONG, WHOLE } where;
} signs[] = {
	{LINK | TIME, 0, 0, ALWAYS},
	{TITLE | TEXT | TIME, 0, 0, ALWAYS},
	{PATH | TIME, 0, 0, ALWAYS},
	{LINK | TITLE, 0, EDITED_MS, ALWAYS},
	{LINK | TEXT, 0, EDITED_MS, ALWAYS},
	{PATH | TITLE | TEXT, 0, 0, ALWAYS},
	{TITLE | TIME, LINK, 0, ALWAYS},
	{TEXT | TIME, TITLE, 0, ALWAYS},
	{TEXT | TIME, 0, 0, AMONG},
	{TITLE | TIME, 0, 0, WHOLE},
	{PATH | TITLE, 0, ZONE_MS, WHOLE},
	{PATH | TEXT, 0, ZONE_MS, WHOLE},
	{TITLE | TEXT, 0, ZONE_MS, WHOLE},
	{LINK | TITLE, TEXT, -1, WHOLE},
	{LINK | TEXT, TITLE, -1, WHOLE},
	{LINK, 0, ZONE_MS, WHOLE},
	{PATH, TITLE | TEXT, ZONE_MS, WHOLE},
	{TITLE, TEXT, ZONE_MS, WHOLE},
	{TEXT, TITLE, ZONE_MS, WHOLE},
};

/* -- marks -- */

/* The first words. Case, blanks and punctuation say nothing, unless there is nothing else. */
static int64_t fold(const char *text, int most)
{
	struct token token;
	struct tokens t;
	int64_t words = 0;

	tokens_init(&t, text, strlen(text));
	while (most-- > 0 && tokens_next(&t, &token)) {
		const int64_t both[] = {words, token.word};

		words = hash64(both, sizeof(both));
	}
	return words || !*text ? words : hash64(text, strlen(text));
}

void rekey_describe(struct rekey_item *item, const char *title, const char *link, int64_t url_key,
	const char *text, int64_t published_ms)
{
	const char *path = link && url_is_http(link) ? url_target(link) : NULL;
	int64_t *marks = item->marks;

	memset(item, 0, sizeof(*item));
	marks[MARK_LINK] = url_key;
	marks[MARK_PATH] = path && strlen(path) > 1 ? hash64(path, strlen(path)) : 0;
	marks[MARK_TITLE] = title ? fold(title, INT_MAX) : 0;
	if (text && strlen(text) >= TEXT_LEAST && fold(text, INT_MAX) != marks[MARK_TITLE])
		marks[MARK_TEXT] = fold(text, TEXT_WORDS);
	marks[MARK_TIME] = published_ms == TIME_NONE ? 0 : published_ms;
}

/* -- matching -- */

/* Stands for the items of a number that several have. */
static struct rekey_item several;

static int note(struct map *seen, int64_t number, struct rekey_item *item)
{
	if (!number)
		return 0;
	return map_put(seen, number, map_get(seen, number) ? &several : item);
}

/* What stands on two items of the document says of neither what it is. */
static int drop_shared(struct rekey *r, enum rekey_mark mark)
{
	struct map seen = {0};
	int rv = 0;

	for (size_t i = 0; i < r->now_count && !rv; i++)
		rv = note(&seen, r->now[i].marks[mark], &r->now[i]);
	for (size_t i = 0; i < r->now_count && !rv; i++) {
		if (map_get(&seen, r->now[i].marks[mark]) == &several)
			r->now[i].marks[mark] = 0;
	}
	map_finish(&seen);
	return rv;
}

/* The marks that are to agree as one number; 0: it lacks one. */
static int64_t combine(const struct rekey_item *item, unsigned marks)
{
	int64_t numbers[MARKS] = {0};

	for (int i = 0; i < MARKS; i++) {
		if (!(marks & BIT(i)))
			continue;
		if (!item->marks[i])
			return 0;
		numbers[i] = item->marks[i];
	}
	return hash64(numbers, sizeof(numbers));
}

/* The same item stored several times counts as the last one alone. */
static int drop_copies(struct rekey *r)
{
	struct map seen = {0};
	int rv = 0;

	for (size_t i = 0; i < r->old_count && !rv; i++) {
		int64_t all = combine(&r->old[i], LINK | TITLE | TEXT);

		if (all && map_get(&seen, all))
			memset(r->old[i].marks, 0, sizeof(r->old[i].marks));
		else if (all)
			rv = map_put(&seen, all, &r->old[i]);
	}
	map_finish(&seen);
	return rv;
}

static bool differ(const struct rekey_item *a, const struct rekey_item *b, int mark)
{
	return a->marks[mark] && b->marks[mark] && a->marks[mark] != b->marks[mark];
}

static bool fits(const struct sign *s, const struct rekey_item *a, const struct rekey_item *b)
{
	unsigned unlike = 0;

	if (s->apart_ms >= 0 && differ(a, b, MARK_TIME) &&
		llabs(a->marks[MARK_TIME] - b->marks[MARK_TIME]) > s->apart_ms)
		return false;
	for (int i = 0; i < MARKS; i++)
		unlike |= differ(a, b, i) ? BIT(i) : 0;
	return !s->unlike || (unlike & s->unlike) != s->unlike;
}

static int note_all(struct rekey_item *items, size_t count, const struct sign *s, struct map *seen)
{
	int rv = 0;

	for (size_t i = 0; i < count && !rv; i++)
		rv = items[i].same ? 0 : note(seen, combine(&items[i], s->same), &items[i]);
	return rv;
}

static int try_sign(struct rekey *r, const struct sign *s)
{
	struct map old = {0}, now = {0};
	int rv = note_all(r->old, r->old_count, s, &old);

	if (!rv)
		rv = note_all(r->now, r->now_count, s, &now);
	for (size_t i = 0; i < r->now_count && !rv; i++) {
		struct rekey_item *item = &r->now[i], *was;
		int64_t number = item->known || item->same ? 0 : combine(item, s->same);

		was = number ? map_get(&old, number) : NULL;
		if (!was || was == &several || map_get(&now, number) != item || !fits(s, was, item))
			continue;
		was->same = item;
		item->same = was;
		r->pairs++;
	}
	map_finish(&old);
	map_finish(&now);
	return rv;
}

static int try_signs(struct rekey *r, int from, int to)
{
	int rv = 0;

	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]) && !rv; i++) {
		int where = (int)signs[i].where;

		rv = where >= from && where <= to ? try_sign(r, &signs[i]) : 0;
	}
	return rv;
}

static int try_strong(struct rekey *r)
{
	r->pairs = 0;
	for (size_t i = 0; i < r->old_count; i++)
		r->old[i].same = NULL;
	for (size_t i = 0; i < r->now_count; i++)
		r->now[i].same = NULL;
	return try_signs(r, ALWAYS, r->known ? AMONG : ALWAYS);
}

/* What the weaker signs have found is taken back where it is not the most of the document. */
static int try_weak(struct rekey *r, size_t unknown)
{
	size_t strong = r->pairs;
	int rv;

	if (unknown < WHOLE_PAIRS || unknown <= r->known)
		return 0;
	rv = try_signs(r, AMONG, WHOLE);
	if (rv || r->pairs == strong || (r->pairs >= WHOLE_PAIRS && r->pairs > r->known))
		return rv;
	return try_strong(r);
}

int rekey_match(struct rekey *r)
{
	static const enum rekey_mark own[] = {MARK_LINK, MARK_PATH, MARK_TEXT};
	size_t unknown = 0;
	int rv = drop_copies(r);

	for (size_t i = 0; i < r->now_count; i++)
		unknown += !r->now[i].known;
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]) && !rv; i++)
		rv = drop_shared(r, own[i]);
	if (!rv)
		rv = try_strong(r);
	if (!rv)
		rv = try_weak(r, unknown);
	r->whole = !rv && r->pairs > r->known && (r->pairs >= WHOLE_PAIRS || r->pairs == unknown);
	return rv;
}
