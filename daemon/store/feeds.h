/* Subscriptions in the database: who owns them, what was learned about them, and when they are due.
 */
#ifndef TIDINGS_STORE_FEEDS_H
#define TIDINGS_STORE_FEEDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/times.h"
#include "store/stories.h"

/* Who wants the feed; several may. A feed nobody wants is detached, and deleted FEED_DETACHED_MS
 * later with its items. */
enum feed_owner {
	FEED_OWNER_CONFIG = 1, /* a section of the configuration */
	FEED_OWNER_LIST = 2,   /* a --feeds file */
	FEED_OWNER_SOCKET = 4, /* added through the socket */
};

/* The values are stored. */
enum feed_status {
	FEED_NEW,     /* never polled */
	FEED_OK,      /* the last poll went well */
	FEED_FAILING, /* the last poll failed */
	FEED_GONE,    /* 410, or moved to another's address: not polled any more */
};
const char *feed_status_name(enum feed_status status); /* "new", "ok", "failing", "gone" */

/* What polling taught the schedule, which computes it (interval.h, rhythm.h); the store keeps it as
 * it is. */
struct feed_learned {
	double rhythm_items, rhythm_ms;
	int window;                /* items in the last document; 0: not known */
	int64_t gap_ms;            /* when items may have been missed last; TIME_NONE: never */
	int64_t ttl_ms, period_ms; /* said in the document; 0: nothing */
	int64_t base_ms;           /* TIME_NONE: none */
	int64_t fresh_ms;          /* for how long the server called its last good answer fresh;
				      under 0: by Expires, which another answer does not renew. 0:
				      not said, TIME_NONE: this address gave none yet */
	int64_t skip_hours, skip_days;
	int moved_count;     /* polls in a row that were sent on to moved_url for good */
	int64_t moved_ms;    /* since when; without moved_url when it moved last; TIME_NONE */
	const char *plan;    /* what spoke for next_due_ms and for other times: words
				"CAUSE/LEVEL/DUE_MS", the first has won; NULL: not polled yet */
	const char *fetches; /* the last FEED_FETCHES polls, the newest first, a line each:
				"TIME_MS OUTCOME HTTP_STATUS WIRE_BYTES DURATION_MS NEW_ITEMS" */
	int64_t usual_ms;    /* the usual time between its items when it spoke last; 0: not known */
	int64_t spoke_ms;    /* when it said something new last; TIME_NONE: never */
	bool silent;         /* for far longer than usual (plan.h) */
	const char *repairs; /* what was wrong with its last document, a line each; NULL: nothing */
};

enum { FEED_FETCHES = 10 };

#define FEED_DETACHED_MS (30LL * 24 * 3600 * 1000)

/* A row, valid until the callback that got it returns, or as long as the arena it was copied into.
 * NULL: not known. */
struct feed {
	int64_t id, rev;
	const char *url;     /* normalised; what is asked for */
	const char *name;    /* the user's, or the section's; NULL: none */
	const char *label;   /* name, else title, else url */
	const char *section; /* in the configuration; NULL when not declared there */
	int64_t folder_id;   /* 0: none */
	const char *folder;
	/* its own, its folder's, and the daemon's (feed_level()) */
	enum grouping_level stories, folder_stories, daemon_stories;
	unsigned owners;                          /* FEED_OWNER_* */
	int64_t interval_ms;                      /* 0: the daemon's default */
	int64_t interval_min_ms, interval_max_ms; /* 0: the daemon's */
	int64_t created_ms, detached_ms;
	const char *title, *link, *description, *language, *icon; /* published */
	int64_t icon_due_ms; /* before then nobody asks for the icon; 0: nobody has yet (icons.h) */
	const char *etag, *last_modified, *validators_url, *body_hash;
	enum feed_status status;
	int64_t last_poll_ms, last_ok_ms, last_new_ms,
		next_due_ms; /* TIME_NONE: never; not scheduled */
	int last_http_status, error_count;
	const char *error_code, *error_text; /* of the last poll; NULL after a good one */
	const char *due_reason; /* why next_due_ms is when it is, one line for people */
	const char *moved_url;  /* permanent redirect seen, not yet taken over */
	const char *former;     /* only with counts: addresses under which it is found, too, since
				   they were sent on here for good; a space between them */
	struct feed_learned learned;
	int identity;              /* by what its items are known (story/identity.h) */
	const char *identity_note; /* why, and what was noticed (recognise.h); NULL: nothing */
	int64_t item_count, unread_count; /* only with counts */
};

/* The narrowest one that is said, and who says it: "feed", "folder" or "daemon" (NULL: not asked).
 */
enum grouping_level feed_level(const struct feed *feed, const char **ret_from);

/* A subscription as declared by a configuration or a list. Strings are borrowed for the call. */
struct feed_declaration {
	const char *section; /* unique among FEED_OWNER_CONFIG; NULL for lists */
	const char *url;     /* normalised by url_normalize() */
	const char *name;    /* NULL: the published title */
	const char *folder;  /* NULL: none */
	int64_t interval_ms; /* 0: default */
	int64_t interval_min_ms, interval_max_ms;
	enum grouping_level stories;
};

struct feed_sync_counts {
	int added, changed, detached, attached;
};

/* Makes the database agree with what `owner` (CONFIG or LIST) declares, in one job (D6). Writes
 * nothing where nothing differs, else feed.new and feed.update (detached and back again, too:
 * `detached` tells). Doubles count once.
 *
 * CONFIG: the same section with a new URL is a move (id, items and state stay; validators go), also
 * when sections exchange URLs. A declared URL that another feed has and keeps is taken over from
 * it, and the section's former feed is let go. What is no longer declared loses this owner and is
 * detached when it was the last. A member that a section gives counts; one it gave and gives no
 * more goes; one it never gave is the user's.
 * LIST: adds, brings back, never takes away; describes only feeds that nobody else wants. */
int feeds_sync(struct store_tx *tx, enum feed_owner owner,
	const struct feed_declaration *declarations, size_t count, int64_t now_ms,
	struct feed_sync_counts *ret_counts, struct err *e);

/* Adds through the socket, due at once. ERR_EXISTS (ret_id is then the existing one) when anybody
 * has it already; a detached one comes back. */
int feeds_add(struct store_tx *tx, const struct feed_declaration *declaration, int64_t now_ms,
	int64_t *ret_id, struct err *e);

/* Which members of a feed_patch are meant. */
enum {
	FEED_PATCH_NAME = 1,
	FEED_PATCH_FOLDER = 2,
	FEED_PATCH_INTERVAL = 4,
	FEED_PATCH_URL = 8,
	FEED_PATCH_STORIES = 32, /* 16 is taken (feeds_edit.h) */
};
struct feed_patch {
	unsigned members;
	const char *name, *folder, *url; /* NULL takes away */
	int64_t interval_ms;
	enum grouping_level stories;
};

/* Changes what the user may change. A URL without userinfo keeps that of the stored one if it has
 * the same origin; with an empty one ("https://@host/") it has none any more. ERR_NOT_FOUND;
 * ERR_DENIED for a member that the configuration declares (the text names the section); ERR_EXISTS
 * for a URL that another feed has (ret_other, else 0). */
int feeds_change(struct store_tx *tx, int64_t id, const struct feed_patch *patch, int64_t now_ms,
	int64_t *ret_other, struct err *e);

/* A permanent redirect has proved true: the feed has the address `url` (normalised) from now on,
 * and is found under its old one, too, also by declarations. When another feed has the address,
 * *ret_into is the other, else `id`.
 *
 * Two of one origin (http may have become https) become one: `id` is hidden at once, its items,
 * their read and starred states, owners, name, folder, intervals and limits go over; what it
 * dropped does not. Of two origins, or when the items are under a rule of keep.h that they would
 * lose, `id` keeps its items and is FEED_GONE; copies of them in the other are read and starred
 * where they are. What some ms do not do is left to feeds_purge(). While nobody wants the other,
 * nothing is done, and *ret_into is 0. ERR_NOT_FOUND. */
int feeds_move(struct store_tx *tx, int64_t id, const char *url, int64_t now_ms, int64_t *ret_into,
	struct err *e);

/* Removes a feed with its items, revisions and stories that become empty: nobody sees anything of
 * it any more; what some ms do not delete is left to feeds_purge(). ERR_NOT_FOUND; ERR_DENIED when
 * the configuration declares it (the text names the section). What a list added may go: nothing
 * else could ever take it away, and the list brings it back. Lines: feed.delete; folder.delete if
 * it was the folder's last; and as its items are deleted item.delete, and story.state for the
 * stories that shrank and for those that are gone (told as deleted when they are read; there is no
 * story.delete). */
int feeds_remove(struct store_tx *tx, int64_t id, int64_t now_ms, struct err *e);

/* Does a part, some ms of work, of what feeds_move() left; then deletes one of what was removed,
 * then of what has been detached for longer than FEED_DETACHED_MS. ret_more: call again. */
int feeds_purge(struct store_tx *tx, int64_t now_ms, bool *ret_more, struct err *e);

/* Whether something was moved or removed and is not done: what a kill left. */
int feeds_unfinished(struct store_tx *tx, bool *ret_unfinished, struct err *e);

/* One feed, copied into `arena`. Counting costs as much as it has items. ERR_NOT_FOUND. */
int feeds_get(
	struct store_tx *tx, int64_t id, struct arena *arena, struct feed *ret_feed, struct err *e);
int feeds_get_counted(
	struct store_tx *tx, int64_t id, struct arena *arena, struct feed *ret_feed, struct err *e);

/* By what the feed's items are known from its next poll on, and why. No change line. */
int feeds_set_identity(
	struct store_tx *tx, int64_t id, int identity, const char *note, struct err *e);

/* Also by an address that it had before. 0: none. */
int feeds_find_url(struct store_tx *tx, const char *url, int64_t *ret_id, struct err *e);

struct feed_filter {
	int64_t after_id;  /* keyset: id > after_id */
	int64_t folder_id; /* 0: any */
	unsigned owners;   /* any of these; 0: all */
	bool detached;     /* include detached ones */
	bool with_counts;
	bool by_folder; /* in order of folders, what is in none last; without counts */
	bool scheduled; /* only what says when it is due: no texts but url and plan */
	int limit;      /* 0: none */
};
/* In order of id or of folders. `each` as in changes_list(). */
int feeds_list(struct store_tx *tx, const struct feed_filter *filter,
	int (*each)(void *ctx, const struct feed *feed), void *ctx, struct err *e);

/* What one poll taught; strings are borrowed. */
struct feed_poll {
	int64_t now_ms, next_due_ms; /* TIME_NONE: not scheduled any more */
	const char *due_reason;
	struct feed_learned learned;
	bool waiting;            /* it could not be tried: what is known of the feed stays, its
				    status, too */
	enum feed_status status; /* FEED_OK, FEED_FAILING or FEED_GONE */
	int http_status;
	const char *error_code, *error_text; /* unless FEED_OK */
	bool validators; /* replace etag, last_modified, validators_url by these, NULL ones included
			    (A3) */
	const char *etag, *last_modified, *validators_url;
	const char *body_hash; /* NULL: leave */
	const char *moved_url; /* NULL: none */
	bool described; /* the document was parsed: the five texts below replace the stored ones */
	const char *title, *link, *description, *language, *icon;
	int new_items;
};
/* Stores the outcome; writes feed.error, feed.ok, feed.gone when the status changes (the first good
 * poll of a new feed is feed.ok), feed.silent and feed.back when `silent` does, and feed.update
 * when a published text changes; otherwise no change line. ERR_NOT_FOUND when the feed went away
 * meanwhile. */
int feeds_record_poll(struct store_tx *tx, int64_t id, const struct feed_poll *poll, struct err *e);

/* What identity_note says: "REASON SINCE_MS ITEMS STREAK REKEYED_MS REKEYED_ITEMS" (recognise.h).
 */
struct identity_note {
	char reason[16];
	int64_t since_ms, items, streak, rekeyed_ms, rekeyed_items;
};

/* NULL: "none", and zeros, as is what is missing. */
void identity_note_read(const char *text, struct identity_note *ret_note);

#endif
