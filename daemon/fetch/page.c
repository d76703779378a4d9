/* What a fetch needs to know of a URL. */
#include "fetch/page.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "limits.h"

static bool is_file(const struct url_parts *url)
{
	return strcmp(url->scheme, "file") == 0;
}

void page_group(const struct url_parts *url, char *out, size_t size)
{
	bool v6 = strchr(url->host, ':') != NULL;

	if (is_file(url))
		snprintf(out, size, "file");
	else
		snprintf(
			out, size, "%s%s%s:%u", v6 ? "[" : "", url->host, v6 ? "]" : "", url->port);
}

static void put_encoded(struct buf *out, const char *text)
{
	for (const char *p = text; *p; p++) {
		if (*p > ' ' && *p < 0x7f && !strchr("\"<>", *p))
			buf_putc(out, *p);
		else
			buf_printf(out, "%%%02X", (unsigned int)(unsigned char)*p);
	}
}

char *page_url(const struct url_parts *url, struct arena *a)
{
	uint16_t usual_port = strcmp(url->scheme, "https") == 0 ? 443 : 80;
	char group[PAGE_GROUP_BYTES];
	struct buf out;
	char *text;

	page_group(url, group, sizeof group);
	if (url->port == usual_port)
		*strrchr(group, ':') = '\0';
	buf_init(&out, (size_t)4 * FETCH_URL_MAX);
	buf_printf(&out, "%s://%s", url->scheme, is_file(url) ? "" : group);
	put_encoded(&out, url->path);
	if (url->query) {
		buf_putc(&out, '?');
		put_encoded(&out, url->query);
	}
	text = buf_status(&out) ? NULL : arena_strndup(a, out.data, out.len);
	buf_finish(&out);
	return text;
}

bool page_is_local(const char *host)
{
	size_t len = strlen(host);

	if (len && host[len - 1] == '.')
		len--;
	return len >= 9 && strncmp(host + len - 9, "localhost", 9) == 0 &&
	       (len == 9 || host[len - 10] == '.');
}
