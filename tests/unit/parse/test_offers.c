/* The feeds that a page names in its header, and where it sends its readers. */
#include "pieces.h"

#include "support/fault_each.h"

#define RSS " ;rel=alternate;type=application/rss+xml"

struct row {
	const char *link, *html;
	const char *want; /* "URL TITLE TYPE|...>WHERE TO" */
};

static const struct row rows[] = {
	{"</a>" RSS, "", "https://e.example/a - application/rss+xml|>-"},
	{"<a>; Rel = \"home ALTERNATE\" ; TYPE=\"Application/Atom+XML; charset=x\"; title=\"A, "
	 "\\\"b\\\"; <c>\"",
		"", "https://e.example/a A, \"b\"; <c> application/atom+xml|>-"},
	{"</x>; rel=next, </y>; rel=alternate; type=text/html , ,</a>" RSS, "",
		"https://e.example/a - application/rss+xml|>-"},
	{"</a>" RSS "; rel=next; anchor; title", "",
		"https://e.example/a - application/rss+xml|>-"},
	{"</a>" RSS, "<base href='/b/'><link rel=alternate type=application/rss+xml href=c>",
		"https://e.example/a - application/rss+xml|"
		"https://e.example/b/c - application/rss+xml|>-"},
	{"</a>" RSS, "<link rel=alternate type=application/rss+xml title=T href=/a>",
		"https://e.example/a - application/rss+xml|>-"},
	{"</a>" RSS ";title=\"\xff\xc3\xa4\"", "",
		"https://e.example/a ??? application/rss+xml|>-"},
	{"<ftp://x/>" RSS ", <>" RSS ", <" RSS ", nothing", "", ">-"},
	{"</a>; rel=\"alternate", "", ">-"},
	{"</a>; rel=\"alternate\\", "", ">-"},
	{"</a>" RSS "; title=\"open\\\"", "", "https://e.example/a open\" application/rss+xml|>-"},
	{"<", "", ">-"},
	{"</a", "", ">-"},
	{"</a>;;;=;rel", "", ">-"},
	{NULL, "<meta http-equiv=refresh content=\"0; url='b c'x\">", ">https://e.example/b%20c"},
	{NULL, "<base href='/d/'><META HTTP-EQUIV=Refresh CONTENT=' 1.5 , URL = b#e '>",
		">https://e.example/d/b"},
	{NULL, "<meta http-equiv=refresh content='3 http://x.example/?a#b'>",
		">http://x.example/?a"},
	{NULL, "<meta http-equiv=refresh content='3; urls'>", ">https://e.example/urls"},
	{NULL,
		"<meta http-equiv=refresh content='30'><meta name=refresh content='0;url=x'>"
		"<meta http-equiv=refresh>",
		">-"},
	{NULL, "<meta http-equiv=refresh content='url=x'>", ">-"},
	{NULL, "<meta http-equiv=refresh content='0;url=\"'>", ">-"},
	{NULL, "<meta http-equiv=refresh content='0;url=javascript:x'>", ">-"},
	{NULL,
		"<meta http-equiv=refresh content='0;url=a'><meta http-equiv=refresh "
		"content='0;url=b'>",
		">https://e.example/a"},
};

static int read_row(const struct row *row, struct buf *out)
{
	struct parse_options options = {
		.base_url = "https://e.example/", .content_type = "text/html", .link = row->link};
	struct feed_content *feed = NULL;
	struct arena arena;
	struct err e = {0};
	char page[600];
	int rc;

	snprintf(page, sizeof(page), "<html>%s", row->html);
	arena_init(&arena, MB);
	rc = parse_document(page, strlen(page), &options, &arena, &feed, &e);
	for (const struct offer *o = feed ? feed->offers : NULL; o; o = o->next)
		buf_printf(out, "%s %s %s|", o->url, o->title ? o->title : "-", o->type);
	if (feed)
		buf_printf(out, ">%s", feed->leads_to ? feed->leads_to : "-");
	arena_finish(&arena);
	return rc;
}

static void test_rows(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, MB);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		buf_reset(&out);
		assert_int_equal(read_row(&rows[i], &out), ERR_NOT_FEED);
		if (strcmp(buf_string(&out), rows[i].want) != 0)
			fail_msg("row %zu: %s\nnot: %s", i, buf_string(&out), rows[i].want);
	}
	buf_finish(&out);
}

/* However many the header names, they are as many as of a page; the first ones. */
static void test_many(void **state)
{
	struct row row = {.html = ""};
	struct buf link, out;
	int count = 0;

	(void)state;
	buf_init(&link, MB);
	buf_init(&out, MB);
	for (int i = 0; i < 2 * PARSE_OFFERS_MAX; i++)
		buf_printf(&link, "<%d>" RSS ", ", i);
	row.link = buf_string(&link);
	assert_int_equal(read_row(&row, &out), ERR_NOT_FEED);
	for (const char *at = buf_string(&out); *at; at++)
		count += *at == '|';
	assert_int_equal(count, PARSE_OFFERS_MAX);
	assert_null(strstr(buf_string(&out), "/32 "));
	buf_finish(&link);
	buf_finish(&out);
}

static int all_or_none(void *ctx)
{
	const struct row *row = ctx;
	char room[600];
	struct buf out = {.data = room, .cap = sizeof(room), .max = sizeof(room) - 1};
	int rc = read_row(row, &out);

	if (rc == ERR_NOT_FEED)
		assert_string_equal(room, row->want);
	return rc == ERR_NOT_FEED ? 0 : rc;
}

static void test_no_memory(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		fault_each(all_or_none, NULL, (void *)&rows[i], NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
