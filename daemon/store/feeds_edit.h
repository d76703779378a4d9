/* What people decide about a feed, as opposed to what polls teach: the one place that writes it.
 * Private to the room. */
#ifndef TIDINGS_STORE_FEEDS_EDIT_H
#define TIDINGS_STORE_FEEDS_EDIT_H

#include "store/feeds.h"
#include "store/query.h"

/* The decided part of a row. Strings are borrowed or in an arena. */
struct wish {
	int64_t id;
	const char *url, *section, *name, *folder;
	int64_t folder_id, interval_ms, interval_min_ms, interval_max_ms, detached_ms;
	enum grouping_level stories;
	unsigned owners;
	unsigned declared; /* FEED_PATCH_*: members that the section gave when it was last read */
};

/* In `declared`: the limits came with another feed, and count while the section says nothing of how
 * often. */
enum { WISH_LIMITS_ADOPTED = 16 };

/* ERR_NOT_FOUND. */
int wish_load(
	struct store_tx *tx, int64_t id, struct arena *arena, struct wish *ret_wish, struct err *e);

enum wish_outcome { WISH_SAME, WISH_ADDED, WISH_CHANGED, WISH_ATTACHED, WISH_DETACHED };

/* What is to become of a wish; what it puts in is borrowed. */
typedef int wish_editor(struct wish *wish, void *ctx, struct err *e);

/* Edits the feed, or adds one (`id` 0), and writes what differs: with feed.new or feed.update;
 * nothing at all when nothing does. New ones, ones that moved or are not detached any more are due
 * at once, and a new URL forgets validators and errors of the old one. Folders come and go as
 * needed. ERR_EXISTS for a URL that is there. */
int wish_edit(struct store_tx *tx, int64_t id, wish_editor *edit, void *ctx, int64_t now_ms,
	int64_t *ret_id, enum wish_outcome *ret_outcome, struct err *e);

/* Lets nobody see a feed any more, whoever wants it; feeds_purge() deletes it with its items. */
int feed_hide(struct store_tx *tx, int64_t feed, int64_t folder, int64_t now_ms, struct err *e);

/* SQL: of the alias of a feed that it is none, but what feeds_move() left to be done for it. */
#define ALIAS_IS_WORK "url BETWEEN '!' AND '!~'"

/* Does a part of what feeds_move() left to be done, some ms; ret_more: call again. */
int feeds_merge_part(struct store_tx *tx, int64_t now_ms, bool *ret_more, struct err *e);

#endif
