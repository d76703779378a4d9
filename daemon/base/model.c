/* The names of the nouns' values. */
#include "base/model.h"

const char *feed_format_name(enum feed_format format)
{
	static const char *const names[] = {
		[FORMAT_UNKNOWN] = "unknown",
		[FORMAT_RSS20] = "rss20",
		[FORMAT_RSS094] = "rss094",
		[FORMAT_RSS093] = "rss093",
		[FORMAT_RSS092] = "rss092",
		[FORMAT_RSS091] = "rss091",
		[FORMAT_RSS090] = "rss090",
		[FORMAT_RSS10] = "rss10",
		[FORMAT_ATOM10] = "atom10",
		[FORMAT_ATOM03] = "atom03",
		[FORMAT_JSON11] = "json11",
		[FORMAT_JSON10] = "json10",
		[FORMAT_CDF] = "cdf",
	};

	if ((size_t)format >= sizeof(names) / sizeof(names[0]))
		return names[FORMAT_UNKNOWN];
	return names[format];
}

const char *edit_name(enum edit edit)
{
	static const char *const names[] = {
		[EDIT_TEXT] = "text", [EDIT_MARKUP] = "markup", [EDIT_DATE] = "date"};

	return (size_t)edit < EDIT_NONE ? names[edit] : NULL;
}
