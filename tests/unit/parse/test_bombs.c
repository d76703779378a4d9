/* Documents, lists and texts made to hurt: each costs under 200 ms and 64 MB above its size (C7,
 * C12).
 */
#include <libxml/parser.h>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "unit/parse/pieces.h"

/* A sanitizer multiplies time and memory, and so does a compiler that does not optimise: the times
 * are then only a guard against what is not linear, and memory is not measured. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(FUZZING) ||           \
	!defined(__OPTIMIZE__)
enum { CPU_MS = 6000, MEASURE_MEMORY = 0 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
enum { CPU_MS = 6000, MEASURE_MEMORY = 0 };
#else
enum { CPU_MS = 200, MEASURE_MEMORY = 1 };
#endif
#else
enum { CPU_MS = 200, MEASURE_MEMORY = 1 };
#endif

static int64_t cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The output has its bound, too: twice the input and 1 KiB. */
static int run_html(const struct buf *text)
{
	struct arena scratch;
	struct buf out;
	int rc;

	arena_init(&scratch, 16 * MB);
	buf_init(&out, 16 * MB);
	html_clean(text->data, text->len, "https://e.example/", &scratch, &out);
	rc = out.len <= 2 * text->len + 1024 ? buf_status(&out) : ERR_NOMEM;
	arena_finish(&scratch);
	buf_finish(&out);
	return rc;
}

static int run_html_text(const struct buf *text)
{
	struct buf out;
	int rc;

	buf_init(&out, 16 * MB);
	html_text(text->data, text->len, &out);
	rc = buf_status(&out);
	buf_finish(&out);
	return rc;
}

typedef int run_fn(const struct buf *text);

/* What libxml2 alone takes for 4 MB of small elements. The limits are those of a machine that needs
 * YARDSTICK_MS for it; a slower one, or one whose neighbours are busy, gets more in proportion, but
 * no more than SLOWEST times. */
enum { YARDSTICK_MS = 27, SLOWEST = 5 };

static int64_t yardstick_ms(void)
{
	xmlSAXHandler nothing = {.initialized = XML_SAX2_MAGIC};
	struct buf text;
	int64_t start;

	make(&text, "<a>", "<b>c</b>", 512 * 1024, "</a>");
	start = cpu_ms();
	assert_int_equal(xmlSAXUserParseMemory(&nothing, NULL, text.data, (int)text.len), 0);
	start = cpu_ms() - start;
	buf_finish(&text);
	return start;
}

static int64_t allowed_ms(int64_t most_ms, int64_t yardstick)
{
	if (yardstick <= YARDSTICK_MS)
		return most_ms;
	if (yardstick >= SLOWEST * YARDSTICK_MS)
		return most_ms * SLOWEST;
	return most_ms * yardstick / YARDSTICK_MS;
}

/* The best of five, each of which must end as `expected`: the first also pays for what the
 * allocator asks of the system. The yardstick is read after a run that took too long, when the
 * machine is as that run found it. */
static int cost_of(const struct buf *text, run_fn *run, int expected, int64_t most_ms)
{
	int64_t start, took;

	for (int i = 0; i < 5; i++) {
		start = cpu_ms();
		if (run(text) != expected)
			return 100;
		took = cpu_ms() - start;
		if (took <= most_ms || took <= allowed_ms(most_ms, yardstick_ms()))
			return 0;
	}
	return 101;
}

static size_t address_space(void)
{
	unsigned long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (f != NULL) {
		if (fscanf(f, "%lu", &pages) != 1)
			pages = 0;
		fclose(f);
	}
	return (size_t)pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* In a process of its own, which may take 64 MB beyond what it has (the document itself is there
 * already). Returns the number of faults. */
static int check_cost(const char *name, struct buf *text, run_fn *run, int64_t most_ms)
{
	int status = 0;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		int64_t start = cpu_ms();
		int expected = run(text); /* with all the memory that it wants */
		rlim_t most = address_space() + (rlim_t)64 * MB;
		struct rlimit limit = {most, most};

		if (!MEASURE_MEMORY)
			_exit(cpu_ms() - start <= most_ms ? 0 : 101);
		setrlimit(RLIMIT_AS, &limit);
		_exit(cost_of(text, run, expected, most_ms));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	buf_finish(text);
	if (status == 0)
		return 0;
	if (!WIFEXITED(status))
		print_error("%s: ended by signal %d\n", name, WTERMSIG(status));
	else
		print_error("%s: took too much %s\n", name,
			WEXITSTATUS(status) == 100 ? "memory" : "time");
	return 1;
}

static int check_bomb(const char *name, struct buf *text)
{
	return check_cost(name, text, run_document, CPU_MS);
}

static const struct {
	const char *name, *head, *piece;
	size_t count;
	const char *tail;
} bombs[] = {
	{"one attribute again and again", CHANNEL "<item", " a='b'", 170000, "/></channel></rss>"},
	{"attributes without values", CHANNEL "<item", " a", 500000, "/></channel></rss>"},
	{"tags of many attributes", CHANNEL,
		"<a a='' b='' c='' d='' e='' f='' g='' h='' i='' j='' k='' l='' m='' "
		"n=''/>",
		120000, ""},
	{"depth of 300", CHANNEL "<item><description>", "<b>", 300, "x"},
	{"depth without end", CHANNEL, "<a>", 5600000, ""},
	{"depth in an item", CHANNEL "<item><description>", "<b>", 5600000,
		"</description></item>"},
	{"depth and back", CHANNEL, "<a><b></a>", 700000, ""},
	{"end tags of nothing", CHANNEL, "</a>", 4000000, ""},
	{"end tags of nothing, deep",
		CHANNEL "<a><a><a><a><a><a><a><a><a><a><a><a><b><b><b><b><b><b><b><b>", "</ab>",
		3000000, ""},
	{"text of 11 MB", CHANNEL "<item><description>", "eleven byte", MB,
		"</description></item></channel></rss>"},
	{"cdata of 11 MB", CHANNEL "<item><description><![CDATA[", "eleven byte", MB,
		"]]></description></item></channel></rss>"},
	{"attribute of 11 MB", CHANNEL "<item><enclosure url='", "eleven byte", MB,
		"'/></item></channel></rss>"},
	{"comment of 11 MB", CHANNEL "<!--", "eleven byte", MB, "--></channel></rss>"},
	{"title of 11 MB", CHANNEL "<title>", "&lt;b&gt;ab", MB, "</title></channel></rss>"},
	{"bare less-than", CHANNEL "<title>", "<", 2 * MB, ""},
	{"bare ampersands", CHANNEL "<title>", "&", 2 * MB, ""},
	{"half references", CHANNEL "<title>", "&#", 2 * MB, ""},
	{"names without end", CHANNEL "<title>", "&aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		300000, ""},
	{"unclosed quotes", CHANNEL, "<a b='<a b=\"", 700000, ""},
	{"unclosed values", CHANNEL, "<a b=' ", 1200000, ""},
	{"unclosed comments", CHANNEL, "<!-- ", 3200000, ""},
	{"unclosed sections", CHANNEL, "<![CDATA[ ", 1600000, ""},
	{"unclosed instructions", CHANNEL, "<? ", 5000000, ""},
	{"unclosed doctype", "<!DOCTYPE rss [", "<!-- ", 3200000, "]>" CHANNEL},
	{"doctype of quotes", "<!DOCTYPE rss [", "\"'", 8 * MB, "]>" CHANNEL},
	{"ends of sections", CHANNEL "<title>", "]]>", 2 * MB, ""},
	{"brackets", CHANNEL "<title>", "]", 16 * MB, ""},
	{"no root", "", "<a ", 5 * MB, ""},
	{"namespaces", CHANNEL, "<a xmlns:b='c'>", 50000, ""},
	{"items without end", CHANNEL, "<item>", 600000, ""},
	{"empty items", CHANNEL, "<item/>", 2300000, ""},
	{"categories", CHANNEL "<item>", "<category>ab</category>", 700000, ""},
	{"keywords", CHANNEL "<item><tags>", "a,", 8 * MB, "</tags></item>"},
	{"enclosures", CHANNEL "<item>", "<enclosure url='x:y'/>", 700000, ""},
	{"authors", CHANNEL "<item>", "<author>ab</author>", 400000, ""},
	{"nested media", CHANNEL "<item xmlns:m='http://search.yahoo.com/mrss/'>", "<m:content>",
		1400000, ""},
	{"base64", "<feed xmlns='http://www.w3.org/2005/Atom'><entry><content type='a/b'>", "QUJD",
		4 * MB, "</content></entry></feed>"},
	{"controls", CHANNEL "<title>", "\x01", 16 * MB, ""},
	{"bytes that are nothing",
		"<?xml version='1.0' encoding='utf-8'?>" CHANNEL "<title>\xC3\xA9", "\xFF", 4 * MB,
		""},
	{"page of feeds", "<html>", "<link rel=alternate type=application/rss+xml href=/x>", 300000,
		""},
	{"page of different rels", "<html>", "<link rel='a b c d e f g h i j k' href=x>", 400000,
		""},
	{"page of one tag", "<html><link", " rel=alternate", MB, ">"},
	{"page of scripts", "<html>", "<script><!--</script", 800000, ""},
	{"json depth", "", "[", 16 * MB, ""},
	{"json depth in an object", "", "{\"a\":", 3 * MB, ""},
	{"json values", "{\"items\":[", "1,", 8 * MB, "1]}"},
	{"json escapes", "{\"items\":[{\"content_html\":\"", "\\u0041", MB, "\"}]}"},
	{"json line ends", "{\"items\":[{\"content_html\":\"", "\n", 3 * MB, "\"}]}"},
};

static void test_bombs(void **state)
{
	int faults = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(bombs) / sizeof(bombs[0]); i++) {
		struct buf text;

		make(&text, bombs[i].head, bombs[i].piece, bombs[i].count, bombs[i].tail);
		faults += check_bomb(bombs[i].name, &text);
	}
	assert_int_equal(faults, 0);
}

#define LIST "<opml><body>"

static const struct {
	const char *name, *head, *piece;
	size_t count;
	const char *tail;
} lists[] = {
	{"list of one attribute", LIST "<outline", " xmlUrl='http://e.example/'", 600000, "/>"},
	{"list of folders", LIST, "<outline text='folder'>", 700000, ""},
	{"list of folders' ends", LIST, "</outline>", 1600000, ""},
	{"list of unclosed quotes", LIST, "<outline text='<outline text=\"", 500000, ""},
	{"list of entities", LIST "<outline xmlUrl='u' text='", "&amp;amp;", 1800000, "'/>"},
	{"list of comments", LIST, "<!-- ", 3200000, ""},
	{"list of words", "", "a.example ", 1600000, ""},
	{"list of quotes", "", "\"\\\"", 5 * MB, ""},
	{"list of lines", "", "\n", 16 * MB, ""},
};

static void test_lists_of_feeds(void **state)
{
	int faults = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		struct buf text;

		make(&text, lists[i].head, lists[i].piece, lists[i].count, lists[i].tail);
		faults += check_cost(lists[i].name, &text, run_list, CPU_MS);
	}
	assert_int_equal(faults, 0);
}

/* 1 MB each of what has made builders of HTML trees quadratic: half of what a document may take. */
static void test_html(void **state)
{
	static const struct {
		const char *name, *piece, *tail;
	} texts[] = {
		{"nested div", "<div>", "x"},
		{"nested b", "<b>", "x"},
		{"nested font and p", "<font><p>", "x"},
		{"nested a", "<a href=x>", "x"},
		{"misnested", "<b><i><p></b>", ""},
		{"adoption agency", "<a><b><div>", "</a></b>"},
		{"ends of b in p", "<p><b>", "</b></b></b>"},
		{"nested table", "<table><tr><td>", "x"},
		{"text in table", "<table>x", ""},
		{"nested li", "<ul><li>", "x"},
		{"li without ul", "<li>", "x"},
		{"nested dl", "<dl><dd><dt>", ""},
		{"nested button", "<button><p>", ""},
		{"nested select", "<select><option>", ""},
		{"nested svg", "<svg><desc>", "x"},
		{"nested template", "<template>", "x"},
		{"svg and breakout", "<svg><p>", ""},
		{"nested ruby", "<ruby><rt>", ""},
		{"end tags", "</p>", ""},
		{"end tags of nothing", "</x></br>", ""},
		{"comments", "<!--", ""},
		{"comment ends", "<!-->--!>", ""},
		{"declarations", "<!x", ""},
		{"less-than", "<", ""},
		{"open tags", "<a ", ""},
		{"attributes", "<a b=c d=\"e\" f='g'", ">"},
		{"unclosed quotes", "<a b='<a b=\"", ""},
		{"srcset", "<img srcset='a 1x, b 2x'>", ""},
		{"references", "&amp", ""},
		{"no references", "&", ""},
		{"numbers", "&#x", ""},
		{"scripts", "<script></scrip", ""},
		{"titles", "<title>", ""},
		{"plaintext", "<plaintext>", ""},
		{"pre", "<pre>\n", ""},
		{"br", "<br>", ""},
	};
	int faults = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct buf text;

		make(&text, "", texts[i].piece, MB / strlen(texts[i].piece), texts[i].tail);
		faults += check_cost(texts[i].name, &text, run_html, CPU_MS / 2);
		make(&text, "", texts[i].piece, MB / strlen(texts[i].piece), texts[i].tail);
		faults += check_cost(texts[i].name, &text, run_html_text, CPU_MS / 2);
	}
	assert_int_equal(faults, 0);
}

/* Different names, which one look at each pair would make quadratic. */
static void test_many_names(void **state)
{
	struct buf text;
	int faults = 0;

	(void)state;
	make(&text, CHANNEL "<item", "", 0, "");
	for (unsigned i = 0; i < 100000; i++)
		buf_printf(&text, " a%u=''", i);
	buf_puts(&text, "/>");
	faults += check_bomb("100,000 attributes", &text);
	make(&text, CHANNEL "<item", "", 0, "");
	for (unsigned i = 0; i < 50000; i++)
		buf_printf(&text, " xmlns:a%u='b'", i);
	buf_puts(&text, "/>");
	faults += check_bomb("50,000 namespaces", &text);
	make(&text, CHANNEL, "", 0, "");
	for (unsigned i = 0; i < 20000; i++)
		buf_printf(&text, "<a%u xmlns:a%u='b%u'>", i, i, i);
	for (unsigned i = 0; i < 300000; i++)
		buf_puts(&text, "<x:a/>");
	faults += check_bomb("namespaces in force", &text);
	assert_int_equal(faults, 0);
}

static void test_entities(void **state)
{
	struct buf text;
	struct parsed p;
	int faults = 0;

	(void)state;
	make(&text, "<!DOCTYPE rss [<!ENTITY a0 'lol'>", "", 0, "");
	for (int i = 1; i < 10; i++)
		buf_printf(&text,
			"<!ENTITY a%d '&a%d;&a%d;&a%d;&a%d;&a%d;&a%d;&a%d;&a%d;&a%d;&a%d;'>", i,
			i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
	buf_puts(&text, "]>" CHANNEL "<title>&a9;</title></channel></rss>");
	parse(&p, text.data, text.len);
	assert_int_equal(p.rc, 0);
	assert_string_equal(p.feed->title, "&a9;");
	assert_true(p.arena.used_bytes < 4096);
	arena_finish(&p.arena);
	faults += check_bomb("billion laughs", &text);

	make(&text, "<!DOCTYPE rss [<!ENTITY a '", "0123456789", 6000,
		"'>]>" CHANNEL "<item><description>");
	for (int i = 0; i < 20000; i++)
		buf_puts(&text, "&a;");
	buf_puts(&text, "</description></item></channel></rss>");
	faults += check_bomb("quadratic entity", &text);
	assert_int_equal(faults, 0);
}

int main(void)
{
	/* What is freed goes back to the system at once: it would hide what is taken. */
	mallopt(M_MMAP_THRESHOLD, 65536);
	mallopt(M_TRIM_THRESHOLD, 0);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bombs),
		cmocka_unit_test(test_lists_of_feeds),
		cmocka_unit_test(test_html),
		cmocka_unit_test(test_many_names),
		cmocka_unit_test(test_entities),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
