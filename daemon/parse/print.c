/* The printed form of what was understood: one JSON object on one line. */
#include <string.h>

#include "base/json.h"
#include "parse/parse.h"

/* Prints one field; absent values are left out. */
typedef void print_fn(struct json *j, const char *key, const void *field);

struct row {
	const char *key;
	print_fn *print;
	size_t at;
};

static print_fn print_text, print_time, print_number, print_bits, print_object, print_persons,
	print_categories, print_enclosures;

#define FEED(key, print, field)                                                                    \
	{                                                                                          \
		key, print, offsetof(struct feed_content, field)                                   \
	}
#define ITEM(key, print, field)                                                                    \
	{                                                                                          \
		key, print, offsetof(struct item, field)                                           \
	}

static const struct row feed_rows[] = {
	FEED("id", print_text, id),
	FEED("title", print_text, title),
	FEED("link", print_text, link),
	FEED("description", print_text, description),
	FEED("language", print_text, language),
	FEED("copyright", print_text, copyright),
	FEED("generator", print_text, generator),
	FEED("icon", print_text, icon),
	FEED("image", print_text, image),
	FEED("authors", print_persons, authors),
	FEED("categories", print_categories, categories),
	FEED("published", print_time, published_ms),
	FEED("updated", print_time, updated_ms),
	FEED("hub", print_text, hub),
	FEED("self", print_text, self),
	FEED("next", print_text, next_page),
	FEED("ttl", print_number, ttl_min),
	FEED("update_interval", print_number, update_interval_min),
	FEED("update_base", print_time, update_base_ms),
	FEED("skip_hours", print_bits, skip_hours),
	FEED("skip_days", print_bits, skip_days),
	FEED("extensions", print_object, extensions),
};

static const struct row item_rows[] = {
	ITEM("id", print_text, id),
	ITEM("title", print_text, title),
	ITEM("link", print_text, link),
	ITEM("authors", print_persons, authors),
	ITEM("published", print_time, published_ms),
	ITEM("updated", print_time, updated_ms),
	ITEM("summary", print_text, summary),
	ITEM("content", print_text, content),
	ITEM("categories", print_categories, categories),
	ITEM("enclosures", print_enclosures, enclosures),
	ITEM("comments", print_text, comments),
	ITEM("thumbnail", print_text, thumbnail),
	ITEM("language", print_text, language),
	ITEM("copyright", print_text, copyright),
	ITEM("extensions", print_object, extensions),
};

static void print_text(struct json *j, const char *key, const void *field)
{
	json_put_string_opt(j, key, *(char *const *)field);
}

/* Whole seconds without a fraction, as documents have them. */
static void print_time(struct json *j, const char *key, const void *field)
{
	int64_t time_ms = *(const int64_t *)field;
	char text[TIME_TEXT_BYTES];

	if (time_ms == TIME_NONE)
		return;
	if (time_ms % 1000 == 0)
		json_put_string(j, key, times_rfc3339_s(time_ms, text));
	else
		json_put_time(j, key, time_ms);
}

static void print_number(struct json *j, const char *key, const void *field)
{
	int64_t number = *(const int64_t *)field;

	if (number >= 0)
		json_put_int(j, key, number);
}

/* Hours from 0 on, days from 0, Sunday. */
static void print_bits(struct json *j, const char *key, const void *field)
{
	int64_t bits = *(const int64_t *)field;

	if (bits == 0)
		return;
	json_put_array(j, key);
	for (int i = 0; i < 24; i++)
		if ((bits >> i & 1) != 0)
			json_put_int(j, NULL, i);
	json_end(j);
}

static void print_object(struct json *j, const char *key, const void *field)
{
	const char *object = *(char *const *)field;

	if (object != NULL)
		json_put_raw(j, key, object, strlen(object));
}

static void print_persons(struct json *j, const char *key, const void *field)
{
	const struct person *p = *(struct person *const *)field;

	if (p == NULL)
		return;
	json_put_array(j, key);
	for (; p != NULL; p = p->next) {
		json_put_object(j, NULL);
		json_put_string_opt(j, "name", p->name);
		json_put_string_opt(j, "email", p->email);
		json_put_string_opt(j, "uri", p->uri);
		json_end(j);
	}
	json_end(j);
}

static void print_categories(struct json *j, const char *key, const void *field)
{
	const struct category *c = *(struct category *const *)field;

	if (c == NULL)
		return;
	json_put_array(j, key);
	for (; c != NULL; c = c->next)
		json_put_string(j, NULL, c->name);
	json_end(j);
}

static void print_enclosures(struct json *j, const char *key, const void *field)
{
	const struct enclosure *e = *(struct enclosure *const *)field;

	if (e == NULL)
		return;
	json_put_array(j, key);
	for (; e != NULL; e = e->next) {
		json_put_object(j, NULL);
		json_put_string_opt(j, "url", e->url);
		json_put_string_opt(j, "type", e->type);
		if (e->length_bytes >= 0)
			json_put_int(j, "length", e->length_bytes);
		json_end(j);
	}
	json_end(j);
}

/* The same loop for feeds and items: the tables hold the order of the printed form. */
static void print_rows(struct json *j, const struct row *rows, size_t count, const void *of)
{
	for (const struct row *row = rows; row < rows + count; row++)
		row->print(j, row->key, (const char *)of + row->at);
}

/* A whole and well-formed document has none of these members. */
static void print_problems(struct json *j, const struct feed_content *feed)
{
	if (feed->repaired)
		json_put_bool(j, "repaired", true);
	if (!feed->complete)
		json_put_bool(j, "complete", false);
	if (feed->problems == NULL)
		return;
	json_put_array(j, "problems");
	for (const struct remark *p = feed->problems; p != NULL; p = p->next)
		json_put_string(j, NULL, p->text);
	json_end(j);
}

void parse_print(const struct feed_content *feed, struct buf *out)
{
	struct json j;

	json_init(&j, out);
	json_put_object(&j, NULL);
	json_put_string(&j, "format", feed_format_name(feed->format));
	print_problems(&j, feed);
	json_put_string_opt(&j, "encoding", feed->encoding);
	print_rows(&j, feed_rows, sizeof(feed_rows) / sizeof(feed_rows[0]), feed);
	json_put_array(&j, "items");
	for (const struct item *i = feed->items; i != NULL; i = i->next) {
		json_put_object(&j, NULL);
		print_rows(&j, item_rows, sizeof(item_rows) / sizeof(item_rows[0]), i);
		json_end(&j);
	}
	json_end(&j);
	json_end(&j);
}

static void print_offers(struct json *j, const struct offer *o)
{
	if (o == NULL)
		return;
	json_put_array(j, "feeds");
	for (; o != NULL; o = o->next) {
		json_put_object(j, NULL);
		json_put_string(j, "url", o->url);
		json_put_string_opt(j, "title", o->title);
		json_put_string(j, "type", o->type);
		json_end(j);
	}
	json_end(j);
}

void parse_print_error(const struct err *e, const struct offer *offers, struct buf *out)
{
	struct json j;

	json_init(&j, out);
	json_put_object(&j, NULL);
	json_put_object(&j, "error");
	json_put_string(&j, "code", err_name(e->code));
	json_put_string(&j, "detail", e->text[0] != '\0' ? e->text : err_sentence(e->code));
	print_offers(&j, offers);
	json_end(&j);
	json_end(&j);
}
