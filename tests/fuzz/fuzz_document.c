/* Whole documents: whatever the bytes are, an answer, in valid JSON, with clean texts; and what the
 * pass in front of libxml2 makes of them is well-formed. */
#include <stdio.h>

#include "fuzz/printed.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	parse_global_init();
	return 0;
}

/* The last byte chooses how the document came; its beginning is its header of links, too. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const types[] = {NULL, "text/xml; charset=iso-8859-1",
		"application/json", "text/xml; charset=utf-16",
		"application/rss+xml; charset=gb2312"};
	char link[300];
	struct parse_options options = {.base_url = "http://example.com/dir/feed", .link = link};

	snprintf(link, sizeof(link), "%.*s", (int)size, size ? (const char *)data : "");
	if (size > 0)
		options.content_type = types[data[size - 1] % (sizeof(types) / sizeof(types[0]))];
	printed_check(data, size, &options);
	options.base_url = NULL;
	options.raw = true;
	printed_check(data, size, &options);
	return 0;
}
