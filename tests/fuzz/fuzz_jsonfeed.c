/* JSON Feed: any bytes that are said to be JSON give an answer in valid JSON with clean texts. */
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct parse_options options = {
		.base_url = "http://example.com/dir/feed", .content_type = "application/feed+json"};

	printed_check(data, size, &options);
	options.raw = true;
	printed_check(data, size, &options);
	return 0;
}
