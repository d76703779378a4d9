/* The Atom feed of some entries. */
#include "api/atom.h"

#include <jansson.h>

#include "api/greader.h"
#include "base/times.h"
#include "base/xml.h"

static void put_time(struct buf *out, const char *name, int64_t time_ms)
{
	char text[TIME_TEXT_BYTES];

	xml_put_element(out, name, times_rfc3339_ms(time_ms, text));
}

static void begin(struct atom *atom, int64_t updated_ms)
{
	struct buf *out = atom->out;

	if (atom->begun)
		return;
	atom->begun = true;
	buf_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		      "<feed xmlns=\"http://www.w3.org/2005/Atom\">\n");
	buf_printf(out, "<id>urn:tidings:%s:", atom->epoch);
	xml_put_text(out, atom->path);
	buf_puts(out, "</id>\n");
	xml_put_element(out, "title", atom->title);
	put_time(out, "updated", updated_ms);
	buf_puts(out, "<author><name>Tidings</name></author>\n");
	buf_puts(out, "<generator version=\"" TIDINGS_VERSION "\">Tidings</generator>\n");
}

static void put_enclosure(void *ctx, const struct attachment *one)
{
	struct buf *out = ctx;

	buf_puts(out, "<link rel=\"enclosure\"");
	xml_put_url(out, "href", one->url);
	if (one->type)
		xml_put_attribute(out, "type", one->type);
	if (one->length > 0)
		buf_printf(out, " length=\"%lld\"", (long long)one->length);
	buf_puts(out, "/>\n");
}

static void put_categories(struct buf *out, const char *list)
{
	json_t *categories = entry_list(list, out), *one;
	size_t i;

	json_array_foreach(categories, i, one)
	{
		buf_puts(out, "<category");
		xml_put_attribute(out, "term", json_string_value(one));
		buf_puts(out, "/>\n");
	}
	json_decref(categories);
}

static void put_source(struct buf *out, const struct entry *entry)
{
	const struct item_row *item = entry->item;

	buf_puts(out, "<author>\n");
	xml_put_element(out, "name", item->author ? item->author : item->source);
	buf_printf(out, "</author>\n<source>\n<id>urn:tidings:feed:%lld</id>\n",
		(long long)item->feed);
	xml_put_element(out, "title", item->source);
	put_time(out, "updated", item->received_ms);
	buf_puts(out, "</source>\n");
}

/* newsboat goes by the labels of this scheme: without one of them it keeps what it has. */
static void put_state(struct buf *out, const char *state)
{
	buf_printf(out,
		"<category term=\"user/-/state/com.google/%s\""
		" scheme=\"http://www.google.com/reader/\" label=\"%s\"/>\n",
		state, state);
}

static void put_id(struct atom *atom, const struct entry *entry)
{
	char id[GREADER_ID_BYTES];

	if (atom->google)
		buf_printf(atom->out, "<id>%s</id>\n", greader_id(entry->id, id));
	else
		buf_printf(atom->out, "<id>urn:tidings:%s:item:%lld</id>\n", atom->epoch,
			(long long)entry->id);
}

static void put_states(struct atom *atom, const struct entry *entry)
{
	if (!atom->google)
		return;
	put_state(atom->out, entry->read ? "read" : "fresh");
	if (entry->starred)
		put_state(atom->out, "starred");
}

int atom_put(struct atom *atom, const struct entry *entry, const char *html)
{
	const struct item_row *item = entry->item;
	struct buf *out = atom->out;

	begin(atom, entry->updated_ms);
	buf_puts(out, "<entry>\n");
	put_id(atom, entry);
	xml_put_element(out, "title", entry_title(entry));
	if (item->link) {
		buf_puts(out, "<link rel=\"alternate\"");
		xml_put_url(out, "href", item->link);
		buf_puts(out, "/>\n");
	}
	entry_attachments(entry, out, put_enclosure, out);
	put_time(out, "published", entry->published_ms);
	put_time(out, "updated", entry->updated_ms);
	put_source(out, entry);
	put_states(atom, entry);
	put_categories(out, item->categories);
	buf_puts(out, "<content type=\"html\">");
	xml_put_text(out, html);
	buf_puts(out, "</content>\n</entry>\n");
	return 0;
}

void atom_end(struct atom *atom)
{
	begin(atom, 0);
	buf_puts(atom->out, "</feed>\n");
}
