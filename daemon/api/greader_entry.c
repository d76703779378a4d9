/* Entries, and the texts in them, as clients of Google Reader expect them (frontends.md, 4.9). */
#include <ctype.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "api/greader.h"
#include "api/render.h"
#include "base/times.h"
#include "base/url.h"

/* -- texts -- */

/* "<a", "</", "<!", "<?" */
static bool begins_tag(const char *at)
{
	return *at == '<' && at[1] && (isalpha((unsigned char)at[1]) || strchr("/!?", at[1]));
}

/* "&amp;", "&#38;", "&#x26;" */
static bool begins_entity(const char *at)
{
	const char *end = at + 1;

	if (*at != '&')
		return false;
	end += *end == '#';
	while (isalnum((unsigned char)*end))
		end++;
	return end > at + 1 && *end == ';';
}

void greader_put_text(struct json *j, const char *key, const char *text)
{
	struct buf out;

	buf_init(&out, API_REPLY_MAX);
	for (; text && *text; text++) {
		if (begins_tag(text))
			buf_puts(&out, "\uff1c");
		else if (begins_entity(text))
			buf_puts(&out, "\uff06");
		else
			buf_putc(&out, *text);
	}
	if (buf_status(&out) < 0)
		j->out->failure = buf_status(&out);
	render_url(j, key, buf_string(&out));
	buf_finish(&out);
}

/* -- entries -- */

static void put_title(struct json *j, const struct entry *entry)
{
	const struct item_row *item = entry->item;
	char date[TIME_TEXT_BYTES];

	if ((item->title && *item->title) || item->link)
		greader_put_text(j, "title", entry_title(entry));
	else
		json_put_string(j, "title", times_rfc3339_s(entry->published_ms, date));
}

/* As a string. */
static void put_number(struct json *j, const char *key, int64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, number);
	json_put_string(j, key, text);
}

/* Some clients keep it in 32 bits. */
static int64_t in_seconds(int64_t time_ms)
{
	int64_t s = time_ms / 1000;

	return s < 0 ? 0 : s > INT32_MAX ? INT32_MAX : s;
}

static void put_times(struct json *j, const struct entry *entry)
{
	int64_t received_ms = entry->first->received_ms;

	put_number(j, "crawlTimeMsec", received_ms);
	put_number(j, "timestampUsec", received_ms * 1000);
	json_put_int(j, "published", in_seconds(entry->published_ms));
	json_put_int(j, "updated", in_seconds(entry->published_ms));
}

/* There is always exactly one, since some look at the first, or the last, without asking. */
static void put_link(struct json *j, const char *key, const char *link, const char *type)
{
	json_put_array(j, key);
	json_put_object(j, NULL);
	render_url(j, "href", link ? link : "");
	json_put_string_opt(j, "type", type);
	json_end(j);
	json_end(j);
}

static void put_label(struct json *j, const char *name)
{
	struct buf id;

	buf_init(&id, API_NAME_MAX + 100);
	buf_printf(&id, "user/-/label/%s", name);
	if (buf_status(&id) < 0)
		j->out->failure = buf_status(&id);
	json_put_string(j, NULL, buf_string(&id));
	buf_finish(&id);
}

/* The reading list comes first: Liferea looks at no more. */
static void put_categories(struct json *j, const struct entry *entry, const struct feed *feed)
{
	json_t *labels = entry_list(entry->item->labels, j->out), *one;
	size_t i;

	json_put_array(j, "categories");
	json_put_string(j, NULL, "user/-/state/com.google/reading-list");
	if (entry->read)
		json_put_string(j, NULL, "user/-/state/com.google/read");
	if (entry->starred)
		json_put_string(j, NULL, "user/-/state/com.google/starred");
	put_label(j, feed->folder ? feed->folder : GREADER_UNFILED);
	json_array_foreach(labels, i, one)
	{
		if (strcmp(json_string_value(one), GREADER_UNFILED) != 0)
			put_label(j, json_string_value(one));
	}
	json_end(j);
	json_decref(labels);
}

static void put_enclosure(void *ctx, const struct attachment *one)
{
	struct json *j = ctx;

	json_put_object(j, NULL);
	render_url(j, "href", one->url);
	json_put_string(j, "type", one->type ? one->type : "application/octet-stream");
	if (one->length > 0)
		json_put_int(j, "length", one->length);
	json_end(j);
}

static void put_origin(struct json *j, const struct entry *entry, const struct feed *feed)
{
	char stream[40];

	snprintf(stream, sizeof(stream), "feed/%" PRId64, entry->first->feed);
	json_put_object(j, "origin");
	json_put_string(j, "streamId", stream);
	greader_put_text(j, "title", entry->first->source);
	render_url(j, "htmlUrl", feed->link ? feed->link : "");
	json_end(j);
}

void greader_put_entry(
	struct json *j, const struct entry *entry, const struct feed *feed, struct buf *html)
{
	const struct item_row *item = entry->item;
	char id[GREADER_ID_BYTES];

	json_put_object(j, NULL);
	json_put_string(j, "id", greader_id(entry->id, id));
	put_times(j, entry);
	put_title(j, entry);
	if (item->author)
		greader_put_text(j, "author", item->author);
	put_link(j, "canonical", item->link, NULL);
	put_link(j, "alternate", item->link, "text/html");
	put_categories(j, entry, feed);
	put_origin(j, entry, feed);
	json_put_object(j, "summary");
	json_put_string(j, "content", entry_html(entry, html, j->out));
	json_end(j);
	if (item->enclosures) {
		json_put_array(j, "enclosure");
		entry_attachments(entry, j->out, put_enclosure, j);
		json_end(j);
	}
	json_end(j);
}
