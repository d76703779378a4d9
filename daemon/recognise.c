/* Which items of a document the database has. */
#include "recognise.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "limits.h"
#include "store/feeds.h"
#include "store/items.h"
#include "store/keep.h"
#include "story/rekey.h"

enum {
	RENEWED_STREAK = 2,    /* documents with new keys until these are thought to be no good */
	SHARED_TIME_ITEMS = 3, /* whose times are the same say nothing by them */
	SPARE_ITEMS = 4,       /* looked at beyond twice the unknown ones */
	NOTE_BYTES = 96,
};

struct search {
	struct store_tx *tx;
	const struct ingest *in;
	struct known *known;
	size_t unknown, known_count;
	/* what the document no longer shows */
	struct map shown; /* items that it does */
	size_t shown_left, beyond;
	int64_t *ids;
	size_t id_count, id_max;

	struct rekey rekey;
	size_t *drafts; /* of rekey.now */
};

/* -- by key -- */

static int find_by_key(struct search *s, size_t i, struct err *e)
{
	const struct item_draft *row = &s->in->drafts[i].row;
	struct known *k = &s->known[i];
	int rv = items_find(s->tx, s->in->feed, row->key, &k->id, &k->mark, e);

	if (!rv && !k->id)
		rv = keep_was_dropped(s->tx, s->in->feed, row->key, s->in->now_ms, &k->dropped, e);
	s->known_count += k->id != 0;
	s->unknown += !k->id && !k->dropped;
	return rv;
}

/* -- what is looked at -- */

static int choose(void *ctx, int64_t id)
{
	struct search *s = ctx;

	if (map_get(&s->shown, id)) {
		s->shown_left--;
		return 0;
	}
	s->ids[s->id_count++] = id;
	/* what news have pushed out is older than all that is shown */
	s->beyond += s->known_count && !s->shown_left;
	return s->id_count == s->id_max || s->beyond == s->unknown;
}

static int choose_old(struct search *s, struct err *e)
{
	int rv = 0;

	s->id_max = 2 * s->unknown + SPARE_ITEMS;
	if (s->id_max > RECOGNISE_ITEMS_MAX)
		s->id_max = RECOGNISE_ITEMS_MAX;
	s->ids = calloc(s->id_max, sizeof(*s->ids));
	s->rekey.old = calloc(s->id_max, sizeof(*s->rekey.old));
	s->rekey.now = calloc(s->in->count, sizeof(*s->rekey.now));
	s->drafts = calloc(s->in->count, sizeof(*s->drafts));
	if (!s->ids || !s->rekey.old || !s->rekey.now || !s->drafts)
		rv = ERR_NOMEM;
	for (size_t i = 0; i < s->in->count && !rv; i++) {
		if (s->known[i].id)
			rv = map_put(&s->shown, s->known[i].id, s);
	}
	s->shown_left = s->shown.count;
	if (rv)
		return err_set(e, rv, NULL);
	return items_newest(s->tx, s->in->feed, (int)(s->shown.count + s->id_max), choose, s, e);
}

/* Times that all items of a document share are those of the document. */
static bool has_times(const struct ingest *in)
{
	for (size_t i = 1; i < in->count; i++) {
		if (in->drafts[i].row.item->published_ms != in->drafts[0].row.item->published_ms)
			return true;
	}
	return in->count < SHARED_TIME_ITEMS;
}

static int describe_old(struct search *s, struct err *e)
{
	bool links = s->in->rule != IDENTITY_TEXT;
	int rv = 0;

	s->rekey.old_count = s->id_count;
	for (size_t i = 0; i < s->id_count && !rv; i++) {
		struct item_face face;
		struct arena a;

		arena_init(&a, 2 * PARSE_ITEM_BYTES_MAX);
		rv = items_get_face(s->tx, s->ids[i], &a, &face, e);
		if (!rv)
			rekey_describe(&s->rekey.old[i], face.title, links ? face.link : NULL,
				links ? face.url_key : 0, face.excerpt, face.published_ms);
		arena_finish(&a);
	}
	return rv;
}

static void describe_drafts(struct search *s, bool known)
{
	bool links = s->in->rule != IDENTITY_TEXT, times = has_times(s->in);

	for (size_t i = 0; i < s->in->count; i++) {
		const struct draft *draft = &s->in->drafts[i];
		const struct item *item = draft->row.item;
		struct rekey_item *now = &s->rekey.now[s->rekey.now_count];

		if (s->known[i].dropped || (s->known[i].id != 0) != known)
			continue;
		rekey_describe(now, item->title, links ? item->link : NULL,
			links ? draft->url_key : 0, draft->row.excerpt,
			times ? item->published_ms : TIME_NONE);
		now->known = known;
		s->drafts[s->rekey.now_count++] = i;
	}
}

/* -- what was found -- */

/* The known ones are in the way of mistakes alone, and mostly there are none. */
static int match(struct search *s, struct err *e)
{
	int rv;

	s->rekey.known = s->known_count;
	describe_drafts(s, false);
	rv = rekey_match(&s->rekey);
	if (!rv && s->rekey.pairs && s->known_count) {
		describe_drafts(s, true);
		rv = rekey_match(&s->rekey);
	}
	return rv ? err_set(e, rv, NULL) : 0;
}

static void take_pairs(struct search *s)
{
	for (size_t i = 0; i < s->rekey.now_count; i++) {
		const struct rekey_item *old = s->rekey.now[i].same;
		struct known *k = &s->known[s->drafts[i]];

		if (!old)
			continue;
		k->id = s->ids[old - s->rekey.old];
		k->rekeyed = true;
	}
}

/* When the oldest item of the document was published that is still there; TIME_NONE: not known. */
static int64_t oldest_ms(const struct search *s)
{
	int64_t oldest = INT64_MAX;

	for (size_t i = 0; i < s->in->count; i++) {
		int64_t time_ms = s->in->drafts[i].row.item->published_ms;

		if (s->known[i].id && time_ms != TIME_NONE && time_ms < oldest)
			oldest = time_ms;
	}
	return oldest == INT64_MAX ? TIME_NONE : oldest;
}

/* Those that were dropped have new keys, too, and nothing is left to recognise them by but that
 * they are older than all that were kept. */
static int drop_again(struct search *s, struct err *e)
{
	int64_t before_ms = oldest_ms(s), *keys = calloc(s->in->count, sizeof(*keys));
	size_t count = 0, taken;
	int rv;

	if (!keys)
		return err_set(e, ERR_NOMEM, NULL);
	for (size_t i = s->in->count; i-- > 0;) {
		const struct item_draft *row = &s->in->drafts[i].row;

		if (!s->known[i].id && !s->known[i].dropped &&
			row->item->published_ms < before_ms &&
			row->item->published_ms != TIME_NONE) {
			s->drafts[count] = i;
			keys[count++] = row->key;
		}
	}
	taken = count;
	rv = count ? keep_drop_again(s->tx, s->in->feed, keys, &taken, s->in->now_ms, e) : 0;
	for (size_t n = 0; n < taken && !rv; n++)
		s->known[s->drafts[n]].dropped = true;
	free(keys);
	return rv;
}

static int search(struct search *s, struct err *e)
{
	int rv = choose_old(s, e);

	if (!rv)
		rv = describe_old(s, e);
	if (!rv && s->id_count)
		rv = match(s, e);
	if (!rv)
		take_pairs(s);
	if (!rv && s->rekey.whole)
		rv = drop_again(s, e);
	return rv;
}

/* -- the feed's rule -- */

struct note {
	struct identity_note of;
	enum identity_rule rule;
};

/* Most feeds have nothing to be noted. */
#define NOTHING "none 0 0 0 0 0"

static int write_note(const struct search *s, const struct note *n, struct err *e)
{
	char text[NOTE_BYTES];

	snprintf(text, sizeof(text), "%s %lld %lld %lld %lld %lld", n->of.reason,
		(long long)n->of.since_ms, (long long)n->of.items, (long long)n->of.streak,
		(long long)n->of.rekeyed_ms, (long long)n->of.rekeyed_items);
	if (strcmp(text, s->in->identity_note ? s->in->identity_note : NOTHING) == 0)
		return 0;
	return feeds_set_identity(s->tx, s->in->feed, (int)n->rule, text, e);
}

static void change_rule(const struct search *s, struct note *n, enum identity_rule rule,
	const char *reason, size_t items)
{
	snprintf(n->of.reason, sizeof(n->of.reason), "%s", reason);
	n->rule = rule;
	n->of.since_ms = s->in->now_ms;
	n->of.items = (int64_t)items;
	n->of.streak = 0;
}

static const char *guid_of(const struct draft *draft)
{
	return draft->row.item->id ? draft->row.item->id : "";
}

/* The reason not to go by the guids of the document; NULL: none. */
static const char *bad_guids(const struct ingest *in)
{
	const char *first = guid_of(&in->drafts[0]);

	for (size_t i = 1; i < in->count; i++) {
		if (strcmp(guid_of(&in->drafts[i]), first) != 0)
			return NULL;
	}
	if (!*first)
		return "empty";
	return in->count > 1 ? "alike" : NULL;
}

/* Pairs that have this mark in common; no time is one, too. */
static size_t count_same(const struct search *s, enum rekey_mark mark)
{
	size_t count = 0;

	for (size_t i = 0; i < s->rekey.now_count; i++) {
		const struct rekey_item *now = &s->rekey.now[i];

		count += now->same && now->marks[mark] == now->same->marks[mark] &&
			 (now->marks[mark] || mark == MARK_TIME);
	}
	return count;
}

/* The next rule whose keys would have stayed the same is kept: going back could go on for ever. */
static void judge_streak(const struct search *s, struct note *n)
{
	size_t pairs = s->rekey.pairs, most = pairs - pairs / 10;

	if (n->rule == IDENTITY_GUID && count_same(s, MARK_LINK) >= most)
		change_rule(s, n, IDENTITY_LINK, "renewed", pairs);
	else if (n->rule != IDENTITY_TEXT && count_same(s, MARK_TITLE) >= most &&
		 count_same(s, MARK_TIME) >= most)
		change_rule(s, n, IDENTITY_TEXT, "renewed", pairs);
}

static int judge(const struct search *s, struct err *e)
{
	const char *bad = NULL;
	struct note n;

	n.rule = s->in->rule;
	identity_note_read(s->in->identity_note, &n.of);
	if (s->rekey.whole) {
		n.of.streak++;
		n.of.rekeyed_ms = s->in->now_ms;
		n.of.rekeyed_items = (int64_t)s->rekey.pairs;
	} else {
		n.of.streak = 0;
	}
	if (n.rule == IDENTITY_GUID && s->in->count)
		bad = bad_guids(s->in);
	if (bad)
		change_rule(s, &n, IDENTITY_LINK, bad, s->in->count);
	else if (n.of.streak >= RENEWED_STREAK)
		judge_streak(s, &n);
	return write_note(s, &n, e);
}

int recognise_items(
	struct store_tx *tx, const struct ingest *in, struct known *known, struct err *e)
{
	struct search s = {.tx = tx, .in = in, .known = known};
	bool any = true;
	int rv = in->initial ? items_has_any(tx, in->feed, &any, e) : 0;

	s.unknown = any ? 0 : in->count;
	for (size_t i = 0; i < in->count && any && !rv; i++)
		rv = find_by_key(&s, i, e);
	if (!rv && s.unknown && !in->initial)
		rv = search(&s, e);
	if (!rv && in->count)
		rv = judge(&s, e);
	map_finish(&s.shown);
	free(s.ids);
	free(s.drafts);
	free(s.rekey.old);
	free(s.rekey.now);
	return rv;
}

int recognise_none(struct store_tx *tx, const struct ingest *in, struct err *e)
{
	struct search s = {.tx = tx, .in = in};

	return in->identity_note ? judge(&s, e) : 0;
}
