/* libcurl's own allocations in the counter of fault.h. */
#ifndef TESTS_SUPPORT_FAULT_CURL_H
#define TESTS_SUPPORT_FAULT_CURL_H

#include <curl/curl.h>

#include "support/fault.h"

/* In place of curl_global_init(). Only libcurl 7 takes part, which Debian 12 has: 8.14 tells a want
 * of memory as a URL that is not valid or an answer that is none, and may spoil the heap in it;
 * with it only what our own objects allocate fails. `allocate` is fault_malloc() or what spares
 * some. */
static inline void fault_curl_init(void *(*allocate)(size_t size))
{
	if (curl_version_info(CURLVERSION_NOW)->version_num < 0x080000)
		curl_global_init_mem(CURL_GLOBAL_DEFAULT, allocate, fault_free, fault_realloc,
			fault_strdup, fault_calloc);
	else
		curl_global_init(CURL_GLOBAL_DEFAULT);
}

#endif
