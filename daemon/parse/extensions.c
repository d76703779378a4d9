/* What a feed or an item says beyond its fields. */
#include "parse/extensions.h"

#include <ctype.h>
#include <string.h>

#include "base/json.h"
#include "limits.h"
#include "parse/xml.h"

enum { KEY_BYTES = 48 }; /* no row of elements.c has a longer one */

struct attribute {
	const char *name, *value;
	struct attribute *next;
};

struct extension {
	const struct element *row;
	struct attribute *attributes;
	const char *text;
	struct extension *next;
};

/* False when it must be left out: all of an object together are bounded. */
static bool pay(struct document *d, struct extensions *list, size_t len)
{
	if (len > PARSE_EXTENSION_BYTES_MAX - list->bytes || list->count == PARSE_EXTENSIONS_MAX) {
		document_problem(d, "extensions beyond the limit were left out");
		return false;
	}
	list->bytes += len;
	return true;
}

/* Keys of JSON are written as they are. */
static bool plain_name(const char *name)
{
	const char *c = name;

	while (isalnum((unsigned char)*c) || *c == '-' || *c == '_')
		c++;
	return *c == '\0' && c - name < KEY_BYTES && strcmp(name, "text") != 0;
}

static bool names_url(const char *name)
{
	static const char *const names[] = {"url", "href", "src", "uri", "img"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static void add_attribute(struct document *d, struct extensions *list, struct attribute ***tail,
	const char *name, const struct span *v, const char *base)
{
	struct attribute *attribute;
	char *value;

	if (v->len == 0 || !plain_name(name) || !pay(d, list, v->len + strlen(name)))
		return;
	value = names_url(name) ? document_url(d, base, v->s, v->len)
				: document_line(d, v->s, v->len);
	attribute = value != NULL ? document_alloc(d, sizeof(*attribute)) : NULL;
	if (attribute == NULL)
		return;
	attribute->name = name;
	attribute->value = value;
	**tail = attribute;
	*tail = &attribute->next;
}

bool extensions_add(struct document *d, struct extensions *list, const struct element *row,
	const struct attributes *a, const char *base)
{
	struct extension *extension;
	struct attribute **tail;
	struct span value;
	const char *name;

	if (!pay(d, list, strlen(row->name)))
		return false;
	extension = document_alloc(d, sizeof(*extension));
	if (extension == NULL)
		return false;
	extension->row = row;
	tail = &extension->attributes;
	for (int i = 0; a != NULL && xml_attribute_at(a, i, &name, &value); i++)
		if (name != NULL)
			add_attribute(d, list, &tail, name, &value, base);
	*(list->last != NULL ? &list->last->next : &list->first) = extension;
	list->last = extension;
	list->count++;
	return true;
}

void extensions_text(struct document *d, struct extensions *list, const struct element *row,
	const char *text, size_t len)
{
	if (list->last == NULL || list->last->row != row || list->last->text != NULL)
		return;
	if (len > 0 && pay(d, list, len))
		list->last->text = document_line_guessed(d, text, len);
}

const char *extensions_get(const struct extensions *list, const char *name)
{
	for (const struct extension *e = list->first; e != NULL; e = e->next)
		if (e->text != NULL && strcmp(e->row->name, name) == 0)
			return e->text;
	return NULL;
}

static bool says_something(const struct extension *e)
{
	return e->text != NULL || e->attributes != NULL;
}

static void put_object(struct json *j, const struct extension *e)
{
	json_put_object(j, NULL);
	for (const struct attribute *a = e->attributes; a != NULL; a = a->next)
		json_put_string(j, a->name, a->value);
	json_put_string_opt(j, "text", e->text);
	json_end(j);
}

/* With a colon in between where there is a prefix. */
static const char *key_of(const struct element *row, char key[KEY_BYTES])
{
	const char *prefix = elements_prefix_of(row->ns);
	size_t len = strlen(prefix);

	if (len == 0)
		return row->name;
	memcpy(key, prefix, len + 1);
	key[len] = ':';
	memcpy(key + len + 1, row->name, strlen(row->name) + 1);
	return key;
}

static void put_member(struct json *j, const struct extension *first)
{
	char key[KEY_BYTES];

	if (first->row->kind == KIND_EXTRA) {
		json_put_string(j, key_of(first->row, key), first->text);
		return;
	}
	json_put_array(j, key_of(first->row, key));
	for (const struct extension *e = first; e != NULL; e = e->next)
		if (e->row == first->row && says_something(e))
			put_object(j, e);
	json_end(j);
}

static bool is_first(const struct extensions *list, const struct extension *of)
{
	const struct extension *e = list->first;

	while (e->row != of->row || !says_something(e))
		e = e->next;
	return e == of;
}

char *extensions_json(struct document *d, const struct extensions *list)
{
	struct json j;

	if (list->first == NULL)
		return NULL;
	buf_reset(&d->html);
	json_init(&j, &d->html);
	json_put_object(&j, NULL);
	for (const struct extension *e = list->first; e != NULL; e = e->next)
		if (says_something(e) && is_first(list, e))
			put_member(&j, e);
	json_end(&j);
	if (buf_status(&d->html) != 0)
		d->failure = ERR_NOMEM;
	return d->html.len > 2 ? document_text(d, d->html.data, d->html.len) : NULL;
}
