/* A document shows items that nobody knows by their keys: which of them are old ones whose ids or
 * addresses have changed? Pure. */
#ifndef TIDINGS_STORY_REKEY_H
#define TIDINGS_STORY_REKEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What an item is recognised by, each as a number. */
enum rekey_mark {
	MARK_LINK,  /* canonical (story/canonical.h) */
	MARK_PATH,  /* that of its link, with the query: stays when a site moves */
	MARK_TITLE, /* its words */
	MARK_TEXT,  /* how it begins, unless that is its title or says too little */
	MARK_TIME,  /* published */
	MARKS,
};

struct rekey_item {
	int64_t marks[MARKS];    /* 0: it has none */
	bool known;              /* of the document: known by its key, never taken for another */
	struct rekey_item *same; /* its other half; NULL: none */
};

/* Fills in the marks; texts may be NULL. url_key: the link's canonical key, 0: none. */
void rekey_describe(struct rekey_item *item, const char *title, const char *link, int64_t url_key,
	const char *text, int64_t published_ms);

struct rekey {
	struct rekey_item *old; /* items that the document does not show by their keys, newest
				   first */
	struct rekey_item *now; /* the document's, known or not */
	size_t old_count, now_count;
	size_t known; /* items of the document, be they among `now` or not */
	size_t pairs; /* out: that were found */
	bool whole;   /* out: most of the document has changed its keys at once */
};

/* Sets `same` in both of each pair: one old item and one of the document whose marks agree so well
 * that they are one. Each mark must be that of no other item, so that what a feed has again and
 * again (one title or link for each day's) counts for nothing, and times that are apart part them.
 * Where most of a document is found so, weaker signs are enough for the others. ERR_NOMEM. */
int rekey_match(struct rekey *r) __attribute__((warn_unused_result));

#endif
