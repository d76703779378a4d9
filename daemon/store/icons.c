/* The icons of feeds. */
#include "store/icons.h"

#include <string.h>

#include "limits.h"
#include "store/query.h"
#include "store/schema.h"

const char *icons_type(const void *data, size_t len)
{
	static const struct {
		const char *magic;
		size_t offset, len;
		const char *type;
	} kinds[] = {
		{"\x89PNG\r\n\x1a\n", 0, 8, "image/png"},
		{"GIF87a", 0, 6, "image/gif"},
		{"GIF89a", 0, 6, "image/gif"},
		{"\xff\xd8\xff", 0, 3, "image/jpeg"},
		{"\0\0\1\0", 0, 4, "image/x-icon"},
		{"WEBPVP8", 8, 7, "image/webp"},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t offset = kinds[i].offset, end = offset + kinds[i].len;

		if (len > end &&
			memcmp((const char *)data + offset, kinds[i].magic, kinds[i].len) == 0 &&
			(offset == 0 || memcmp(data, "RIFF", 4) == 0))
			return kinds[i].type;
	}
	return NULL;
}

int icons_claim(struct store_tx *tx, int64_t feed, const char *url, int64_t now_ms, bool *ret_ask,
	struct err *e)
{
	int status = query_exec(tx, e,
		"INSERT INTO icon (url, due_ms) VALUES (?1, ?2) ON CONFLICT DO UPDATE"
		" SET due_ms = excluded.due_ms WHERE due_ms <= ?3",
		as_text(url), as_int(now_ms + ICON_RETRY_MS), as_int(now_ms));

	if (status)
		return status;
	*ret_ask = query_changes(tx) > 0;
	return query_exec(tx, e,
		"UPDATE feed SET icon_due_ms = (SELECT due_ms FROM icon WHERE url = ?) WHERE id ="
		" ?",
		as_text(url), as_int(feed));
}

int icons_put(struct store_tx *tx, const char *url, const struct buf *image, int64_t now_ms,
	struct err *e)
{
	return query_exec(tx, e,
		"UPDATE icon SET due_ms = ?, image = coalesce(?, image) WHERE url = ?",
		as_int(now_ms + ICON_KEPT_MS), as_bytes(image), as_text(url));
}

int icons_leave(struct store_tx *tx, int64_t feed, const char *next_url, struct err *e)
{
	return query_exec(tx, e,
		"DELETE FROM icon WHERE url = (SELECT icon FROM feed WHERE id = ?1) AND url IS NOT"
		" ?2 AND NOT EXISTS (SELECT 1 FROM feed f WHERE f.icon = icon.url AND f.id <> ?1)",
		as_int(feed), as_text(next_url));
}

int icons_get(
	struct store_tx *tx, int64_t feed, struct buf *out, const char **ret_type, struct err *e)
{
	size_t begin = out->len;
	int status = query_one(tx, NULL, e,
		"SELECT i.image FROM feed f JOIN icon i ON i.url = f.icon WHERE f.id = ?"
		" AND i.image IS NOT NULL AND " FEED_IS_VISIBLE,
		VALUES(as_int(feed)), COLUMNS(into(out)));

	if (status > 0) {
		*ret_type = icons_type(out->data + begin, out->len - begin);
		status = *ret_type != NULL;
	}
	return query_found(status, "icon of the feed", feed, e);
}
