/* One table for RSS 0.90-2.0, RDF, Atom 0.3 and 1.0 and the modules people use.
 *
 * RSS 2.0: https://www.rssboard.org/rss-specification; 1.0: https://web.resource.org/rss/1.0/spec;
 * Atom: RFC 4287, 0.3: draft-ietf-atompub-format-00; Media RSS: https://www.rssboard.org/media-rss;
 * Dublin Core: https://www.dublincore.org/specifications/dublin-core/dcmi-terms/; iTunes: the
 * podcasters' guide of Apple. */
#include "parse/elements.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "base/model.h"
#include "parse/xml.h"

enum { URI_MAX = 128 };

#define FEED(field)   offsetof(struct feed_content, field)
#define ITEM(field)   offsetof(struct item, field)
#define EITHER(field) FEED(field), ITEM(field)
#define NONE          AT_NONE
#define BOTH          (SCOPE_FEED | SCOPE_ITEM)
#define MEDIA_PLACES  (SCOPE_FEED | SCOPE_ITEM | SCOPE_MEDIA)

/* What has no field of its own. */
#define EXTRA(ns, places, name)                                                                    \
	{                                                                                          \
		ns, KIND_EXTRA, 0, places, 0, NONE, NONE, name, start_extra                        \
	}
#define EXTRAS(ns, places, name)                                                                   \
	{                                                                                          \
		ns, KIND_EXTRAS, 0, places, 0, NONE, NONE, name, start_extra                       \
	}

/* Sorted by namespace and name. Elements without a row are skipped with all that is in them:
 * textInput, contributor, webMaster. */
static const struct element table[] = {
	/* namespace, kind, rank, parents, opens, feed, item, name, start */
	{NS_RSS, KIND_ATTRIBUTES, 3, BOTH, 0, EITHER(link), "a", start_link},
	{NS_RSS, KIND_HTML, 1, BOTH, 0, FEED(description), ITEM(summary), "abstract", NULL},
	{NS_RSS, KIND_PERSON, 0, BOTH, 0, EITHER(authors), "author", NULL},
	{NS_RSS, KIND_HTML, 3, SCOPE_ITEM, 0, NONE, ITEM(content), "body", NULL},
	{NS_RSS, KIND_CATEGORY, 0, BOTH, 0, EITHER(categories), "category", start_category},
	{NS_RSS, KIND_OPEN, 0, SCOPE_ROOT, SCOPE_FEED, NONE, NONE, "channel", NULL},
	EXTRAS(NS_RSS, SCOPE_FEED, "cloud"),
	{NS_RSS, KIND_URL, 0, SCOPE_ITEM, 0, NONE, ITEM(comments), "comments", NULL},
	{NS_RSS, KIND_HTML, 2, SCOPE_ITEM, 0, NONE, ITEM(content), "content", NULL},
	{NS_RSS, KIND_HTML, 0, BOTH, 0, EITHER(copyright), "copyright", NULL},
	{NS_RSS, KIND_DAY, 0, SCOPE_SKIP, 0, FEED(skip_days), NONE, "day", NULL},
	{NS_RSS, KIND_HTML, 0, BOTH, 0, FEED(description), ITEM(summary), "description", NULL},
	{NS_RSS, KIND_TEXT, 0, SCOPE_PERSON, 0, NONE, NONE, "email", NULL},
	{NS_RSS, KIND_ATTRIBUTES, 0, SCOPE_ITEM, 0, NONE, NONE, "enclosure", start_enclosure},
	{NS_RSS, KIND_HTML, 1, SCOPE_ITEM, 0, NONE, ITEM(content), "encoded", NULL},
	{NS_RSS, KIND_HTML, 4, SCOPE_ITEM, 0, NONE, ITEM(content), "fullitem", NULL},
	{NS_RSS, KIND_TEXT, 0, SCOPE_FEED, 0, FEED(generator), NONE, "generator", NULL},
	{NS_RSS, KIND_ID, 0, SCOPE_ITEM, 0, NONE, ITEM(id), "guid", start_guid},
	{NS_RSS, KIND_HOUR, 0, SCOPE_SKIP, 0, FEED(skip_hours), NONE, "hour", NULL},
	{NS_RSS, KIND_OPEN, 0, SCOPE_ROOT | SCOPE_FEED, SCOPE_IMAGE, NONE, NONE, "image", NULL},
	{NS_RSS, KIND_OPEN, 0, SCOPE_ITEM, SCOPE_PICTURE, NONE, NONE, "image", NULL},
	{NS_RSS, KIND_OPEN, 0, SCOPE_ROOT | SCOPE_FEED, SCOPE_ITEM, NONE, NONE, "item", start_item},
	{NS_RSS, KIND_TEXT, 0, BOTH, 0, EITHER(language), "language", NULL},
	{NS_RSS, KIND_DATE, 0, SCOPE_FEED, 0, FEED(updated_ms), NONE, "lastBuildDate", NULL},
	{NS_RSS, KIND_URL, 1, BOTH, 0, EITHER(link), "link", start_link},
	{NS_RSS, KIND_URL, 3, BOTH, 0, FEED(image), ITEM(thumbnail), "logo", start_picture},
	{NS_RSS, KIND_PERSON, 0, SCOPE_FEED, 0, FEED(authors), NONE, "managingEditor", NULL},
	{NS_RSS, KIND_DATE, 3, BOTH, 0, EITHER(updated_ms), "modified", NULL},
	{NS_RSS, KIND_TEXT, 0, SCOPE_PERSON, 0, NONE, NONE, "name", NULL},
	{NS_RSS, KIND_DATE, 0, BOTH, 0, EITHER(published_ms), "pubDate", NULL},
	{NS_RSS, KIND_DATE, 1, BOTH, 0, EITHER(published_ms), "published", NULL},
	{NS_RSS, KIND_OPEN, 0, SCOPE_FEED, SCOPE_SKIP, NONE, NONE, "skipDays", NULL},
	{NS_RSS, KIND_OPEN, 0, SCOPE_FEED, SCOPE_SKIP, NONE, NONE, "skipHours", NULL},
	EXTRAS(NS_RSS, SCOPE_ITEM, "source"),
	{NS_RSS, KIND_HTML, 9, SCOPE_ITEM, 0, NONE, ITEM(content), "summary", NULL},
	{NS_RSS, KIND_KEYWORDS, 0, BOTH, 0, EITHER(categories), "tags", NULL},
	{NS_RSS, KIND_TEXT, 0, BOTH, 0, EITHER(title), "title", NULL},
	{NS_RSS, KIND_NUMBER, 0, SCOPE_FEED, 0, FEED(ttl_min), NONE, "ttl", NULL},
	{NS_RSS, KIND_DATE, 3, BOTH, 0, EITHER(updated_ms), "updated", NULL},
	{NS_RSS, KIND_URL, 0, SCOPE_PERSON, 0, NONE, NONE, "uri", NULL},
	{NS_RSS, KIND_URL, 0, SCOPE_IMAGE, 0, FEED(image), NONE, "url", NULL},
	{NS_RSS, KIND_URL, 0, SCOPE_PERSON, 0, NONE, NONE, "url", NULL},
	{NS_RSS, KIND_URL, 2, SCOPE_PICTURE, 0, NONE, ITEM(thumbnail), "url", NULL},

	{NS_ATOM, KIND_PERSON, 0, BOTH | SCOPE_SOURCE, 0, EITHER(authors), "author", NULL},
	{NS_ATOM, KIND_CATEGORY, 0, BOTH, 0, EITHER(categories), "category", start_category},
	{NS_ATOM, KIND_HTML, 0, SCOPE_ITEM, 0, NONE, ITEM(content), "content", NULL},
	{NS_ATOM, KIND_HTML, 1, BOTH, 0, EITHER(copyright), "copyright", NULL},
	{NS_ATOM, KIND_DATE, 3, SCOPE_ITEM, 0, NONE, ITEM(published_ms), "created", NULL},
	{NS_ATOM, KIND_TEXT, 0, SCOPE_PERSON, 0, NONE, NONE, "email", NULL},
	{NS_ATOM, KIND_OPEN, 0, SCOPE_FEED, SCOPE_ITEM, NONE, NONE, "entry", start_item},
	{NS_ATOM, KIND_TEXT, 1, SCOPE_FEED, 0, FEED(generator), NONE, "generator", NULL},
	{NS_ATOM, KIND_URL, 0, SCOPE_PERSON, 0, NONE, NONE, "homepage", NULL},
	{NS_ATOM, KIND_URL, 0, SCOPE_FEED, 0, FEED(icon), NONE, "icon", NULL},
	{NS_ATOM, KIND_ID, 1, BOTH, 0, EITHER(id), "id", NULL},
	{NS_ATOM, KIND_HTML, 6, SCOPE_FEED, 0, FEED(description), NONE, "info", NULL},
	{NS_ATOM, KIND_DATE, 4, SCOPE_ITEM, 0, NONE, ITEM(published_ms), "issued", NULL},
	{NS_ATOM, KIND_ATTRIBUTES, 2, BOTH, 0, EITHER(link), "link", start_link},
	{NS_ATOM, KIND_URL, 1, SCOPE_FEED, 0, FEED(image), NONE, "logo", NULL},
	{NS_ATOM, KIND_DATE, 2, BOTH, 0, EITHER(updated_ms), "modified", NULL},
	{NS_ATOM, KIND_TEXT, 0, SCOPE_PERSON, 0, NONE, NONE, "name", NULL},
	{NS_ATOM, KIND_DATE, 1, BOTH, 0, EITHER(published_ms), "published", NULL},
	{NS_ATOM, KIND_HTML, 1, BOTH, 0, EITHER(copyright), "rights", NULL},
	{NS_ATOM, KIND_OPEN, 0, SCOPE_ITEM, SCOPE_SOURCE, NONE, NONE, "source", NULL},
	{NS_ATOM, KIND_HTML, 1, SCOPE_FEED, 0, FEED(description), NONE, "subtitle", NULL},
	{NS_ATOM, KIND_HTML, 1, SCOPE_ITEM, 0, NONE, ITEM(summary), "summary", NULL},
	{NS_ATOM, KIND_HTML, 1, SCOPE_FEED, 0, FEED(description), NONE, "tagline", NULL},
	{NS_ATOM, KIND_TEXT, 1, BOTH, 0, EITHER(title), "title", NULL},
	{NS_ATOM, KIND_DATE, 1, BOTH, 0, EITHER(updated_ms), "updated", NULL},
	{NS_ATOM, KIND_URL, 0, SCOPE_PERSON, 0, NONE, NONE, "uri", NULL},
	{NS_ATOM, KIND_URL, 0, SCOPE_PERSON, 0, NONE, NONE, "url", NULL},

	{NS_CONTENT, KIND_HTML, 0, SCOPE_ITEM, 0, NONE, ITEM(content), "encoded", NULL},

	{NS_DC, KIND_PERSON, 0, BOTH, 0, EITHER(authors), "author", NULL},
	EXTRA(NS_DC, BOTH, "contributor"),
	EXTRA(NS_DC, BOTH, "coverage"),
	{NS_DC, KIND_PERSON, 0, BOTH, 0, EITHER(authors), "creator", NULL},
	{NS_DC, KIND_DATE, 2, BOTH, 0, FEED(updated_ms), ITEM(published_ms), "date", NULL},
	{NS_DC, KIND_HTML, 2, BOTH, 0, FEED(description), ITEM(summary), "description", NULL},
	EXTRA(NS_DC, BOTH, "format"),
	{NS_DC, KIND_ID, 6, SCOPE_ITEM, 0, NONE, ITEM(id), "identifier", NULL},
	{NS_DC, KIND_TEXT, 1, BOTH, 0, EITHER(language), "language", NULL},
	EXTRA(NS_DC, BOTH, "publisher"),
	EXTRA(NS_DC, BOTH, "relation"),
	{NS_DC, KIND_HTML, 2, BOTH, 0, EITHER(copyright), "rights", NULL},
	EXTRA(NS_DC, BOTH, "source"),
	{NS_DC, KIND_CATEGORY, 0, BOTH, 0, EITHER(categories), "subject", NULL},
	{NS_DC, KIND_TEXT, 2, BOTH, 0, EITHER(title), "title", NULL},
	EXTRA(NS_DC, BOTH, "type"),

	{NS_DCTERMS, KIND_HTML, 3, BOTH, 0, FEED(description), ITEM(summary), "abstract", NULL},
	{NS_DCTERMS, KIND_DATE, 5, BOTH, 0, EITHER(published_ms), "created", NULL},
	{NS_DCTERMS, KIND_PERSON, 0, BOTH, 0, EITHER(authors), "creator", NULL},
	{NS_DCTERMS, KIND_DATE, 6, BOTH, 0, EITHER(published_ms), "issued", NULL},
	{NS_DCTERMS, KIND_DATE, 3, BOTH, 0, EITHER(updated_ms), "modified", NULL},

	EXTRA(NS_FEEDBURNER, SCOPE_ITEM, "origEnclosureLink"),
	{NS_FEEDBURNER, KIND_URL, 0, SCOPE_ITEM, 0, NONE, ITEM(link), "origLink", NULL},

	{NS_GOOGLEPLAY, KIND_PERSON, 1, BOTH, 0, EITHER(authors), "author", NULL},
	{NS_GOOGLEPLAY, KIND_CATEGORY, 0, BOTH | SCOPE_CATEGORY, SCOPE_CATEGORY, EITHER(categories),
		"category", start_category},
	{NS_GOOGLEPLAY, KIND_HTML, 4, BOTH, 0, FEED(description), ITEM(summary), "description",
		NULL},
	EXTRA(NS_GOOGLEPLAY, BOTH, "explicit"),
	{NS_GOOGLEPLAY, KIND_URL, 4, BOTH, 0, FEED(image), ITEM(thumbnail), "image", start_picture},

	{NS_ITUNES, KIND_PERSON, 1, BOTH, 0, EITHER(authors), "author", NULL},
	EXTRA(NS_ITUNES, BOTH, "block"),
	{NS_ITUNES, KIND_CATEGORY, 0, BOTH | SCOPE_CATEGORY, SCOPE_CATEGORY, EITHER(categories),
		"category", start_category},
	EXTRA(NS_ITUNES, SCOPE_FEED, "complete"),
	EXTRA(NS_ITUNES, BOTH, "duration"),
	EXTRA(NS_ITUNES, BOTH, "episode"),
	EXTRA(NS_ITUNES, BOTH, "episodeType"),
	EXTRA(NS_ITUNES, BOTH, "explicit"),
	{NS_ITUNES, KIND_URL, 3, BOTH, 0, FEED(image), ITEM(thumbnail), "image", start_picture},
	EXTRA(NS_ITUNES, BOTH, "isClosedCaptioned"),
	{NS_ITUNES, KIND_KEYWORDS, 0, BOTH, 0, EITHER(categories), "keywords", NULL},
	{NS_ITUNES, KIND_ATTRIBUTES, 4, BOTH, 0, FEED(image), ITEM(thumbnail), "link",
		start_picture},
	EXTRA(NS_ITUNES, SCOPE_FEED, "new-feed-url"),
	EXTRA(NS_ITUNES, BOTH, "order"),
	EXTRA(NS_ITUNES, BOTH, "season"),
	{NS_ITUNES, KIND_HTML, 5, BOTH, 0, FEED(description), ITEM(summary), "subtitle", NULL},
	{NS_ITUNES, KIND_HTML, 3, BOTH, 0, FEED(description), ITEM(summary), "summary", NULL},
	{NS_ITUNES, KIND_TEXT, 4, BOTH, 0, EITHER(title), "title", NULL},
	EXTRA(NS_ITUNES, SCOPE_FEED, "type"),

	{NS_MEDIA, KIND_CATEGORY, 0, MEDIA_PLACES, 0, EITHER(categories), "category",
		start_category},
	{NS_MEDIA, KIND_OPEN, 5, MEDIA_PLACES, SCOPE_MEDIA, FEED(image), ITEM(thumbnail), "content",
		start_media},
	{NS_MEDIA, KIND_HTML, 3, MEDIA_PLACES, 0, EITHER(copyright), "copyright", NULL},
	EXTRAS(NS_MEDIA, MEDIA_PLACES, "credit"),
	{NS_MEDIA, KIND_HTML, 4, SCOPE_ITEM | SCOPE_MEDIA, 0, NONE, ITEM(summary), "description",
		NULL},
	{NS_MEDIA, KIND_OPEN, 0, BOTH, SCOPE_MEDIA, NONE, NONE, "group", NULL},
	{NS_MEDIA, KIND_KEYWORDS, 0, MEDIA_PLACES, 0, EITHER(categories), "keywords", NULL},
	EXTRAS(NS_MEDIA, MEDIA_PLACES, "license"),
	EXTRAS(NS_MEDIA, MEDIA_PLACES, "player"),
	EXTRAS(NS_MEDIA, MEDIA_PLACES, "rating"),
	{NS_MEDIA, KIND_URL, 1, MEDIA_PLACES, 0, FEED(image), ITEM(thumbnail), "thumbnail",
		start_picture},
	{NS_MEDIA, KIND_TEXT, 3, SCOPE_ITEM | SCOPE_MEDIA, 0, NONE, ITEM(title), "title", NULL},

	EXTRAS(NS_PODCAST, BOTH, "alternateEnclosure"),
	EXTRAS(NS_PODCAST, BOTH, "block"),
	EXTRAS(NS_PODCAST, BOTH, "chapters"),
	EXTRAS(NS_PODCAST, BOTH, "episode"),
	EXTRAS(NS_PODCAST, BOTH, "funding"),
	EXTRAS(NS_PODCAST, BOTH, "guid"),
	EXTRAS(NS_PODCAST, BOTH, "image"),
	EXTRAS(NS_PODCAST, BOTH, "images"),
	EXTRAS(NS_PODCAST, BOTH, "license"),
	EXTRAS(NS_PODCAST, BOTH, "location"),
	EXTRAS(NS_PODCAST, BOTH, "locked"),
	EXTRAS(NS_PODCAST, BOTH, "medium"),
	EXTRAS(NS_PODCAST, BOTH, "person"),
	EXTRAS(NS_PODCAST, BOTH, "season"),
	EXTRAS(NS_PODCAST, BOTH, "socialInteract"),
	EXTRAS(NS_PODCAST, BOTH, "soundbite"),
	EXTRAS(NS_PODCAST, BOTH, "trailer"),
	EXTRAS(NS_PODCAST, BOTH, "transcript"),
	EXTRAS(NS_PODCAST, BOTH, "txt"),
	EXTRAS(NS_PODCAST, BOTH, "updateFrequency"),

	EXTRA(NS_SLASH, SCOPE_ITEM, "comments"),
	EXTRA(NS_SLASH, SCOPE_ITEM, "department"),
	EXTRA(NS_SLASH, SCOPE_ITEM, "hit_parade"),
	EXTRA(NS_SLASH, SCOPE_ITEM, "section"),

	EXTRAS(NS_SOURCE, BOTH, "account"),
	EXTRAS(NS_SOURCE, BOTH, "archive"),
	EXTRAS(NS_SOURCE, BOTH, "blogroll"),
	EXTRAS(NS_SOURCE, BOTH, "inReplyTo"),
	EXTRAS(NS_SOURCE, BOTH, "likes"),
	EXTRAS(NS_SOURCE, BOTH, "linkFull"),
	EXTRAS(NS_SOURCE, BOTH, "localTime"),
	EXTRAS(NS_SOURCE, BOTH, "self"),

	{NS_SY, KIND_DATE, 0, SCOPE_FEED, 0, FEED(update_base_ms), NONE, "updateBase", NULL},
	{NS_SY, KIND_NUMBER, 0, SCOPE_FEED, 0, FEED(update_frequency), NONE, "updateFrequency",
		NULL},
	{NS_SY, KIND_PERIOD, 0, SCOPE_FEED, 0, FEED(update_interval_min), NONE, "updatePeriod",
		NULL},

	EXTRAS(NS_THR, SCOPE_ITEM, "in-reply-to"),
	EXTRA(NS_THR, SCOPE_ITEM, "total"),

	EXTRA(NS_WFW, SCOPE_ITEM, "comment"),
	EXTRA(NS_WFW, SCOPE_ITEM, "commentRss"),

	{NS_XHTML, KIND_HTML, 3, SCOPE_ITEM, 0, NONE, ITEM(content), "body", NULL},
	{NS_XHTML, KIND_HTML, 4, SCOPE_ITEM, 0, NONE, ITEM(content), "div", NULL},
};

/* URIs in the form of normal_uri(). */
static const struct {
	const char *uri;
	uint8_t ns;
} uris[] = {{"backend.userland.com/rss", NS_RSS}, {"backend.userland.com/rss2", NS_RSS},
	{"backend.userland.com/rss2.1", NS_RSS}, {"blogs.law.harvard.edu/tech/rss", NS_RSS},
	{"channel.netscape.com/rdf/simple/0.9", NS_RSS}, {"cyber.law.harvard.edu/rss", NS_RSS},
	{"my.netscape.com/rdf/simple/0.9", NS_RSS},
	{"my.netscape.com/publish/formats/rss-0.91.dtd", NS_RSS},
	{"my.netscape.com/publish/formats/rss-0.9.dtd", NS_RSS}, {"purl.org/net/rss1.1", NS_RSS},
	{"purl.org/rss/1.0", NS_RSS}, {"purl.org/rss/2.0", NS_RSS}, {"purl.org/atom/ns", NS_ATOM},
	{"purl.org/echo", NS_ATOM}, {"purl.org/pie", NS_ATOM}, {"w3.org/2005/atom", NS_ATOM},
	{"purl.org/rss/1.0/modules/content", NS_CONTENT}, {"purl.org/dc/elements/1.0", NS_DC},
	{"purl.org/dc/elements/1.1", NS_DC}, {"purl.org/dc/terms", NS_DCTERMS},
	{"rssnamespace.org/feedburner/ext/1.0", NS_FEEDBURNER},
	{"google.com/schemas/play-podcasts/1.0", NS_GOOGLEPLAY},
	{"google.com/schemas/play-podcasts/1.0/play-podcasts.xsd", NS_GOOGLEPLAY},
	{"itunes.com/dtds/podcast-1.0.dtd", NS_ITUNES}, {"itunes.com/dtds/podcast-1.0", NS_ITUNES},
	{"search.yahoo.com/mrss", NS_MEDIA}, {"rssboard.org/media-rss", NS_MEDIA},
	{"video.search.yahoo.com/mrss", NS_MEDIA},
	{"github.com/podcastindex-org/podcast-namespace/blob/main/docs/1.0.md", NS_PODCAST},
	{"podcastindex.org/namespace/1.0", NS_PODCAST}, {"w3.org/1999/02/22-rdf-syntax-ns", NS_RDF},
	{"purl.org/rss/1.0/modules/slash", NS_SLASH}, {"source.scripting.com", NS_SOURCE},
	{"purl.org/rss/1.0/modules/syndication", NS_SY},
	{"purl.org/syndication/thread/1.0", NS_THR}, {"wellformedweb.org/commentapi", NS_WFW},
	{"w3.org/1999/xhtml", NS_XHTML}, {"w3.org/xml/1998/namespace", NS_XML}};

static const struct {
	const char *prefix;
	uint8_t ns;
} prefixes[] = {{"atom", NS_ATOM}, {"atom10", NS_ATOM}, {"content", NS_CONTENT}, {"dc", NS_DC},
	{"dcterms", NS_DCTERMS}, {"feedburner", NS_FEEDBURNER}, {"googleplay", NS_GOOGLEPLAY},
	{"itunes", NS_ITUNES}, {"media", NS_MEDIA}, {"podcast", NS_PODCAST}, {"rdf", NS_RDF},
	{"rss", NS_RSS}, {"slash", NS_SLASH}, {"source", NS_SOURCE}, {"sy", NS_SY}, {"thr", NS_THR},
	{"wfw", NS_WFW}, {"xhtml", NS_XHTML}};

static int compare(enum namespace_id ns, const char *name, const struct element *e)
{
	return ns != e->ns ? (int)ns - (int)e->ns : strcasecmp(name, e->name);
}

const struct element *elements_find(enum namespace_id ns, const char *name)
{
	size_t low = 0, high = sizeof(table) / sizeof(table[0]);

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (compare(ns, name, &table[middle]) > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < sizeof(table) / sizeof(table[0]) && compare(ns, name, &table[low]) == 0
		       ? &table[low]
		       : NULL;
}

const struct element *elements_in(const struct element *first, enum scope parent)
{
	const struct element *end = table + sizeof(table) / sizeof(table[0]);

	for (const struct element *e = first; e != NULL && e < end; e++) {
		if (e != first && compare(first->ns, first->name, e) != 0)
			return NULL;
		if ((e->parents & (unsigned)parent) != 0)
			return e;
	}
	return NULL;
}

/* Lower case, without scheme, "www.", spaces around and "/" or "#" at the end. */
static void normal_uri(const char *uri, char out[URI_MAX])
{
	const char *scheme = strstr(uri, "://");
	size_t n = 0;

	uri = scheme != NULL ? scheme + 3 : uri + strspn(uri, " \t\r\n");
	if (strncasecmp(uri, "www.", 4) == 0)
		uri += 4;
	for (; *uri != '\0' && n < URI_MAX - 1; uri++)
		out[n++] = (char)tolower((unsigned char)*uri);
	while (n > 0 && strchr(" \t\r\n/#", out[n - 1]) != NULL)
		n--;
	out[n] = '\0';
}

enum namespace_id elements_namespace(const char *uri)
{
	char normal[URI_MAX];

	normal_uri(uri, normal);
	for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++)
		if (strcmp(uris[i].uri, normal) == 0)
			return uris[i].ns;
	return NS_OTHER;
}

enum namespace_id elements_prefix(const char *prefix)
{
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (strcasecmp(prefixes[i].prefix, prefix) == 0)
			return prefixes[i].ns;
	return NS_OTHER;
}

const char *elements_prefix_of(enum namespace_id ns)
{
	for (size_t i = 0; ns != NS_RSS && i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (prefixes[i].ns == ns)
			return prefixes[i].prefix;
	return "";
}
