/* Ids of items and streams of Google Reader, in all forms in which clients write them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/greader.h"
#include "base/url.h"
#include "store/feeds.h"
#include "store/folders.h"
#include "store/labels.h"

#define TAG "tag:google.com,2005:reader/item/"

const char *greader_id(int64_t item, char out[GREADER_ID_BYTES])
{
	snprintf(
		out, GREADER_ID_BYTES, TAG "%016llx", (unsigned long long)(GREADER_ID_BASE + item));
	return out;
}

/* `base` 10 or 16; 0: there is another letter, or too many of them. */
static int64_t read_digits(const char *text, int base)
{
	static const char digits[] = "0123456789abcdefABCDEF";
	size_t len = strlen(text);

	if (len == 0 || len > 16 || strspn(text, digits) != len)
		return 0;
	return strtoll(text, NULL, base);
}

int64_t greader_parse_id(const char *text)
{
	bool tagged = strncmp(text, TAG, strlen(TAG)) == 0;
	const char *digits = tagged ? text + strlen(TAG) : text;
	bool decimal = !tagged && *digits != '0' && strspn(digits, "0123456789") == strlen(digits);
	int64_t id = read_digits(digits, decimal ? 10 : 16);

	return id > GREADER_ID_BASE ? id - GREADER_ID_BASE : 0;
}

/* -- streams -- */

static const struct {
	const char *name;
	enum stream_kind kind;
} states[] = {
	{"reading-list", STREAM_ALL},
	{"read", STREAM_READ},
	{"unread", STREAM_UNREAD},
	{"kept-unread", STREAM_UNREAD},
	{"starred", STREAM_STARRED},
};

static struct stream find_state(const char *name)
{
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		if (strcmp(states[i].name, name) == 0)
			return (struct stream){states[i].kind, name};
	}
	return (struct stream){STREAM_NONE, name};
}

/* Behind "user/ANYBODY/"; NULL: it is nothing of the kind. */
static const char *of_user(const char *text)
{
	const char *slash = strncmp(text, "user/", 5) == 0 ? strchr(text + 5, '/') : NULL;

	return slash ? slash + 1 : NULL;
}

struct stream greader_stream(const char *text)
{
	static const char state[] = "state/com.google/", label[] = "label/", feed[] = "feed/";
	const char *of = of_user(text), *name = text;

	if (of && strncmp(of, state, strlen(state)) == 0)
		return find_state(of + strlen(state));
	if (of && strncmp(of, label, strlen(label)) == 0 && of[strlen(label)])
		return (struct stream){STREAM_LABEL, of + strlen(label)};
	while (strncmp(name, feed, strlen(feed)) == 0)
		name += strlen(feed);
	if (name != text)
		return (struct stream){STREAM_FEED, name};
	return find_state(text);
}

/* A row is only looked for: many may be named in one request. */
static int check_feed(struct store_tx *tx, int64_t id, struct err *e)
{
	struct arena arena;
	struct feed feed;

	arena_init(&arena, FEED_ARENA_MAX);
	int code = feeds_get(tx, id, &arena, &feed, e);
	arena_finish(&arena);
	return code;
}

static int find_feed(
	struct store_tx *tx, const char *name, struct arena *arena, int64_t *ret_id, struct err *e)
{
	char *url;
	int code;

	if (params_parse_int(name, 1, INT64_MAX, ret_id) == 0)
		return check_feed(tx, *ret_id, e);
	code = url_normalize(name, arena, &url);
	if (code == 0)
		return feeds_find_url(tx, url, ret_id, e);
	*ret_id = 0;
	return code == ERR_INVALID ? 0 : err_set(e, code, NULL);
}

static int find_label(struct store_tx *tx, const char *name, struct stream_ids *ids, struct err *e)
{
	int code = folders_find(tx, name, &ids->folder, e);

	if (code == 0 && !ids->folder && strcmp(name, GREADER_UNFILED) == 0)
		ids->folder = FOLDER_NONE;
	return code < 0 || ids->folder ? code : labels_find(tx, name, &ids->label, e);
}

int greader_resolve(struct store_tx *tx, const struct stream *stream, struct arena *arena,
	struct stream_ids *ret_ids, struct err *e)
{
	int code = 0;

	*ret_ids = (struct stream_ids){0};
	if (stream->kind == STREAM_FEED)
		code = find_feed(tx, stream->name, arena, &ret_ids->feed, e);
	else if (stream->kind == STREAM_LABEL)
		code = find_label(tx, stream->name, ret_ids, e);
	else
		return 0;
	if (code == 0 && !ret_ids->feed && !ret_ids->folder && !ret_ids->label)
		code = err_set(e, ERR_NOT_FOUND, "there is no such stream");
	return code;
}

static bool want(int *wish, int what)
{
	bool other = *wish && *wish != what;

	*wish = what;
	return !other;
}

static bool want_id(int64_t *wish, int64_t id)
{
	bool other = *wish && id && *wish != id;

	*wish = id ? id : *wish;
	return !other;
}

bool greader_narrow(
	struct item_filter *f, const struct stream *stream, const struct stream_ids *ids)
{
	switch (stream->kind) {
	case STREAM_ALL:
		return true;
	case STREAM_READ:
	case STREAM_UNREAD:
		return want(&f->read, stream->kind == STREAM_READ ? 1 : -1);
	case STREAM_STARRED:
		return want(&f->starred, 1);
	case STREAM_FEED:
	case STREAM_LABEL:
		return want_id(&f->feed, ids->feed) && want_id(&f->folder, ids->folder) &&
		       want_id(&f->label, ids->label);
	case STREAM_NONE:
		break;
	}
	return false;
}
