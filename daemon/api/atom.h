/* Entries as an Atom feed (RFC 4287). */
#ifndef TIDINGS_API_ATOM_H
#define TIDINGS_API_ATOM_H

#include <stdbool.h>

#include "api/entry.h"

/* One feed on its way out; failures are sticky in `out`. All texts are lent. */
struct atom {
	struct buf *out;
	const char *epoch; /* of ids */
	const char *path;  /* what tells the feed from others of ours */
	const char *title; /* plain text; may be set as late as the first entry */
	bool google;       /* ids and states of entries as readers of Google Reader expect them */
	bool begun;
};

/* Begins the feed before the first entry, whose time is that of the whole: the newest. `html` is
 * its text. Returns 0. */
int atom_put(struct atom *atom, const struct entry *entry, const char *html);
void atom_end(struct atom *atom);

#endif
